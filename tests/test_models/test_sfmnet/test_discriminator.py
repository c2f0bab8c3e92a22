# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMGAN's two discriminators against golden arrays."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from mmfacesr.models.common.light_cnn import LIGHT_CNN_RULE
from mmfacesr.models.sfmnet import SFMNetDiscriminator
from mmfacesr.weights.layouts import Layout

THEIRS = dict(
    of_image='spatial_discriminator', of_spectrum='frequency_discriminator'
)
LAYOUT = Layout('light-cnn', (LIGHT_CNN_RULE,))


def fill(judge: nn.Module, weights: dict) -> None:
    """Give a discriminator its golden weights, all of them."""
    names = {key: LAYOUT.key(key) for key in judge.state_dict()}
    assert set(names.values()) == weights.keys()
    judge.load_state_dict({key: weights[names[key]] for key in names})


@torch.no_grad()
@pytest.mark.parametrize(
    'dtype, tolerance',
    [(torch.float64, (1e-5, 1e-5)), (torch.float32, (1e-5, 1e-2))],
)
def test_scores_meet_their_golden_arrays(
    dtype: torch.dtype,
    tolerance: tuple,
    sfmnet_weights: Callable,
    sfmnet_arrays: Callable,
    sfmnet_input: Callable,
) -> None:
    """In float32, phases of bins near zero are rounding."""
    network = SFMNetDiscriminator()
    counts = {}
    for part, name in THEIRS.items():
        judge = getattr(network, part)
        fill(judge, sfmnet_weights(name))
        counts[part] = sum(p.numel() for p in judge.parameters())
    assert counts == dict(of_image=5_485_921, of_spectrum=3_920_257)
    image = sfmnet_input((2, 3, 128, 128), 2).to(dtype)
    scores, arrays = network.to(dtype)(image), sfmnet_arrays('training')
    for found, name, atol in zip(scores, THEIRS.values(), tolerance):
        np.testing.assert_allclose(found, arrays[name], rtol=0, atol=atol)


@pytest.mark.parametrize('shape', [(1, 3, 64, 64), (1, 1, 128, 128)])
def test_other_shapes_are_refused_by_name(shape: tuple) -> None:
    with pytest.raises(ValueError, match='SFMNetDiscriminator expected'):
        SFMNetDiscriminator()(torch.zeros(shape))


def test_scores_under_autocast_have_gradients() -> None:
    network = SFMNetDiscriminator()
    image = torch.rand(1, 3, 128, 128, requires_grad=True)
    with torch.autocast('cpu', torch.bfloat16):
        scores = network(image)
    sum(score.float().sum() for score in scores).backward()
    assert image.grad.isfinite().all() and image.grad.any()
