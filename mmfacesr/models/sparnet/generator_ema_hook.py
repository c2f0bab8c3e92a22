# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Moving average of a generator."""

from typing import Optional

from mmengine.hooks import EMAHook
from mmengine.registry import MODELS
from mmengine.runner import Runner

from mmfacesr.engine.module_path import find_module
from mmfacesr.models.sparnet.spectral_norm import iterate_spectral_norm
from mmfacesr.registry import HOOKS

PREFIX = 'generator.'


@HOOKS.register_module()
class GeneratorEMAHook(EMAHook):
    """Average the generator, and validate, test and save the average.

    mmengine's hook with two differences. The generator alone is averaged: a
    discriminator needs none. Weights and buffers are averaged, and then each
    spectral norm is estimated anew on the averaged weights: averaged vectors
    are shorter than one, which would make the norm too small and the weights
    too large.

    As with mmengine's hook the average is what a checkpoint holds under
    ``state_dict``; the weights in training are under ``ema_state_dict``.

    Source: the average "H" of SPARNetHD (Chen et al., TIP 2021).

    Args:
        momentum (float): Part of the new weights in the average. Defaults to
            0.001.
    """

    def __init__(self, momentum: float = 0.001) -> None:
        super().__init__(momentum=momentum, update_buffers=True)

    def before_run(self, runner: Runner) -> None:
        """Copy the generator."""
        self.src_model = find_module(runner.model, 'generator')
        self.ema_model = MODELS.build(
            self.ema_cfg, default_args=dict(model=self.src_model)
        )

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Average, then estimate the spectral norms."""
        super().after_train_iter(runner, batch_idx, data_batch, outputs)
        iterate_spectral_norm(self.ema_model.module)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Resume the average, or start it from the loaded weights."""
        if runner._resume and 'ema_state_dict' in checkpoint:
            super().after_load_checkpoint(runner, checkpoint)
            return
        own = {
            key.removeprefix(PREFIX): value
            for key, value in checkpoint['state_dict'].items()
            if key.startswith(PREFIX)
        }
        super().after_load_checkpoint(runner, dict(state_dict=own))

    def _swap_ema_state_dict(self, checkpoint: dict) -> None:
        """Exchange the generator's weights and their average."""
        model, average = checkpoint['state_dict'], checkpoint['ema_state_dict']
        for key in average:
            if key.startswith('module.'):
                name = PREFIX + key.removeprefix('module.')
                average[key], model[name] = model[name], average[key]
