# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How much the peaks of heatmaps count in the course of a training."""

from typing import Optional

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.engine.module_path import unwrap
from mmfacesr.registry import HOOKS


@HOOKS.register_module()
class ForegroundWeightHook(Hook):
    """Lowers the ``foreground_weight`` of a ``ForegroundMSELoss``.

    A head of heatmaps leaves the constant 0 by a large weight only, but ends
    with taller false peaks the larger it is. The weight goes from ``first``
    to ``last`` by the same factor in every iteration, read from the runner's
    iteration, so that a resumed training goes on with it.

    Args:
        first (float): Weight of the first iteration, above 0. Defaults to 50.
        last (float): Weight after the last iteration, above 0. Defaults to 1.

    Raises:
        ValueError: If one of them is not above 0.
    """

    def __init__(self, first: float = 50.0, last: float = 1.0) -> None:
        if not (first > 0 and last > 0):
            raise ValueError(
                'Expected first and last above 0, because the weight changes '
                f'by a factor, got {first} and {last}.'
            )
        self.first = first
        self.last = last

    def before_train(self, runner: Runner) -> None:
        """Refuse a loss that has no such weight.

        Raises:
            ValueError: If the restorer's ``pixel_loss`` has none.
        """
        loss = unwrap(runner.model).pixel_loss
        if not hasattr(loss, 'foreground_weight'):
            raise ValueError(
                'Expected model.pixel_loss with a foreground_weight, such as '
                f'ForegroundMSELoss, got {type(loss).__name__}; change it or '
                'leave ForegroundWeightHook out.'
            )

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
    ) -> None:
        """Set the weight of this iteration."""
        done = runner.iter / runner.max_iters
        unwrap(runner.model).pixel_loss.foreground_weight = (
            self.first * (self.last / self.first) ** done
        )
