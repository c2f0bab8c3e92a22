# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is added to a part of a picture."""

import numpy as np


def check_change(
    x: int, y: int, change: np.ndarray, size: tuple[int, int]
) -> None:
    """Refuse a change that cannot be added to a box of a picture.

    Args:
        x (int): Column of the left edge of the box.
        y (int): Row of its upper edge.
        change (np.ndarray): What is added there.
        size (tuple[int, int]): (h, w) of the picture.

    Raises:
        ValueError: If the box is not within the picture, or the change is
            not (h, w, 3), or not finite.
    """
    height, width = size
    if change.ndim != 3 or change.shape[2] != 3:
        raise ValueError(
            f'Expected a change of shape (h, w, 3), got {change.shape}; '
            'repeat a gray one.'
        )
    bottom, right = y + change.shape[0], x + change.shape[1]
    if min(x, y) < 0 or bottom > height or right > width:
        raise ValueError(
            f'Expected a box within {width}x{height} pixels, got x '
            f'{x} to {right} and y {y} to {bottom}; cut the change.'
        )
    if not np.isfinite(change).all():
        raise ValueError(
            'Expected a finite change, got NaN or infinity; check the '
            'network that made it.'
        )
