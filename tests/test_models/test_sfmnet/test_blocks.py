# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Blocks of SFMNet against golden arrays, under the authors' names."""

from collections.abc import Callable

import pytest
import torch
from golden_blocks import Case, golden_block, numbered
from precisions import HALF
from torch import Tensor

from mmfacesr.models.sfmnet.blocks import (
    NOT_FINITE,
    FrequencyBlock,
    SpatialBlock,
    conv_prelu,
    downsample,
    upsample,
)
from mmfacesr.models.sfmnet.fusion import CrossAttention, Fusion
from mmfacesr.models.sfmnet.layouts import SFMNET_AUTHORS

FREQUENCY = 'frequency_block'


IDLE = 'spa_att.'
CASES = {
    'conv_prelu_3_64': Case(
        lambda: conv_prelu(3, 64), 'frequency.head.', 'head_fre.0.'
    ),
    'downsample': Case(
        lambda: downsample(64), 'spatial.downs.2.resize.', 'down3.0.'
    ),
    'upsample': Case(
        lambda: upsample(64), 'frequency.ups.0.resize.', 'up1_fre.0.'
    ),
    'residual_group': Case(
        lambda: SpatialBlock(64, 2), 'spatial.neck.second.', 'neck_mo.0.'
    ),
    'attention': Case(
        lambda: CrossAttention(64, 8),
        'fusions.3.attention.',
        'conv_fuse.3.fre_att.',
    ),
    'fusion': Case(lambda: Fusion(64, 8), 'fusions.13.', 'conv_fuse.13.'),
} | {
    f'{FREQUENCY}_{size}': Case(
        lambda: FrequencyBlock(64), 'frequency.downs.0.first.', 'down1_fre.1.'
    )
    for size in ('16', '8x16', '12x20_zero_imag', '9x7_zero_imag', 'plain_8')
}


def inputs_of(name: str, arrays: dict, make: Callable) -> list[Tensor]:
    """The golden inputs of a block, one or two."""
    shapes = numbered(arrays, f'{name}_input_shape')
    return [2 * make(shape, i) - 1 for i, shape in enumerate(shapes)]


def test_every_golden_block_is_compared(sfmnet_keys: dict) -> None:
    others = {'network', 'spatial_discriminator', 'frequency_discriminator'}
    assert sfmnet_keys.keys() - others == CASES.keys()


@torch.no_grad()
@pytest.mark.parametrize(
    'dtype, tolerance', [(torch.float32, 1e-5), (torch.float64, 1e-6)]
)
@pytest.mark.parametrize('name', CASES)
def test_block_meets_its_golden_array(
    name: str,
    dtype: torch.dtype,
    tolerance: float,
    sfmnet_weights: Callable,
    sfmnet_arrays: Callable,
    sfmnet_input: Callable,
) -> None:
    case, arrays = CASES[name], sfmnet_arrays('blocks')
    block = golden_block(case, SFMNET_AUTHORS, sfmnet_weights(name), IDLE)
    inputs = inputs_of(name, arrays, sfmnet_input)
    found = block.to(dtype)(*(x.to(dtype) for x in inputs))
    wanted = torch.from_numpy(arrays[name]).to(dtype)
    torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance)


@torch.no_grad()
@pytest.mark.parametrize('dtype', HALF)
@pytest.mark.parametrize('name', CASES)
def test_block_is_near_in_half_precision(
    name: str,
    dtype: torch.dtype,
    sfmnet_weights: Callable,
    sfmnet_arrays: Callable,
    sfmnet_input: Callable,
) -> None:
    case, arrays = CASES[name], sfmnet_arrays('blocks')
    block = golden_block(case, SFMNET_AUTHORS, sfmnet_weights(name), IDLE)
    inputs = [x.float() for x in inputs_of(name, arrays, sfmnet_input)]
    with torch.autocast('cpu', dtype):
        found = block(*inputs)
    error = found.double() - torch.from_numpy(arrays[name]).double()
    assert error.std() < 0.025 * arrays[name].std()


@torch.no_grad()
@pytest.mark.parametrize('dtype', HALF)
def test_frequency_block_is_in_float32_under_autocast(
    dtype: torch.dtype,
) -> None:
    torch.manual_seed(0)
    block, x = FrequencyBlock(8), torch.randn(1, 8, 12, 20)
    wanted = block(x.to(dtype).float())
    with torch.autocast('cpu', dtype):
        found = block(x.to(dtype))
    assert found.dtype == torch.float32
    assert torch.equal(found, wanted)


@torch.no_grad()
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_what_is_not_finite_is_replaced(value: float) -> None:
    block, fusion = FrequencyBlock(8), Fusion(8, 8)
    x = torch.ones(1, 8, 4, 4)
    x[0, 0, 0, 0] = value
    found = [block(x), fusion(x, torch.ones_like(x))]
    assert all((output == NOT_FINITE).any() for output in found)
    assert all(output.isfinite().all() for output in found)
