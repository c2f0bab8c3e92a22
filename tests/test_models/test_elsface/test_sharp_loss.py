# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Loss between sharpened images, against golden arrays and OpenCV."""

import json
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mmfacesr.models.elsface import SharpLoss
from mmfacesr.models.elsface.sharp_loss import gaussian_taps

# Name -> side, seeds of pred, target and noise.
CASES = {'case_64': (64, 11, 12, 13), 'case_128': (128, 21, 22, 23)}


@pytest.fixture(scope='module')
def arrays(golden: Path) -> dict[str, np.ndarray]:
    with np.load(golden / 'elsface/sharp_loss.npz') as file:
        return dict(file)


@pytest.fixture(scope='module')
def values(golden: Path) -> dict:
    return json.loads((golden / 'elsface/sharp_loss.json').read_text())


def pair(name: str, fill: ModuleType) -> tuple[Tensor, Tensor]:
    """Golden pred and target."""
    side, pred, target, noise = CASES[name]
    shape = (2, 3, side, side)
    draw = np.random.RandomState(noise).standard_normal(shape)
    image = fill.image_batch(shape, target) + (0.05 * draw).astype('f4')
    return (
        torch.from_numpy(fill.image_batch(shape, pred)).requires_grad_(),
        torch.from_numpy(np.clip(image, 0, 1)),
    )


@pytest.mark.parametrize('name', CASES)
def test_golden_values_and_gradients(
    name: str, fill: ModuleType, arrays: dict, values: dict
) -> None:
    wanted = values[name]
    for kind, loss in (
        ('sharp', SharpLoss()),
        ('total', lambda p, t: F.l1_loss(p, t) + SharpLoss(0.05)(p, t)),
    ):
        pred, target = pair(name, fill)
        value = loss(pred, target)
        assert value.item() == pytest.approx(wanted[kind], abs=1e-6)
        value.backward()
        found, seen = pred.grad.double(), wanted[f'grad_{kind}']
        for key, number in dict(
            sum=found.sum(),
            abs_sum=found.abs().sum(),
            abs_max=found.abs().max(),
            l2=found.norm(),
        ).items():
            assert number.item() == pytest.approx(seen[key], abs=1e-5), key
        if name == 'case_64':
            golden = torch.from_numpy(arrays[f'grad_{kind}'])
            error = pred.grad[..., ::2, ::2] - golden
            assert error.abs().max() < 1e-8


def test_golden_sharpening(fill: ModuleType, arrays: dict) -> None:
    pred, _ = pair('case_64', fill)
    found = SharpLoss().sharpen(pred.detach())[..., ::2, ::2]
    error = found - torch.from_numpy(arrays['sharpened_pred'])
    assert error.abs().max() < 1e-5


@pytest.mark.parametrize('size', [51, 11])
def test_taps_are_opencvs(size: int, arrays: dict) -> None:
    found = gaussian_taps(size).numpy()
    wanted = cv2.getGaussianKernel(size, 0)[:, 0]
    assert np.abs(found - wanted).max() < 1e-15
    if size == 51:
        assert np.abs(found - arrays['kernel_1d']).max() < 1e-15


@pytest.mark.parametrize('size, amount', [(51, 0.5), (11, 2.0)])
def test_blur_is_opencvs(size: int, amount: float) -> None:
    """Of an image that is not square, at its edges too."""
    image = np.random.RandomState(0).rand(47, 60, 3)
    blurred = cv2.GaussianBlur(
        image, (size, size), 0, borderType=cv2.BORDER_REFLECT_101
    )
    wanted = image + amount * (image - blurred)
    loss = SharpLoss(kernel_size=size, amount=amount)
    found = loss.sharpen(torch.from_numpy(image).permute(2, 0, 1)[None])
    error = found[0].permute(1, 2, 0).numpy() - wanted
    assert found.dtype == torch.float64 and np.abs(error).max() < 1e-12


def test_both_images_may_be_sharpened_apart() -> None:
    """The definition, in double precision, which is kept."""
    draw = torch.Generator().manual_seed(0)
    pred, target = torch.rand(2, 2, 3, 40, 30, generator=draw).double()
    loss = SharpLoss(loss_weight=3.0)
    apart = (loss.sharpen(pred) - loss.sharpen(target)).abs().mean()
    value = loss(pred, target)
    assert value.dtype == torch.float64
    assert value.item() == pytest.approx(3 * apart.item(), rel=1e-12)
    assert loss(target, target) == 0


@pytest.mark.parametrize(
    'pred, target',
    [
        ((1, 3, 25, 40), (1, 3, 25, 40)),
        ((1, 3, 40, 25), (1, 3, 40, 25)),
        ((2, 3, 40, 40), (1, 3, 40, 40)),
        ((1, 3, 40, 40), (1, 1, 40, 40)),
    ],
)
def test_what_does_not_fit_is_refused(pred: tuple, target: tuple) -> None:
    assert SharpLoss()(torch.zeros(1, 3, 26, 26), torch.ones(1, 3, 26, 26)) > 0
    with pytest.raises(ValueError, match='one shape, sides above 25'):
        SharpLoss()(torch.zeros(pred), torch.zeros(target))


@pytest.mark.parametrize('size', [50, 1, -3])
def test_kernel_size_is_odd(size: int) -> None:
    with pytest.raises(ValueError, match=f'odd kernel_size .*got {size}'):
        SharpLoss(kernel_size=size)


def test_half_precision_is_not_used_inside(fill: ModuleType) -> None:
    pred, target = pair('case_64', fill)
    plain = SharpLoss()(pred, target)
    with torch.autocast('cpu', torch.bfloat16):
        value = SharpLoss()(pred, target)
    assert value.dtype == torch.float32 and torch.equal(value, plain)
    half = pred.detach().bfloat16(), target.bfloat16()
    value = SharpLoss()(*half)
    assert value.dtype == torch.float32
    assert torch.equal(value, SharpLoss()(*(image.float() for image in half)))
