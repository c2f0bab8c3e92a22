# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Stops a training after a signal, where its state is whole."""

import os
import os.path as osp
import signal
import time
from types import FrameType
from typing import Optional

import torch
from mmengine.dist import (
    all_reduce,
    barrier,
    get_world_size,
    is_main_process,
)
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from mmfacesr.compat.distributed import average_buffers
from mmfacesr.engine.hooks.resume_hook import (
    checkpoint_hooks,
    is_by_epoch,
    step_of,
)
from mmfacesr.utils.signals import Stopped

REPEAT_SECONDS = 3.0
"""Time in which a signal is the first one again: a launcher passes on what
the terminal has sent to all processes."""
SAVE_SECONDS = 10.0
"""Time in which the main process saves while the others wait."""


class StopHook(Hook):
    """Stops a training where its state is whole, and saves it."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.signum = 0
        self.since = 0.0
        self.trained = False  # there is something to save
        self.in_iteration = False
        self.in_validation = False
        self.batches = 0  # trained on of an epoch that is not finished
        self.saving = False
        self.saved: list[str] = []

    def receive(self, signum: int, frame: Optional[FrameType] = None) -> None:
        """Take a signal.

        Raises:
            Stopped: If nothing is to be saved, or at a second signal.
        """
        if self.signum:
            again = time.monotonic() - self.since > REPEAT_SECONDS
            if again and not self.saving:
                raise Stopped(signum)
            return
        self.signum, self.since = signum, time.monotonic()
        if not self.trained:
            raise Stopped(signum)
        if is_main_process():
            # Not by sys.stderr, which may just be writing.
            os.write(
                2,
                f'\n{signal.Signals(signum).name}: training stops after this '
                'iteration and saves a checkpoint; a second signal ends it '
                'at once.\n'.encode(),
            )

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
    ) -> None:
        """From now on there is something to save."""
        self.trained = self.in_iteration = True

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Stop, all processes at the same iteration."""
        self.in_iteration, self.batches = False, batch_idx + 1
        self.signum = signal_of_all_processes(self.signum)
        if self.signum and not (
            # What is done after an epoch belongs to it.
            is_by_epoch(runner)
            and self.end_of_epoch(runner.train_dataloader, batch_idx)
        ):
            self.stop(runner, runner.epoch, runner.iter + 1, together=True)

    def after_train_epoch(self, runner: Runner) -> None:
        """Stop after the last iteration of an epoch."""
        self.batches = 0
        self.signum = signal_of_all_processes(self.signum)
        if self.signum and is_by_epoch(runner):
            self.stop(runner, runner.epoch + 1, runner.iter, together=True)

    def before_val_epoch(self, runner: Runner) -> None:
        """Note that averaged weights may be in place of the trained ones."""
        self.in_validation = True

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[list] = None,
    ) -> None:
        """Stop in the middle of a validation."""
        if self.signum:
            self.stop(runner, runner.epoch, runner.iter)

    def after_val_epoch(
        self, runner: Runner, metrics: Optional[dict] = None
    ) -> None:
        """The trained weights are back."""
        self.in_validation = False

    def after_val(self, runner: Runner) -> None:
        """Stop behind a validation."""
        if self.signum:
            self.stop(runner, runner.epoch, runner.iter)

    def stop(
        self, runner: Runner, epoch: int, iter: int, together: bool = False
    ) -> None:
        """Save a checkpoint unless there is one of this iteration.

        Args:
            runner (Runner): Its state is that after the iteration.
            epoch (int): Epochs finished.
            iter (int): Iterations finished.
            together (bool): All processes are at this place. Defaults to
                False.

        Raises:
            Stopped: Always.
        """
        self.saving = True
        if together:
            average_buffers(runner.model)
        if self.in_validation:
            for hook in runner.hooks:
                if isinstance(hook, EMAHook):
                    hook._swap_ema_parameters()
        batches = self.batches if is_by_epoch(runner) else iter
        for hook in checkpoint_hooks(runner):
            meta = dict(epoch=epoch, iter=iter)
            step = step_of(hook, meta, batches)
            path = osp.join(hook.out_dir, hook.filename_tmpl.format(step))
            if hook.last_ckpt != path:
                hook._save_checkpoint_with_step(runner, step, meta)
            self.saved.append(path)
        self._wait_for_main_process(together)
        raise Stopped(self.signum)

    def _wait_for_main_process(self, together: bool) -> None:
        """Stay until it has saved: launchers kill what remains of a run."""
        if get_world_size() > 1:
            if together:
                barrier()
            elif not is_main_process():
                time.sleep(SAVE_SECONDS)


def signal_of_all_processes(signum: int) -> int:
    """The signal that any process has received, 0 for none."""
    if get_world_size() == 1:
        return signum
    found = torch.tensor([signum])
    all_reduce(found, 'max')
    return int(found)
