# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What PFSRNet's discriminator makes of a batch."""

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.pfsrnet import PFSRNetDiscriminator
from mmfacesr.models.pfsrnet import discriminator as module


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.manual_seed(0))


@pytest.fixture
def discriminator() -> PFSRNetDiscriminator:
    torch.manual_seed(0)
    return PFSRNetDiscriminator(mid_channels=16)


@torch.no_grad()
def test_discriminator_fades_in_from_the_halved_image(
    discriminator: PFSRNetDiscriminator,
) -> None:
    image = noise(2, 3, 64, 32)
    for step in (1, 2, 3):
        scores = discriminator(image, step)
        assert scores.shape == (2,)
        assert torch.equal(discriminator(image, step, 1), scores)
        assert torch.equal(discriminator(image, step, 0), scores) == (
            step == 1
        )
    assert torch.equal(discriminator(image), scores), (
        'the last step is the default'
    )
    # Without the statistic, which looks at the image as it is given.
    discriminator.equal_conv.conv.weight_orig[:, -1] = 0
    halved = nn.functional.avg_pool2d(image, 2)
    torch.testing.assert_close(
        discriminator(image, 3, 0), discriminator(halved, 2)
    )


def test_statistic_of_a_batch() -> None:
    image = noise(3, 2, 4, 4)
    found = module.batch_deviation(image)
    wanted = image.numpy().std(axis=0, ddof=1).mean()
    assert found.item() == pytest.approx(wanted, abs=1e-6)
    same = image[:1].expand(2, -1, -1, -1)
    assert module.batch_deviation(same).item() == pytest.approx(1e-4)
    assert module.batch_deviation(image[:1]).item() == 0
    half = module.batch_deviation(image.bfloat16())
    assert half.dtype == torch.float32


def test_batch_of_one_trains(discriminator: PFSRNetDiscriminator) -> None:
    score = discriminator(noise(1, 3, 8, 8))
    score.sum().backward()
    assert score.isfinite().all()
    assert all(
        p.grad.isfinite().all() for p in discriminator.step1.parameters()
    )


def penalize(discriminator: PFSRNetDiscriminator, image: Tensor) -> list[bool]:
    """Say of every parameter that was used if its gradient is finite."""
    image = image.clone().requires_grad_()
    scores = discriminator(image, 3, 0.5)
    assert scores.isfinite().all()
    (slope,) = torch.autograd.grad(scores.sum(), image, create_graph=True)
    penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
    (scores.mean() + penalty).backward()
    grads = [p.grad for p in discriminator.parameters() if p.grad is not None]
    return [bool(grad.isfinite().all()) for grad in grads]


@pytest.mark.parametrize('flat', [False, True])
def test_gradient_penalty_of_equal_images(
    discriminator: PFSRNetDiscriminator,
    flat: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = noise(1, 3, 16, 16).expand(2, -1, -1, -1)
    if flat:
        image = torch.full_like(image, 0.5)
    finite = penalize(discriminator, image)
    assert len(finite) == 22 and all(finite), 'all but from_rgb.0'
    monkeypatch.setattr(
        module, 'batch_deviation', lambda image: image.std(dim=0).mean()
    )
    discriminator.zero_grad()
    assert not all(penalize(discriminator, image)), (
        'a plain deviation would do'
    )
