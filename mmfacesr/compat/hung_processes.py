# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A process of several that hangs: the others end with a message.

A process that dies closes its connections, which gloo notices at once. One
that was stopped, or whose machine has gone, closes none: the others wait for
it for gloo's 30 minutes or nccl's 10. Here every process says once in a while
that it lives, through the store at which the processes have met.
"""

import atexit
import os
import platform
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Optional

from mmengine.runner import Runner
from torch.distributed import TCPStore, get_rank, get_world_size

from mmfacesr.compat.seam import wrap_once

HANG_SECONDS = 20.0
"""Silence after which a process counts as hung, unless the config says."""
HUNG = 75
"""Exit status when another process hangs: try again (EX_TEMPFAIL)."""
LOOKS = 10
"""How often a process looks before it counts another as hung."""
LAST_WORD_SECONDS = 1.0
"""Time that the last message to the store may take."""
FINISHED = b'finished'


class Watch:
    """Tells the others that this process lives, and ends it if one does not.

    Silence is counted in looks of this process and not by the clock: a job
    that was stopped as a whole, or a machine that slept, goes on when all of
    it wakes. Threads do this, so that long computations and waits are no
    silence. Code that lets no other thread run is told from a hang by the
    processor time it takes, on the same machine.

    Args:
        store (TCPStore): A connection of its own: others wait in theirs.
        rank (int): Of this process.
        world_size (int): Number of processes, at least 2.
        seconds (float): Silence that counts as a hang, above 0.
    """

    def __init__(
        self, store: TCPStore, rank: int, world_size: int, seconds: float
    ) -> None:
        self.store, self.rank, self.seconds = store, rank, seconds
        self.keys = [f'mmfacesr/alive/{i}' for i in range(world_size)]
        self.said = [b''] * world_size  # the last word of each
        self.answers = 0  # of the store
        self.over, self.finished = threading.Event(), False
        # Two threads, because the store itself may never answer.
        self.threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._tell, self._look)
        ]

    def start(self) -> None:
        """Watch until the work is finished, or the process ends."""
        for thread in self.threads:
            thread.start()
        # A thread in the store while Python is taken down would abort.
        atexit.register(self.stop)

    def finish(self) -> None:
        """This process needs the others no more, nor they it."""
        self.finished = True
        self.stop()

    def stop(self) -> None:
        """Say no more, and watch no more."""
        self.over.set()
        for thread in self.threads:
            thread.join(LAST_WORD_SECONDS)

    def _tell(self) -> None:
        beat = 0
        while not self.over.wait(self.seconds / LOOKS if beat else 0):
            beat += 1
            try:
                self._say(f'{beat} {os.getpid()} {place()}')
                self.said = self.store.multi_get(self.keys)
                self.answers += 1
            except Exception:  # noqa: S112  what _look sees is enough
                continue
        if self.finished:
            # What keeps the store may have ended sooner.
            with suppress(Exception):
                self._say(FINISHED)

    def _say(self, word: str | bytes) -> None:
        self.store.set(self.keys[self.rank], word)

    def _look(self) -> None:
        before, silent = self._signs(), [0] * (len(self.said) + 1)
        while not self.over.wait(self.seconds / LOOKS):
            signs = self._signs()
            if signs[-1] == before[-1]:  # nothing is known of the others
                silent[-1] += 1
            else:
                silent = [
                    0 if sign != old or FINISHED in sign else looks + 1
                    for sign, old, looks in zip(signs, before, silent)
                ]
            before = signs
            hung = [i for i, looks in enumerate(silent) if looks >= LOOKS]
            if hung and not self.over.is_set():
                self._end(hung)

    def _signs(self) -> list[tuple]:
        """What changes as long as each process, and the store, live."""
        signs = [(word, processor_time(word)) for word in self.said]
        return [*signs, (self.answers,)]

    def _end(self, hung: Sequence[int]) -> None:
        """End this process; the first that does not hang says why.

        Without the store nobody knows who that is: then it is one of each
        machine, and process 1, because process 0 may keep the store.
        """
        world_size = len(self.said)
        if world_size in hung:
            speaks = self.rank == 1 or os.environ.get('LOCAL_RANK') == '0'
        else:
            speaks = self.rank == min({*range(world_size)} - {*hung})
        if speaks:
            sys.stderr.write(f'\n{explain(hung, self.said, self.seconds)}\n')
            sys.stderr.flush()
        os._exit(HUNG)  # the main thread waits where no exception reaches it


def place() -> str:
    """Name of this machine, and of the space in which it counts processes."""
    try:
        return f'{platform.node()} {os.readlink("/proc/self/ns/pid")}'
    except OSError:
        return f'{platform.node()} '


def processor_time(word: bytes) -> Optional[list[str]]:
    """Processor time of a process that runs here; None if unknown.

    Args:
        word (bytes): Its last one.
    """
    _, _, whereabouts = word.decode().partition(' ')
    pid, _, where = whereabouts.partition(' ')
    if where != place():
        return None
    try:
        with open(f'/proc/{pid}/stat') as file:
            # Behind the name of the program, which may hold anything.
            return file.read().rpartition(')')[2].split()[11:13]
    except OSError:
        return None


def explain(hung: Sequence[int], said: Sequence[bytes], seconds: float) -> str:
    """Say which processes hang, what was seen, and what to do."""
    names = []
    for i in hung:
        if i == len(said):
            names.append('0, or the launcher at which all meet,')
        else:
            _, pid, where, *_ = said[i].decode().split(' ')
            names.append(f'{i} (pid {pid} on {where})')
    return (
        f'Error: of {len(said)} processes, process {" and ".join(names)} has '
        f'given no sign of life for {seconds:g} seconds: it was stopped or '
        'killed, or its machine hangs or cannot be reached. The others end, '
        f'with the status {HUNG}. Look for the reason there, end what is '
        'left of it, and start the same command again, a training with '
        '--resume. env_cfg.dist_cfg.hang_timeout sets the seconds; 0 waits '
        'as long as the backend does.'
    )


def watch_processes(seconds: float) -> None:
    """Let this process end when another one hangs.

    Args:
        seconds (float): Silence that counts as a hang; 0 for never.

    Raises:
        ValueError: If seconds is negative.
    """
    if seconds < 0:
        raise ValueError(
            'Expected hang_timeout of env_cfg.dist_cfg to be 0 (off) or '
            f'seconds above 0, got {seconds}.'
        )
    if not seconds or get_world_size() == 1:
        return
    store = TCPStore(
        os.environ['MASTER_ADDR'],
        int(os.environ['MASTER_PORT']),
        is_master=False,
        wait_for_workers=False,
        timeout=timedelta(seconds=seconds),
    )
    watch = Watch(store, get_rank(), get_world_size(), seconds)
    watch.start()
    for name in ('train', 'test'):
        wrap_once(Runner, name, lambda run: _finishing(watch, run))


def _finishing(watch: Watch, run: Callable) -> Callable:

    def run_and_finish(self: Runner) -> Any:
        result = run(self)
        watch.finish()
        return result

    return run_and_finish
