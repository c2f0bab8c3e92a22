# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Signals that end a program, as exceptions with an exit status."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, Optional

TERMINATION = (signal.SIGTERM, signal.SIGHUP)
"""What schedulers and closed terminals send; Python raises nothing for it."""
INTERRUPTED, TERMINATED = 130, 143
"""Exit status after Ctrl-C, and after a signal of a scheduler or terminal."""


class Stopped(KeyboardInterrupt):
    """A signal has ended the program.

    Args:
        signum (int): The signal.
        text (str): What was kept and how to go on, for a person. Defaults to
            ''.
    """

    def __init__(self, signum: int, text: str = '') -> None:
        super().__init__(text)
        self.signum = signum


def raise_stopped(signum: int, frame: Optional[FrameType] = None) -> NoReturn:
    """Handle a signal as Python handles Ctrl-C.

    Raises:
        Stopped: Always.
    """
    raise Stopped(signum)


@contextmanager
def handling(
    handler: Callable[[int, Optional[FrameType]], object] = raise_stopped,
    signals: Sequence[int] = TERMINATION,
) -> Iterator[None]:
    """Handle signals within the body, in this process only.

    A signal that is ignored, as nohup does with SIGHUP, stays ignored.
    Forked processes end by SIGTERM, as their parent wants them to, and leave
    the other signals to it.

    Args:
        handler (Callable): Takes the signal and the frame. Defaults to what
            raises `Stopped`.
        signals (Sequence[int]): Defaults to SIGTERM and SIGHUP.
    """
    owner, before = os.getpid(), {}

    def handle(signum: int, frame: Optional[FrameType]) -> None:
        if os.getpid() == owner:
            handler(signum, frame)
        elif signum == signal.SIGTERM:
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)

    try:
        if threading.current_thread() is threading.main_thread():
            for signum in signals:
                if signal.getsignal(signum) not in (signal.SIG_IGN, None):
                    before[signum] = signal.signal(signum, handle)
        yield
    finally:
        for signum, former in before.items():
            signal.signal(signum, former)


def interruption_behind(
    error: Optional[BaseException],
) -> Optional[KeyboardInterrupt]:
    """Find the interruption that an error was raised over, or is itself.

    What catches everything may turn an interruption into an error of its
    own, as mmengine does while it formats a config.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error


def ending_of(stop: KeyboardInterrupt) -> str:
    """Say what has ended the program, without a full stop."""
    signum = getattr(stop, 'signum', signal.SIGINT)
    if signum == signal.SIGINT:
        return 'Interrupted'
    return f'Ended by {signal.Signals(signum).name}'


def status_of(stop: KeyboardInterrupt) -> int:
    """Exit status of a program that the signal has ended."""
    signum = getattr(stop, 'signum', signal.SIGINT)
    return INTERRUPTED if signum == signal.SIGINT else TERMINATED
