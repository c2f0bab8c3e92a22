# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC's hourglass: pre-trained weights, frozen for a while."""

from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.engine.module_path import find_module
from mmfacesr.registry import HOOKS

NEVER = -1
"""Value of ``frozen_iters`` that keeps the hourglass frozen for good."""
NOTE = 'hourglass_pretrained'
"""Key of the checkpoint's note."""


@HOOKS.register_module()
class PretrainedHourglassHook(Hook):
    """Load the hourglass and keep it frozen for the first iterations.

    The parameters keep ``requires_grad`` (distributed training fixes the
    set of parameters when it wraps the model); their gradients are dropped
    right before the optimizer steps, which leaves the weights and the
    optimizer's state of them untouched. The schedule is read from the
    runner's iteration, so that it survives a resume.

    Source: Ma et al., CVPR 2020, released training settings.

    Args:
        weights (str, optional): File of a pre-trained hourglass. None trains
            the hourglass from the start with the rest, unless the weights
            come with the generator. Defaults to None.
        frozen_iters (int): Iterations during which it stays as it is; -1
            for all. Defaults to 0.
        with_generator (bool): The hourglass is trained already because the
            whole generator starts from a checkpoint (``load_from``).
            Defaults to False.
        module (str): Where the hourglass is. Defaults to
            'generator.hour_glass'.
    """

    def __init__(
        self,
        weights: Optional[str] = None,
        frozen_iters: int = 0,
        with_generator: bool = False,
        module: str = 'generator.hour_glass',
    ) -> None:
        self.weights = weights
        self.frozen_iters = frozen_iters
        self.with_generator = with_generator
        self.module = module
        self.pretrained: Optional[bool] = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note for a resumed run whether the hourglass was pre-trained."""
        checkpoint[NOTE] = bool(self.pretrained)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read the note of the run that is resumed."""
        if runner._resume:
            self.pretrained = checkpoint.get(NOTE)

    def before_train(self, runner: Runner) -> None:
        """Load the weights at the start and drop gradients while frozen."""
        hourglass = find_module(runner.model, self.module)
        if self.pretrained is None:
            self.pretrained = self._load(runner, hourglass)
        if not self.pretrained:
            print_log(
                'The hourglass has no pre-trained weights: it is trained '
                'from the first iteration on.',
                'current',
            )
        elif self.frozen_iters != 0:
            self._freeze(runner, hourglass)

    def _load(self, runner: Runner, hourglass: nn.Module) -> bool:
        """Load the weights if there are any; say whether there are."""
        if self.weights:
            record = load_weights(hourglass, self.weights)
            print_log(f'Hourglass loaded from {record.source}.', 'current')
            return True
        return self.with_generator and runner._load_from is not None

    def _freeze(self, runner: Runner, hourglass: nn.Module) -> None:
        """Drop the gradients before each optimizer step while frozen."""
        until = (
            'the end'
            if self.frozen_iters == NEVER
            else f'iteration {self.frozen_iters}'
        )
        print_log(f'The hourglass stays as it is until {until}.', 'current')
        parameters = list(hourglass.parameters())

        def drop_gradients(*_: object) -> None:
            if self.frozen_iters == NEVER or runner.iter < self.frozen_iters:
                for parameter in parameters:
                    parameter.grad = None

        generator_optimizer(runner).register_step_pre_hook(drop_gradients)


def generator_optimizer(runner: Runner) -> torch.optim.Optimizer:
    """The optimizer of the generator, alone or beside others."""
    wrapper = runner.optim_wrapper
    if isinstance(wrapper, OptimWrapperDict):
        wrapper = wrapper['generator']
    return wrapper.optimizer
