# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One worker for many visitors: who is let in, and who is next."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Optional

from starlette.exceptions import HTTPException

ALIVE_SECONDS = 2.0
MOST_RESULTS = 3  # pictures that are worked on, or are done and being sent
RETRY_SECONDS = 5

Event = dict[str, Any]
Tell = Callable[[Event], None]
Work = Callable[[Tell], Any]


class Turns:
    """Lets one picture after the other be restored, in another thread.

    Args:
        most (int): Requests at a time, from their first byte to the last one
            of their answer.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.pool = ThreadPoolExecutor(1, 'restoring')
        self._taken = 0
        self._line: list[Tell] = []  # who waits or is worked for, in order
        self._results = asyncio.Semaphore(MOST_RESULTS)
        self._turn = asyncio.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Be one of those whose requests are served.

        Raises:
            HTTPException: 503 if there are as many as may be.
        """
        if self._taken >= self.most:
            raise HTTPException(
                503,
                f'Expected at most {self.most} pictures at a time, got more; '
                'try again in some seconds.',
                {'Retry-After': str(RETRY_SECONDS)},
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def follow(self, work: Work) -> AsyncIterator[Event]:
        """Wait for one's turn, and say what happens until it is done.

        Who stops to iterate leaves the line; work that has begun ends, and
        its result is dropped.

        Args:
            work (Callable): Called with a function that takes its events; what
                it returns is the `result` of the last event.

        Yields:
            dict: 'waiting' with how many are before it, what the work tells,
            'alive' where it is silent, and 'result'.
        """
        events: asyncio.Queue[Event] = asyncio.Queue()
        task = asyncio.create_task(self._take_turn(work, events.put_nowait))
        try:
            last: Optional[str] = None
            while last != 'result':
                try:
                    event = await asyncio.wait_for(events.get(), ALIVE_SECONDS)
                except asyncio.TimeoutError:
                    event = dict(event='alive')
                last = event['event']
                yield event
        finally:
            task.cancel()

    async def _take_turn(self, work: Work, tell: Tell) -> None:
        """Wait, work, and keep the result until this task is cancelled."""
        loop = asyncio.get_running_loop()

        def tell_from_thread(event: Event) -> None:
            loop.call_soon_threadsafe(tell, event)

        self._line.append(tell)
        tell(dict(event='waiting', position=len(self._line) - 1))
        try:
            await self._results.acquire()
            try:
                await self._turn.acquire()
            except asyncio.CancelledError:
                self._results.release()
                raise
        except asyncio.CancelledError:
            self._leave(tell)
            raise
        try:
            job = loop.run_in_executor(self.pool, work, tell_from_thread)
            job.add_done_callback(partial(self._end_turn, tell))
            # A thread cannot be stopped: the turn lasts until it ends.
            tell(dict(event='result', result=await asyncio.shield(job)))
            await loop.create_future()
        finally:
            self._results.release()

    def _end_turn(self, tell: Tell, job: asyncio.Future) -> None:
        self._turn.release()
        self._leave(tell)

    def _leave(self, tell: Tell) -> None:
        """Take somebody out of the line, and tell those behind."""
        place = self._line.index(tell)
        del self._line[place]
        for position, other in enumerate(self._line[place:], place):
            if position:  # the first one's turn has come
                other(dict(event='waiting', position=position))
