# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Logs how large the gradients are, and tells ones that are not finite."""

import functools
import math
from collections.abc import Callable
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor

from mmfacesr.registry import HOOKS

NAME = 'grad_norm'
MOST_SKIPPED = 40
"""Steps in a row: from 2**16, where torch starts to scale, to 2**-24, the
smallest number of float16. No other scale is left."""


@HOOKS.register_module()
class GradientNormHook(Hook):
    """Log the gradient's norm of each optimizer step, in every training.

    It is the 2-norm over all weights of an optimizer, before clipping and
    without the factor of loss scaling: ``grad_norm``, or for several
    optimizers ``generator.grad_norm`` and so on, as mmengine names their
    learning rates. With several processes it is that of the gradient they
    share. mmengine logs it only where it clips, and of several optimizers
    under one name.

    A norm that is not finite is logged, too, and TrainingGuardHook ends the
    training. Under loss scaling it is a step that was skipped: nothing is
    logged, and the training ends only when no step can be taken any more.
    """

    # before TrainingGuardHook
    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.norms: dict[str, Tensor] = {}  # of this iteration
        self.skipped: dict[str, int] = {}  # steps in a row
        self.scaled: set[str] = set()

    def before_train(self, runner: Runner) -> None:
        """Measure before each step of each optimizer."""
        for name, wrapper in wrappers_of(runner.optim_wrapper).items():
            if hasattr(wrapper, 'loss_scaler'):
                self.scaled.add(name)
            wrapper.step = self._measuring(name, wrapper, wrapper.step)
            if wrapper.clip_grad_kwargs:
                # mmengine would log what it returns once more.
                wrapper.clip_func = without_result(wrapper.clip_func)

    def _measuring(
        self, name: str, wrapper: OptimWrapper, step: Callable
    ) -> Callable:
        """A step that notes the norm first."""

        # mmengine's schedulers look for their mark on the step.
        @functools.wraps(step)
        def measured(**kwargs: object) -> None:
            norm = gradient_norm(wrapper)
            if norm is not None:
                self.norms[name] = norm
            step(**kwargs)

        return measured

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[dict] = None,
    ) -> None:
        """Log the norms. They leave the device here, after all steps.

        Raises:
            ValueError: If loss scaling has skipped too many steps in a row.
        """
        for name, tensor in self.norms.items():
            norm = float(tensor)
            if name in self.scaled and not math.isfinite(norm):
                self._count_skipped(name, runner.iter + 1)
                continue
            self.skipped[name] = 0
            runner.message_hub.update_scalar(f'train/{name}', norm)
        self.norms.clear()

    def _count_skipped(self, name: str, iteration: int) -> None:
        """Refuse steps that are skipped for ever."""
        self.skipped[name] = self.skipped.get(name, 0) + 1
        if self.skipped[name] >= MOST_SKIPPED:
            raise ValueError(
                f'Expected gradients that float16 can hold, but {name} was '
                f'not finite in the last {MOST_SKIPPED} iterations, up to '
                f'iteration {iteration}, whatever the loss was scaled by: no '
                'step is taken any more. Train without --amp, or lower the '
                'learning rate (lr of optim_wrapper).'
            )


def wrappers_of(
    wrapper: OptimWrapper | OptimWrapperDict,
) -> dict[str, OptimWrapper]:
    """Name of the gradient norm in the log -> the optimizer's wrapper."""
    if isinstance(wrapper, OptimWrapperDict):
        return {f'{name}.{NAME}': one for name, one in wrapper.items()}
    return {NAME: wrapper}


def gradient_norm(wrapper: OptimWrapper) -> Tensor | None:
    """The 2-norm of all gradients, before clipping, without loss scaling.

    Args:
        wrapper (OptimWrapper): Before its step.

    Returns:
        Tensor | None: Scalar float32 on the device of the weights, NaN or
        infinite if one gradient is; None without gradients.
    """
    gradients = [
        weight.grad
        for group in wrapper.optimizer.param_groups
        for weight in group['params']
        if weight.grad is not None
    ]
    if not gradients:
        return None
    # What torch.nn.utils.clip_grad_norm_ calls: one kernel for all tensors.
    norm = torch.stack(torch._foreach_norm(gradients)).norm()
    scaler = getattr(wrapper, 'loss_scaler', None)
    return norm / scaler.get_scale() if scaler else norm


def without_result(clip: Callable) -> Callable:
    """The same function, returning None."""

    def clipped(*args: object, **kwargs: object) -> None:
        clip(*args, **kwargs)

    return clipped
