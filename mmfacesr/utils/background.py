# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Work in the background of other work."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], ahead: int = 1
) -> Iterator[Result]:
    """Map as `map` does, in another thread, some items ahead.

    While the caller uses a result, the next ones are made. Items are taken in
    the caller's thread, results come in their order, and an error comes in
    the place of its result. All calls are made by the same thread. Also when
    the caller stops, by Ctrl-C, say, what was begun is finished, and nothing
    else begun.

    Args:
        function (Callable): Called with each item.
        items (Iterable): Without an end too.
        ahead (int): Most results that are held besides the caller's.
            Defaults to 1.
    """
    pending: deque[Future[Result]] = deque()
    with _one_thread() as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) > ahead:
                    wait((pending[0],))
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:  # the first has begun
            for future in islice(pending, 1, None):
                future.cancel()
            for future in pending:
                if not future.cancelled():
                    future.exception()  # waits for its end


@contextmanager
def _one_thread() -> Iterator[ThreadPoolExecutor]:
    """A thread that nobody else uses meanwhile, kept for the next caller.

    OpenCV keeps a kilobyte of each thread that has ever used it.
    """
    try:
        pool = _idle.pop()
    except IndexError:
        pool = ThreadPoolExecutor(1)
    try:
        yield pool
    finally:
        _idle.append(pool)


_idle: list[ThreadPoolExecutor] = []
# A forked child has none of the threads.
os.register_at_fork(after_in_child=_idle.clear)
