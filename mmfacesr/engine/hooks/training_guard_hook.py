# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ends a training that has gone wrong before it saves anything."""

import math
import os.path as osp
from typing import Optional

import torch
from mmengine.dist import get_rank, get_world_size
from mmengine.hooks import Hook
from mmengine.logging import MessageHub
from mmengine.runner import Runner

from mmfacesr.engine.hooks.gradient_norm_hook import NAME as GRAD_NORM
from mmfacesr.engine.hooks.resume_hook import checkpoint_hooks
from mmfacesr.registry import HOOKS
from mmfacesr.utils import first_few, printable

WEIGHTS = ('state_dict', 'ema_state_dict')
"""Parts of a checkpoint that a network is made of."""
NORMS = 5
"""Gradient norms in a message."""
BATCHES = ('this batch', 'the batch before')


@HOOKS.register_module()
class TrainingGuardHook(Hook):
    """Stops at the first loss that is not finite, and saves no such weights.

    Every value that a model logs is looked at in every iteration, on all
    processes; it has been brought to the CPU for the log already. A loss may
    be finite when its gradient is not: the gradient norms that
    GradientNormHook logs are looked at, too, and weights before they are
    saved. So the checkpoints that are kept stay good.

    Gradients that overflow under float16 loss scaling are no fault: mmengine
    skips that step and lowers the scale.
    """

    # after RuntimeInfoHook, before all that saves
    priority = 'HIGH'

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.saved: list[str] = []  # before this iteration
        self.norms: dict[str, list[float]] = {}

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Check what the iteration logged.

        Raises:
            ValueError: If a value is NaN or infinite; names the iteration,
                the values and the images of this batch and the one before.
        """
        self.batches = [*self.batches[-1:], files_of(data_batch)]
        # Noted here: CheckpointHook names a file before it is saved.
        self.saved = [
            hook.last_ckpt
            for hook in checkpoint_hooks(runner)
            if hook.last_ckpt and osp.isfile(hook.last_ckpt)
        ]
        hub = runner.message_hub
        self.norms = last_norms(hub)
        logged = {
            name: hub.get_scalar(f'train/{name}').current()
            for name in outputs or {}
        } | {name: norms[-1] for name, norms in self.norms.items()}
        bad = {k: v for k, v in logged.items() if not math.isfinite(v)}
        if not bad:
            return
        values = ', '.join(f'{name} is {value}' for name, value in bad.items())
        raise ValueError(
            'Expected finite losses and gradients, but in iteration '
            f'{runner.iter + 1} {values}{on_process()}.\n' + self._what_to_do()
        )

    def after_train_epoch(self, runner: Runner) -> None:
        """Refuse an epoch without iterations.

        Raises:
            ValueError: If nothing has been trained.
        """
        if not runner.iter:
            raise ValueError(
                'Expected an epoch with at least one batch, got none: nothing '
                'was trained and nothing is saved; see batch_size and '
                'drop_last of train_dataloader.'
            )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse weights that are not finite.

        Raises:
            ValueError: Naming some of them.
        """
        bad = [
            key
            for part in WEIGHTS
            for key, value in checkpoint.get(part, {}).items()
            if isinstance(value, torch.Tensor) and not value.isfinite().all()
        ]
        if bad:
            raise ValueError(
                'Expected finite weights to save, but after iteration '
                f'{checkpoint["meta"]["iter"]} {len(bad)} tensors hold NaN '
                f'or infinity ({first_few(bad)}).\n' + self._what_to_do()
            )

    def _what_to_do(self) -> str:
        """The end of the messages: images, gradients, what is kept, advice."""
        images = ''.join(
            f'Images of {which}: {", ".join(names)}\n'
            for which, names in zip(BATCHES, self.batches[::-1])
        )
        norms = ''.join(
            f'The last values of {name}: '
            f'{", ".join(f"{norm:.3g}" for norm in values)}\n'
            for name, values in self.norms.items()
        )
        kept = (
            f'the last good checkpoint is {printable(self.saved[0])}'
            if self.saved
            else 'no checkpoint was saved before'
        )
        return (
            f'{images}{norms}Nothing of this iteration is saved; {kept}. Look '
            'at these images, lower the learning rate (lr of optim_wrapper), '
            'or train without --amp.'
        )


def last_norms(hub: MessageHub) -> dict[str, list[float]]:
    """The last gradient norms of each optimizer, as far as logged."""
    return {
        name.removeprefix('train/'): buffer.data[0][-NORMS:].tolist()
        for name, buffer in hub.log_scalars.items()
        if name.startswith('train/') and name.endswith(GRAD_NORM)
    }


def files_of(data_batch: Optional[dict]) -> list[str]:
    """The image files of a batch, as far as the pipeline packed them."""
    samples = data_batch.get('data_samples') if data_batch else None
    paths = (
        sample.get('gt_path') or sample.get('img_path')
        for sample in samples or []
    )
    return [printable(path) for path in paths if path] or ['unknown']


def on_process() -> str:
    """Which process of several this is, for a message."""
    world = get_world_size()
    return f' on process {get_rank()} of {world}' if world > 1 else ''
