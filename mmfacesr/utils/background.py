# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Work in the background of other work."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """Map as `map` does, in another thread, one item ahead.

    While the caller uses a result, the next one is made, and no more: one
    result is held besides the caller's. Items are taken in the caller's
    thread, results come in their order, and an error comes in the place of
    its result. All calls are made by the same thread. At the end, also by an
    error or Ctrl-C, what was begun is finished.

    Args:
        function (Callable): Called with each item.
        items (Iterable): Without an end too.
    """
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 1:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
