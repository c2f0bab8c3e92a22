# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A training that a signal ends saves a checkpoint first."""

import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Optional

from mmengine.runner import Runner

from mmfacesr.apis.resume import saved_checkpoints
from mmfacesr.engine.hooks.resume_hook import checkpoint_hooks
from mmfacesr.engine.hooks.stop_hook import StopHook
from mmfacesr.utils import printable
from mmfacesr.utils.signals import (
    TERMINATION,
    Stopped,
    handling,
    interruption_behind,
)

SIGNALS = (signal.SIGINT, *TERMINATION)
LOST_PROCESS_ERRORS = (RuntimeError, ChildProcessError)
"""What is raised when another process has gone: one of the training, or a
worker of a data loader (see `mmfacesr.compat.data_workers`)."""
DELIVERY_SECONDS = 0.5
"""Time that a signal to all processes may need from one to the next."""


def train_until_stopped(runner: Runner) -> None:
    """Train; a signal ends it after a checkpoint of what was trained.

    At the first Ctrl-C, SIGTERM or SIGHUP the running iteration, or the
    running batch of a validation, is finished and a checkpoint saved. A
    second signal ends at once, but not in the middle of that save. Before
    the first iteration every signal ends at once.

    Args:
        runner (Runner): Ready to train.

    Raises:
        Stopped: By a signal; says what was saved.
    """
    hook = StopHook()
    runner.register_hook(hook)
    with handling(hook.receive, SIGNALS), signal_before_lost_worker(hook):
        try:
            runner.train()
        except (Exception, KeyboardInterrupt) as error:
            stop = stop_behind(error, runner, hook)
            if stop is None:
                raise
            signum = getattr(stop, 'signum', signal.SIGINT)
            raise Stopped(signum, what_is_kept(runner, hook)) from None


def stop_behind(
    error: BaseException, runner: Runner, hook: StopHook
) -> Optional[KeyboardInterrupt]:
    """Find the signal that a training ended by; None if it is a failure.

    A signal to all processes ends workers of the data loader, too, and
    processes that this one waits for: then the checkpoint is saved here.
    """
    stop = interruption_behind(error)
    if stop is not None or not hook.signum:
        return stop
    if not isinstance(error, LOST_PROCESS_ERRORS):
        return None
    if not (hook.in_iteration or hook.saving):
        with suppress(Stopped):
            hook.stop(runner, runner.epoch, runner.iter)
    return Stopped(hook.signum)


def what_is_kept(runner: Runner, hook: StopHook) -> str:
    """Say where the training can go on."""
    if hook.saved:
        kept = f'Saved as {" and ".join(map(shlex.quote, hook.saved))}; '
    else:
        newest = newest_files(runner)
        if not newest:
            return 'Nothing was saved yet.'
        kept = f'The newest checkpoint is {printable(newest[0])}; '
    return kept + 'the same command with --resume goes on from it.'


def newest_files(runner: Runner) -> list[Path]:
    """The newest checkpoint of each hook and way of counting."""
    return [
        files[0]
        for hook in checkpoint_hooks(runner)
        for files in saved_checkpoints(
            hook.out_dir or runner.work_dir, hook.filename_tmpl
        )
    ]


@contextmanager
def signal_before_lost_worker(hook: StopHook) -> Iterator[None]:
    """Let no worker of the data loader that a signal ended end us first.

    torch raises an error wherever the program is when a worker has ended;
    without it the loader notices when it wants the next batch.
    """
    from torch.utils.data._utils import signal_handling

    signal_handling._set_SIGCHLD_handler()
    theirs = signal.getsignal(signal.SIGCHLD)

    def on_end_of_child(signum: int, frame: Optional[FrameType]) -> None:
        try:
            theirs(signum, frame)
        except LOST_PROCESS_ERRORS:
            time.sleep(DELIVERY_SECONDS)  # our own signal may still be coming
            if not hook.signum:
                raise

    try:
        if callable(theirs):
            signal.signal(signal.SIGCHLD, on_end_of_child)
        yield
    finally:
        if callable(theirs):
            signal.signal(signal.SIGCHLD, theirs)
