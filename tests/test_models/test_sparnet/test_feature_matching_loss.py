# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Feature matching over the scales of a discriminator."""

import pytest
import torch

from mmfacesr.models.sparnet import FeatureMatchingLoss
from mmfacesr.registry import MODELS


def feature(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float32).view(1, 1, 1, -1)


# Two scales of two features.
FAKE = [
    [torch.zeros(1, 2, 2, 2), feature(1, 1, 1)],
    [feature(2, 2), feature(1, -1)],
]
REAL = [
    [torch.full((1, 2, 2, 2), 3.0), feature(1, 2, 6)],
    [feature(2, -2), feature(0, 0)],
]
# Scale 0: 3 + (0 + 1 + 5) / 3 = 5; scale 1: (0 + 4) / 2 + 1 = 3.
MEAN = (5 + 3) / 2


def test_value_by_hand() -> None:
    loss = MODELS.build(dict(type='FeatureMatchingLoss'))
    assert loss(FAKE, REAL).item() == pytest.approx(10 * MEAN)
    assert FeatureMatchingLoss(0.5)(FAKE, REAL).item() == 0.5 * MEAN
    assert loss(tuple(map(tuple, FAKE)), FAKE).item() == 0
    assert loss(FAKE[:1], REAL[:1]).item() == 10 * 5
    assert loss.state_dict() == {}


def test_gradient_reaches_the_fake_alone() -> None:
    torch.manual_seed(0)
    fake = [torch.rand(2, 3, 4, 4).double().requires_grad_() for _ in 'ab']
    real = [torch.rand(2, 3, 4, 4).double().requires_grad_() for _ in 'ab']
    loss = FeatureMatchingLoss()
    assert torch.autograd.gradcheck(
        lambda a, b: loss([[a], [b]], [[f.detach()] for f in real]), fake
    )
    loss([[f] for f in fake], [[f] for f in real]).backward()
    assert all(f.grad.abs().min() > 0 for f in fake)
    assert all(f.grad is None for f in real)


@pytest.mark.parametrize('autocast', [False, True])
def test_half_precision_gives_float32(autocast: bool) -> None:
    half = [
        [[f.bfloat16() for f in scale] for scale in features]
        for features in (FAKE, REAL)
    ]
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        value = FeatureMatchingLoss()(*half)
    assert value.dtype == torch.float32
    assert value.item() == pytest.approx(10 * MEAN)


@pytest.mark.parametrize(
    'fake, real, error, message',
    [
        (FAKE, REAL[:1], ValueError, 'same shapes'),
        (FAKE, [REAL[0], REAL[1][:1]], ValueError, 'same shapes'),
        (FAKE, REAL[::-1], ValueError, r'got .*\(1, 2, 2, 2\).* and '),
        ([], [], ValueError, 'at least one scale'),
        ([[], FAKE[0]], [[], REAL[0]], ValueError, r'got \[0, 2\] features'),
        (FAKE[0], REAL[0], TypeError, 'list of features for each'),
        (FAKE, REAL[0], TypeError, 'got a tensor'),
    ],
)
def test_lists_that_do_not_fit(
    fake: list, real: list, error: type, message: str
) -> None:
    with pytest.raises(error, match=message):
        FeatureMatchingLoss()(fake, real)
