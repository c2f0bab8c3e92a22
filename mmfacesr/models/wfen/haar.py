# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Haar transform of feature maps, by sums and differences of pixels.

A cell of 2x2 pixels p00 p01 / p10 p11 becomes one pixel of four bands:

    a = (p00 + p01 + p10 + p11) / 4        average
    h = (p00 - p01 + p10 - p11) / 4        left less right
    v = (p00 + p01 - p10 - p11) / 4        top less bottom
    d = (p00 - p01 - p10 + p11) / 4        one diagonal less the other
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def average_and_details(x: Tensor) -> tuple[Tensor, Tensor]:
    """Halve a map to its average band and the sum of its detail bands.

    No detail band is needed alone, and a + h + v + d = p00.

    Args:
        x (Tensor): (N, C, H, W), H and W even.

    Returns:
        tuple[Tensor, Tensor]: a and h + v + d, both (N, C, H/2, W/2).
    """
    average = F.avg_pool2d(x, 2)
    return average, x[..., ::2, ::2] - average


def inverse_haar(a: Tensor, h: Tensor, v: Tensor, d: Tensor) -> Tensor:
    """Double a map that is given by its bands.

    Args:
        a (Tensor): Average band, (N, C, H, W).
        h (Tensor): Left less right, same shape.
        v (Tensor): Top less bottom, same shape.
        d (Tensor): One diagonal less the other, same shape.

    Returns:
        Tensor: (N, C, 2H, 2W).
    """
    top, bottom = a + v, a - v
    top_step, bottom_step = h + d, h - d
    cell = (
        top + top_step,
        top - top_step,
        bottom + bottom_step,
        bottom - bottom_step,
    )
    return F.pixel_shuffle(torch.stack(cell, dim=2).flatten(1, 2), 2)
