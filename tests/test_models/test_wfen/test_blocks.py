# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Blocks of WFEN against golden arrays, under the authors' names."""

from collections.abc import Callable

import pytest
import torch
from golden_blocks import Case, golden_block, numbered
from precisions import HALF, needs_float16

from mmfacesr.models.wfen.attention import GlobalAttention, WindowAttention
from mmfacesr.models.wfen.blocks import (
    ChannelLayerNorm,
    FullDomainTransformer,
    GatedFeedForward,
    WaveletDown,
    WaveletUp,
)
from mmfacesr.models.wfen.layouts import WFEN_AUTHORS

FILTERS = 'haar_weights'
ATTENTION = 'window_layer.attention.', 'modules_att.att_0.'
CASES = {
    'layernorm_c40': Case(
        lambda: ChannelLayerNorm(40),
        'window_layer.attention_norm.',
        'modules_norm.norm_0.',
    ),
    'feedforward_c40': Case(
        lambda: GatedFeedForward(40),
        'window_layer.feed_forward.',
        'modules_ffd.ffd0.',
    ),
    'wfd_40_80': Case(
        lambda: WaveletDown(40, 80), 'downs.0.', 'HaarDownsample1.'
    ),
    'wfu_40_80': Case(
        lambda: WaveletUp(40, 80), 'ups.0.', 'HaarFeatureFusion1.'
    ),
    'wfu_160_160': Case(
        lambda: WaveletUp(160, 160), 'ups.0.', 'HaarFeatureFusion1.'
    ),
}
for c, w, s in ((40, 8, 0), (80, 4, 1), (40, 2, 1), (160, 1, 1)):
    CASES[f'window_attention_c{c}_w{w}_s{s}'] = Case(
        lambda c=c, w=w, s=s: WindowAttention(c, w, bool(s)), *ATTENTION
    )
for c, h in ((40, 4), (160, 8)):
    CASES[f'global_attention_c{c}_h{h}'] = Case(
        lambda c=c, h=h: GlobalAttention(c, h), *ATTENTION
    )
for c, w, s, h in (
    (40, 8, 0, 4),
    (80, 4, 1, 4),
    (160, 2, 0, 8),
    (160, 1, 0, 8),
    (160, 1, 1, 8),
    (160, 8, 1, 8),
    (40, 2, 1, 4),
):
    CASES[f'fdt_c{c}_w{w}_s{s}_h{h}'] = Case(
        lambda c=c, w=w, s=s, h=h: FullDomainTransformer(c, w, h, bool(s))
    )


def test_every_golden_block_is_compared(wfen_keys: dict) -> None:
    wanted = {name for name in wfen_keys if not name.startswith('haar')}
    assert wanted - {'network'} == CASES.keys()


@torch.no_grad()
@pytest.mark.parametrize(
    'dtype, tolerance', [(torch.float32, 5e-5), (torch.float64, 1e-6)]
)
@pytest.mark.parametrize('name', CASES)
def test_block_meets_its_golden_array(
    name: str,
    dtype: torch.dtype,
    tolerance: float,
    wfen_weights: Callable,
    wfen_arrays: Callable,
    wfen_input: Callable,
) -> None:
    case, arrays = CASES[name], wfen_arrays('blocks')
    block = golden_block(case, WFEN_AUTHORS, wfen_weights(name), FILTERS)
    shapes = numbered(arrays, f'{name}_input_shape')
    inputs = [wfen_input(shape, i) for i, shape in enumerate(shapes)]
    found = block.to(dtype)(*(x.to(dtype) for x in inputs))
    found = found if isinstance(found, tuple) else (found,)
    wanted = numbered(arrays, name)
    assert len(found) == len(wanted)
    for output, array in zip(found, wanted):
        torch.testing.assert_close(
            output, torch.from_numpy(array).to(dtype), rtol=0, atol=tolerance
        )


@torch.no_grad()
@pytest.mark.parametrize(
    'dtype, tolerance',
    [
        (torch.bfloat16, 0.025),
        pytest.param(torch.float16, 0.003, marks=needs_float16),
    ],
)
@pytest.mark.parametrize('name', CASES)
def test_block_is_near_in_half_precision(
    name: str,
    dtype: torch.dtype,
    tolerance: float,
    wfen_weights: Callable,
    wfen_arrays: Callable,
    wfen_input: Callable,
) -> None:
    """The error is a part of the standard deviation of the output."""
    case, arrays = CASES[name], wfen_arrays('blocks')
    block = golden_block(case, WFEN_AUTHORS, wfen_weights(name), FILTERS)
    shapes = numbered(arrays, f'{name}_input_shape')
    with torch.autocast('cpu', dtype):
        found = block(*(wfen_input(s, i) for i, s in enumerate(shapes)))
    found = found if isinstance(found, tuple) else (found,)
    for output, array in zip(found, numbered(arrays, name)):
        error = output.double() - torch.from_numpy(array).double()
        assert error.std() < tolerance * array.std()


@torch.no_grad()
@pytest.mark.parametrize('dtype', HALF)
def test_norms_stay_in_float32_under_autocast(dtype: torch.dtype) -> None:
    norm = ChannelLayerNorm(8)
    x = 300 + torch.randn(1, 8, 4, 4, generator=torch.manual_seed(0))
    wanted = norm(x.to(dtype).float())
    with torch.autocast('cpu', dtype):
        found = norm(x.to(dtype))
    assert found.dtype == torch.float32
    assert torch.equal(found, wanted)
