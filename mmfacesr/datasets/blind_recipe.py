# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random recipes of the steps in ``blind_steps``."""

import math
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from mmfacesr.datasets.blind_steps import (
    INTERPOLATIONS,
    MAX_COMPRESSION,
    Step,
)

Draws = ModuleType | np.random.RandomState  # numpy.random, or one of its own
Range = tuple[float, float]
WholeRange = tuple[int, int]

_BLURS = ('gaussian', 'average', 'median', 'motion')
_COLORED = 0.5  # share of the noise that differs between the channels


@dataclass(frozen=True)
class BlindRanges:
    """How often and how strongly an image is made worse.

    The defaults are the released ones of SPARNetHD, for faces of 512 pixels.
    All ranges are drawn uniformly; both ends of whole numbers are included.

    Args:
        gray_prob (float): Probability that the face becomes gray.
        blur_prob (float): Probability of a blur: Gaussian, average, median
            or motion, each as often.
        gaussian_sigma (tuple[float]): In pixels of the face, above 0.
        window_size (tuple[int]): Of average and median, in pixels of the
            face, at least 2; the median makes even ones odd.
        motion_size (tuple[int]): Length of the line in pixels of the face,
            at least 2; even ones become odd.
        small_size (tuple[int]): Side of the small image in pixels.
        noise_prob (float): Probability of noise on the small image.
        noise_std (tuple[float]): In gray levels.
        jpeg_prob (float): Probability of JPEG on the small image.
        jpeg_compression (tuple[int]): 0 to 100; 10 is Pillow's quality 90,
            64 its 37.

    Raises:
        ValueError: If a value is out of its range.
    """

    gray_prob: float = 0.3
    blur_prob: float = 0.5
    gaussian_sigma: Range = (3.0, 15.0)
    window_size: WholeRange = (3, 15)
    motion_size: WholeRange = (5, 25)
    small_size: WholeRange = (32, 127)
    noise_prob: float = 0.2
    noise_std: Range = (0.0, 25.5)
    jpeg_prob: float = 0.7
    jpeg_compression: WholeRange = (10, 64)

    def __post_init__(self) -> None:
        for name in ('gray_prob', 'blur_prob', 'noise_prob', 'jpeg_prob'):
            self._check_range(name, [0, getattr(self, name)], 0, 1)
        self._check_range('noise_std', self.noise_std, 0)
        self._check_range('gaussian_sigma', self.gaussian_sigma, 0)
        if self.gaussian_sigma[0] == 0:
            raise ValueError(
                f'Expected gaussian_sigma above 0, got {self.gaussian_sigma}.'
            )
        for name, least, greatest in (
            ('window_size', 2, math.inf),
            ('motion_size', 2, math.inf),
            ('small_size', 1, math.inf),
            ('jpeg_compression', 0, MAX_COMPRESSION),
        ):
            value = getattr(self, name)
            self._check_range(name, value, least, greatest)
            if not all(isinstance(end, int) for end in value):
                raise ValueError(
                    f'Expected {name} in whole numbers, got {value}.'
                )

    def _check_range(
        self, name: str, value: Range, least: float, greatest: float = math.inf
    ) -> None:
        """Refuse what is not least <= low <= high <= greatest."""
        if len(value) == 2 and least <= value[0] <= value[1] <= greatest:
            return
        raise ValueError(
            f'Expected {name} inside {least} to {greatest}, ranges as '
            f'(low, high), got {getattr(self, name)}.'
        )

    def draw_steps(self, draws: Draws, output_size: int) -> list[Step]:
        """Draw what is done to a face, gray or not.

        Args:
            draws (ModuleType | RandomState): ``numpy.random``, or a
                generator of its kind.
            output_size (int): Side of the last image.

        Returns:
            list[tuple[str, dict]]: For
            :func:`mmfacesr.datasets.blind_steps.take_steps`.
        """
        steps = []
        if draws.random() < self.blur_prob:
            steps.append(self._draw_blur(draws))
        size = _draw_whole(draws, self.small_size)
        way = str(draws.choice(list(INTERPOLATIONS)))
        steps.append(('resize', dict(size=size, interpolation=way)))
        if draws.random() < self.noise_prob:
            steps.append(
                ('add_noise', dict(field=self._draw_noise(draws, size)))
            )
        if draws.random() < self.jpeg_prob:
            compression = _draw_whole(draws, self.jpeg_compression)
            steps.append(('jpeg', dict(compression=compression)))
        last = dict(size=output_size, interpolation='cubic')
        return [*steps, ('resize', last)]

    def _draw_blur(self, draws: Draws) -> Step:
        """Draw one of the blurs."""
        blur = draws.choice(_BLURS)
        if blur == 'gaussian':
            arguments = dict(sigma=draws.uniform(*self.gaussian_sigma))
        elif blur == 'motion':
            arguments = dict(
                size=_draw_whole(draws, self.motion_size),
                angle=draws.uniform(0, 360),
                direction=draws.uniform(-1, 1),
            )
        else:
            arguments = dict(size=_draw_whole(draws, self.window_size))
        return f'{blur}_blur', arguments

    def _draw_noise(self, draws: Draws, size: int) -> np.ndarray:
        """Draw a field (size, size, 1 or 3) of one standard deviation."""
        std = draws.uniform(*self.noise_std)
        channels = 3 if draws.random() < _COLORED else 1
        field = draws.normal(0, std, (size, size, channels))
        return field.astype(np.float32)


def _draw_whole(draws: Draws, ends: WholeRange) -> int:
    """A whole number, both ends included."""
    return int(draws.randint(ends[0], ends[1] + 1))
