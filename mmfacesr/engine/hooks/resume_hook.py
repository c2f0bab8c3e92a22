# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a resumed training takes up that mmengine leaves out."""

import os.path as osp
from itertools import chain, repeat
from typing import Optional

from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner

from mmfacesr.datasets.seeded_samplers import BeginsAnywhere
from mmfacesr.engine.optim_wrappers import adapt_states
from mmfacesr.registry import HOOKS

SEEN = 'images_of_epoch'
"""Key of a checkpoint's meta: images trained on of an epoch cut short, by all
processes; batches would be others after a change of their size."""


@HOOKS.register_module()
class ResumeHook(Hook):
    """Let a resumed training be the one that was not interrupted.

    mmengine writes a checkpoint before the validation of its iteration, and
    a resumed training goes on behind that validation: the metric and the best
    checkpoint are lost. Here it is run first. mmengine loads all batches that
    were trained on again, and trains an epoch that was cut short anew. Here
    the data go on behind them: at once if the sampler can begin anywhere
    (:mod:`mmfacesr.datasets.seeded_samplers`), otherwise by loading them. The
    paths of checkpoints follow a work folder that was moved or copied, so
    that the best checkpoint of the old folder is not removed. Switches of the
    training may be others than before.
    """

    # When training begins, after CheckpointHook has read what is resumed.
    priority = 'LOWEST'

    def __init__(self) -> None:
        self.batches = 0  # trained on in this epoch
        self.batches_before = 0  # of them in the run that is resumed
        self.validated = False

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take up paths and the place in the epoch.

        Args:
            runner (Runner): Resumes, or starts from weights.
            checkpoint (dict): Changed in place.
        """
        if not runner._resume:
            return
        # mmengine would run this text as code.
        checkpoint['meta'].pop('config', None)
        seen = checkpoint['meta'].get(SEEN, 0)
        self.batches_before = seen // images_of_batch(runner) if seen else 0
        info = checkpoint['message_hub'].get('runtime_info', {})
        for hook in checkpoint_hooks(runner):
            adopt_paths(info, hook, runner.work_dir)
            name = name_of(hook, checkpoint['meta'], self.batches_before)
            # Saved once more after its validation, as the best one.
            self.validated |= any(
                str(path).endswith(f'_{name}')
                for key, path in info.items()
                if key.startswith('best_ckpt')
            )

    def before_train(self, runner: Runner) -> None:
        """Do first what the interrupted training had not finished."""
        if not (runner._resume and runner.iter):
            return
        adapt_states(runner.optim_wrapper)
        meta = dict(epoch=runner.epoch, iter=runner.iter)
        for hook in checkpoint_hooks(runner):
            # A best score goes into the checkpoint of its iteration, too.
            name = name_of(hook, meta, self.batches_before)
            hook.last_ckpt = osp.join(hook.out_dir, name)
        skip_iterations(runner)
        if self.batches_before and is_by_epoch(runner):
            self._skip_batches(runner)
        elif validation_is_due(runner) and not self.validated:
            runner.logger.info(
                f'Validation of iteration {runner.iter} first: the '
                'interrupted training may not have finished it.'
            )
            runner.val_loop.run()

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
    ) -> None:
        """Count the batches of the epoch."""
        self.batches = batch_idx + 1

    def after_train_epoch(self, runner: Runner) -> None:
        """The epoch is whole; the next one is loaded from its start."""
        self.batches = 0
        sampler = runner.train_dataloader.sampler
        if isinstance(sampler, BeginsAnywhere):
            sampler.first = 0

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note how much of its epoch a checkpoint has seen."""
        begun = checkpoint['meta']['epoch'] == runner.epoch
        if is_by_epoch(runner) and begun and self.batches:
            checkpoint['meta'][SEEN] = self.batches * images_of_batch(runner)

    def _skip_batches(self, runner: Runner) -> None:
        """Let the epoch go on behind what it was trained on before."""
        loop, epoch = runner.train_loop, runner.epoch
        skipped, run_iter = self.batches_before, loop.run_iter
        at_once = can_begin_behind(runner, skipped)
        runner.logger.info(
            f'Epoch {epoch + 1} goes on behind its first {skipped} batches'
            + ('.' if at_once else ', which are only loaded.')
        )

        def run_rest(idx: int, data_batch: dict) -> None:
            if loop.epoch == epoch and at_once:
                idx += skipped
            if loop.epoch > epoch or idx >= skipped:
                run_iter(idx, data_batch)

        loop.run_iter = run_rest


def can_begin_behind(runner: Runner, batches: int) -> bool:
    """Let the next pass through the data begin behind some batches.

    Args:
        runner (Runner): Is about to train.
        batches (int): Of this process.

    Returns:
        bool: False if the sampler cannot; then nothing has changed.
    """
    loader = runner.train_dataloader
    if not isinstance(loader.sampler, BeginsAnywhere):
        return False
    loader.sampler.first = batches * loader.batch_size
    return True


def skip_iterations(runner: Runner) -> None:
    """Let a loop over iterations, if it is one, load nothing again.

    The loop takes, and drops, one batch for each iteration that has passed;
    those cost nothing here.
    """
    loop = runner.train_loop
    if not isinstance(loop, IterBasedTrainLoop):
        return
    if can_begin_behind(runner, loop.iter):
        # The loop has begun to load from the start: it begins anew.
        fresh = type(loop.dataloader_iterator)(loop.dataloader)
        loop.dataloader_iterator = chain(repeat(None, loop.iter), fresh)
        runner.logger.info(
            f'The data go on behind {loop.iter} batches; none is loaded again.'
        )


def images_of_batch(runner: Runner) -> int:
    """How many images an iteration takes, on all processes together."""
    return runner.train_dataloader.batch_size * get_world_size()


def is_by_epoch(runner: Runner) -> bool:
    """Whether the training loop goes through its data epoch by epoch."""
    return isinstance(runner.train_loop, EpochBasedTrainLoop)


def validation_is_due(runner: Runner) -> bool:
    """Whether the loops validate at the iteration, or epoch, reached."""
    loop = runner.train_loop
    loops = (EpochBasedTrainLoop, IterBasedTrainLoop)
    if runner.val_loop is None or not isinstance(loop, loops):
        return False
    now, last = (
        (loop.epoch, loop.max_epochs)
        if is_by_epoch(runner)
        else (loop.iter, loop.max_iters)
    )
    loop._decide_current_val_interval()
    return now >= loop.val_begin and (
        now % loop.val_interval == 0 or now == last
    )


def checkpoint_hooks(runner: Runner) -> list[CheckpointHook]:
    """The hooks that save; usually one."""
    return [h for h in runner.hooks if isinstance(h, CheckpointHook)]


def step_of(hook: CheckpointHook, meta: dict, batches: int = 0) -> int | str:
    """What stands for the progress in the name of a checkpoint.

    Args:
        hook (CheckpointHook): Saves it.
        meta (dict): ``epoch`` and ``iter``, as finished.
        batches (int): Of an epoch that is not finished. Defaults to 0.
    """
    if not hook.by_epoch:
        return meta['iter']
    if batches:
        return f'{meta["epoch"]}_iter_{meta["iter"]}'
    return meta['epoch']


def name_of(hook: CheckpointHook, meta: dict, batches: int = 0) -> str:
    """File name of a checkpoint; see :func:`step_of`."""
    return hook.filename_tmpl.format(step_of(hook, meta, batches))


def checkpoint_folder(out_dir: Optional[str], work_dir: str) -> str:
    """Where a CheckpointHook saves, by its ``out_dir`` before the training."""
    if out_dir in (None, work_dir):
        return work_dir
    return osp.join(out_dir, osp.basename(osp.abspath(work_dir)))


def adopt_paths(info: dict, hook: CheckpointHook, work_dir: str) -> None:
    """Let the paths of checkpoints lead into the folder of this run.

    Args:
        info (dict): ``runtime_info`` of the message hub, changed in place.
        hook (CheckpointHook): Saves the checkpoints.
        work_dir (str): Of this run.
    """
    folder = checkpoint_folder(hook.out_dir, work_dir)
    for key, path in info.items():
        if key == 'last_ckpt' or key.startswith('best_ckpt'):
            info[key] = osp.join(folder, osp.basename(path)) if path else path
