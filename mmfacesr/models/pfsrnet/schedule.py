# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""When a network that grows takes which step, and how far it is faded in.

Source: Kim et al., Progressive Face Super-Resolution via Attention to Facial
Landmark, arXiv 1908.08239, after Karras et al., arXiv 1710.10196.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

LOSSES = ('pixel', 'feature', 'gan', 'attention', 'heatmap')
"""The terms of the generator's loss that a step may weight."""


class Progress(NamedTuple):
    """Where a training is."""

    step: int
    """From 1."""
    alpha: float
    """Part of the step's own output in [0, 1]; 1 after the fade-in."""


@dataclass(frozen=True)
class ProgressiveStep:
    """One step: its size, its length and its loss.

    Args:
        size (int): Side of the images of this step in pixels.
        iters (int): Iterations that it lasts, at least 1.
        fade_iters (int): Iterations over which alpha goes from 0 to 1, at
            most ``iters``; 0 for the first step, which has nothing to fade
            from. Defaults to 0.
        loss_weights (Mapping[str, float]): Weights of the terms, named as in
            ``LOSSES``; what is left out is 0.

    Raises:
        ValueError: If one of them cannot be.
    """

    size: int
    iters: int
    loss_weights: Mapping[str, float]
    fade_iters: int = 0

    def __post_init__(self) -> None:
        if self.size < 1 or self.iters < 1:
            raise ValueError(
                'Expected a step with size and iters of at least 1, got '
                f'size={self.size} and iters={self.iters}.'
            )
        if not 0 <= self.fade_iters <= self.iters:
            raise ValueError(
                f'Expected fade_iters from 0 to iters={self.iters}, got '
                f'{self.fade_iters} for the step of {self.size} px; a step '
                'has to be faded in before it ends.'
            )
        unknown = set(self.loss_weights) - set(LOSSES)
        if unknown or any(value < 0 for value in self.loss_weights.values()):
            raise ValueError(
                f'Expected loss_weights of {LOSSES}, at least 0, got '
                f'{dict(self.loss_weights)} for the step of {self.size} px.'
            )

    def weight(self, loss: str) -> float:
        """Weight of a term, 0 if the step does not name it."""
        return self.loss_weights.get(loss, 0.0)


class ProgressiveSchedule:
    """The steps of a training, one after the other; the last one goes on.

    Args:
        steps (Sequence[dict]): Arguments of :class:`ProgressiveStep`, the
            smallest size first.

    Raises:
        ValueError: If there is no step, sizes do not grow or a step cannot
            be.
    """

    def __init__(self, steps: Sequence[dict]) -> None:
        self.steps = tuple(
            ProgressiveStep(
                **{
                    **step,
                    'loss_weights': MappingProxyType(
                        dict(step.get('loss_weights', {}))
                    ),
                }
            )
            for step in steps
        )
        sizes = [step.size for step in self.steps]
        if not sizes or sizes != sorted(set(sizes)):
            raise ValueError(
                f'Expected steps of growing sizes, got sizes {sizes}.'
            )
        if self.steps[0].fade_iters:
            raise ValueError(
                'Expected fade_iters=0 in the first step, which has nothing '
                f'to fade from, got {self.steps[0].fade_iters}.'
            )

    def at(self, iteration: int) -> Progress:
        """Say where a training is.

        Args:
            iteration (int): Iterations done before this one, from 0.

        Returns:
            Progress: ``alpha = min(1, k / fade_iters)`` with k iterations
            done in this step.
        """
        done = iteration
        for number, step in enumerate(self.steps, start=1):
            if done < step.iters or number == len(self.steps):
                break
            done -= step.iters
        fading = done < step.fade_iters
        return Progress(number, done / step.fade_iters if fading else 1.0)

    def uses(self, loss: str) -> bool:
        """Whether any step weights a term."""
        return any(step.weight(loss) for step in self.steps)

    def describe(self) -> list[str]:
        """One line a step: its iterations, fade-in and loss."""
        lines, start = [], 0
        for number, step in enumerate(self.steps, start=1):
            end = start + step.iters
            last = number == len(self.steps)
            until = 'the end' if last else end
            fade = f', alpha 0 to 1 until {start + step.fade_iters}'
            terms = ' + '.join(
                f'{value:g} {name}'
                for name, value in step.loss_weights.items()
            )
            lines.append(
                f'Step {number}, {step.size} px: iterations {start} to '
                f'{until}{fade if step.fade_iters else ""}; loss = {terms}'
            )
            start = end
        return lines
