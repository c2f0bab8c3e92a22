# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Input sizes that a network takes, declared once and checked at its door."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class SizeRequirement:
    """What the height and the width of an input must be.

    The idea of a declared requirement is spandrel's.

    Args:
        multiple_of (int): Both sides are multiples of it. Defaults to 1.
        minimum (int): Smallest side in pixels. Defaults to 1.
        maximum (int | None): Largest side in pixels; None for no limit. Equal
            to ``minimum`` for a network of one size. Defaults to None.
    """

    multiple_of: int = 1
    minimum: int = 1
    maximum: int | None = None

    def allows(self, height: int, width: int) -> bool:
        """Say whether an input of that height and width is taken."""
        return all(
            side % self.multiple_of == 0
            and side >= self.minimum
            and (self.maximum is None or side <= self.maximum)
            for side in (height, width)
        )

    def check(
        self, image: Tensor | Sequence[int], name: str, channels: int
    ) -> None:
        """Refuse an input of the wrong rank, channels or size.

        Args:
            image (Tensor | Sequence[int]): (N, C, H, W), or that shape.
            name (str): Name of the network, for the message.
            channels (int): The C that the network takes.

        Raises:
            ValueError: If the input does not fit; it says what would.
        """
        shape = tuple(image.shape if isinstance(image, Tensor) else image)
        if len(shape) != 4 or shape[1] != channels:
            raise ValueError(
                f'{name} expected an input (N, {channels}, H, W), got '
                f'{shape}; give a batch of {channels}-channel images.'
            )
        height, width = shape[-2:]
        if not self.allows(height, width):
            raise ValueError(
                f'{name} expected {self.describe()}, got {height}x{width} '
                '(height x width); resize, crop or pad the input, or set its '
                'size in the config.'
            )

    def describe(self) -> str:
        """Say the requirement in words."""
        if self.maximum == self.minimum:
            return f'a {self.minimum}x{self.minimum} input'
        limit = '' if self.maximum is None else f', at most {self.maximum}'
        return (
            f'input sides that are multiples of {self.multiple_of}, at '
            f'least {self.minimum}{limit}'
        )
