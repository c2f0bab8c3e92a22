# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a metric of results beside the protocols is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Optional

import numpy as np

Faces = tuple[np.ndarray, np.ndarray, Optional[np.ndarray]]
"""Result, ground truth and input, (H, W, 3) uint8 RGB; the input may be
None."""


@dataclass(frozen=True)
class ImageMetric:
    """A metric of single images.

    Attributes:
        measure (Callable): Result, ground truth and input to values by name;
            NaN where there is none, such as landmarks of a face that is not
            found.
        about (str): What it compares, and with whose weights.
        needs_lr (bool): Whether it takes the input. Defaults to False.
    """

    measure: Callable[..., dict[str, float]]
    about: str
    needs_lr: bool = False


@dataclass(frozen=True)
class SetMetric:
    """A metric of a whole set.

    Attributes:
        measure (Callable): Calls its argument for an iterator over the faces
            of the set, as often as it likes. Returns by name floats of the
            set, or (N,) arrays of single images.
        about (str): What it compares, and with whose weights.
    """

    measure: Callable[
        [Callable[[], Iterator[Faces]]], dict[str, float | np.ndarray]
    ]
    about: str
