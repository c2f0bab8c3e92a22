# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Haar transforms against golden arrays and convolutions."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mmfacesr.models.wfen.haar import average_and_details, inverse_haar


def bands_of(x: Tensor, filters: Tensor) -> list[Tensor]:
    """Bands a, h, v, d by a convolution with the published filters."""
    found = F.conv2d(x, filters.to(x) / 4, stride=2, groups=x.shape[1])
    return list(found.unflatten(1, (-1, 4)).unbind(2))


def test_published_filters_give_the_golden_bands(
    wfen_weights: Callable, wfen_arrays: Callable, wfen_input: Callable
) -> None:
    arrays = wfen_arrays('blocks')
    (filters,) = wfen_weights('haar_c3').values()
    x = wfen_input(arrays['haar_c3_input_shape'])
    found = torch.cat(bands_of(x, filters), dim=1)
    wanted = torch.from_numpy(arrays['haar_c3'])
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


def test_halving_gives_the_golden_bands(
    wfen_arrays: Callable, wfen_input: Callable
) -> None:
    arrays = wfen_arrays('blocks')
    x = wfen_input(arrays['haar_c3_input_shape'])
    a, h, v, d = torch.from_numpy(arrays['haar_c3']).chunk(4, dim=1)
    average, details = average_and_details(x)
    torch.testing.assert_close(average, a, rtol=0, atol=1e-6)
    torch.testing.assert_close(details, h + v + d, rtol=0, atol=1e-6)


def test_inverse_meets_the_golden_array(
    wfen_arrays: Callable, wfen_input: Callable
) -> None:
    arrays = wfen_arrays('blocks')
    x = wfen_input(arrays['haar_inverse_c3_input_shape'])
    wanted = torch.from_numpy(arrays['haar_inverse_c3'])
    found = inverse_haar(*x.chunk(4, dim=1))
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-6)


def test_inverse_of_the_transform_is_the_map(wfen_weights: Callable) -> None:
    (filters,) = wfen_weights('haar_c3').values()
    x = torch.randn(2, 3, 6, 10, generator=torch.manual_seed(0)).double()
    torch.testing.assert_close(inverse_haar(*bands_of(x, filters)), x)
    layout = x.contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(inverse_haar(*bands_of(layout, filters)), x)
