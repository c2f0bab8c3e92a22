# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet's arguments, sizes, outputs and precision."""

import pytest
import torch
from precisions import HALF
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmfacesr.models.sfmnet import SFMNet
from mmfacesr.registry import MODELS

IDLE = 14 * 18_120  # of the attention that is never used, in published counts


def small(**arguments: object) -> SFMNet:
    """A narrow network, the same weights every time."""
    torch.manual_seed(0)
    return SFMNet(**(dict(mid_channels=16, num_blocks=1) | arguments)).eval()


def noise(*shape: int) -> Tensor:
    """A batch in [0, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    'num_blocks, published',
    [(1, 7_767_430), (2, 8_799_622), (3, 9_831_814), (4, 10_864_006)],
)
def test_parameter_counts(num_blocks: int, published: int) -> None:
    network = SFMNet(num_blocks=num_blocks)
    found = sum(p.numel() for p in network.parameters())
    assert found == published - IDLE


def test_it_is_registered() -> None:
    network = MODELS.build(dict(type='SFMNet', mid_channels=8, num_blocks=1))
    assert isinstance(network, SFMNet)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(in_channels=0), 'in_channels to be an integer .*got 0'),
        (dict(mid_channels=-8), 'mid_channels .*got -8'),
        (dict(mid_channels=12), 'mid_channels to be a multiple of 8.*got 12'),
        (dict(mid_channels=8.0), r'mid_channels .*got 8\.0'),
        (dict(num_blocks=0), 'num_blocks .*at least 1, got 0'),
        (dict(num_blocks='2'), "num_blocks .*got '2'"),
    ],
)
def test_what_cannot_be_honored_is_refused_by_name(
    arguments: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        small(**arguments)


@torch.no_grad()
@pytest.mark.parametrize('size', [(8, 8), (40, 40), (24, 56)])
def test_multiples_of_8_are_taken(size: tuple) -> None:
    network = small(in_channels=1)
    assert network.size_requirement.allows(*size)
    for image in network(noise(2, 1, *size)):
        assert image.shape == (2, 1, *size)
        assert image.isfinite().all()


@pytest.mark.parametrize(
    'shape',
    [
        (1, 3, 36, 40),
        (1, 3, 40, 44),
        (1, 3, 4, 8),
        (1, 3, 0, 8),
        (1, 1, 32, 32),
        (3, 32, 32),
    ],
)
def test_other_shapes_are_refused_by_name(shape: tuple) -> None:
    with pytest.raises(ValueError, match='SFMNet expected'):
        small()(torch.zeros(shape))


@torch.no_grad()
def test_operations_are_those_counted_for_the_reference() -> None:
    with torch.device('meta'):
        network, image = SFMNet(), torch.empty(1, 3, 128, 128)
    with FlopCounterMode(display=False) as counter:
        network(image)
    counts = counter.get_flop_counts()['Global']
    products = sum(
        count for operation, count in counts.items() if 'mm' in str(operation)
    )
    convolutions = counter.get_total_flops() - products
    assert convolutions / 2e9 == pytest.approx(30.574, abs=5e-4)
    assert products / 2e9 == pytest.approx(0.111, abs=5e-4)


@torch.no_grad()
def test_image_only_is_the_image_of_the_pair() -> None:
    network, image = small(), noise(2, 3, 16, 24)
    pair = network(image)
    assert torch.equal(network(image, image_only=True), pair.image)
    assert not torch.equal(pair.image, pair.frequency_image)


@torch.no_grad()
def test_frequency_branch_runs_by_itself() -> None:
    network, image = small(), noise(1, 3, 16, 16)
    before = network(image)
    for module in (network.spatial, network.fusions):
        for parameter in module.parameters():
            nn.init.normal_(parameter)
    after = network(image)
    assert torch.equal(after.frequency_image, before.frequency_image)
    assert not torch.equal(after.image, before.image)


@torch.no_grad()
def test_nothing_is_kept_between_calls() -> None:
    network, image = small(), noise(1, 3, 16, 16)
    first = network(image).image
    network(noise(3, 3, 24, 8))
    assert torch.equal(network(image).image, first)
    assert torch.equal(network.train()(image).image, first), 'no mode'


def test_every_parameter_is_trained_by_both_images_together() -> None:
    network = small()
    pair = network(noise(2, 3, 32, 32))
    sum(image.square().mean() for image in pair).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def largest_gradient(network: SFMNet, image: Tensor) -> float:
    """Largest norm of the gradient of a parameter."""
    network.zero_grad()
    sum(each.square().mean() for each in network(image)).backward()
    norms = [p.grad.norm() for p in network.parameters()]
    assert all(norm.isfinite() for norm in norms)
    return max(norms).item()


@pytest.mark.parametrize('value', [0.0, 1 / 255, 0.5, 1.0])
def test_constant_image_has_a_gradient_as_any_other(value: float) -> None:
    network, image = small(), noise(1, 3, 32, 32)
    constant = torch.full_like(image, value)
    found = largest_gradient(network, constant)
    assert found < 300 * largest_gradient(network, image)


@pytest.mark.parametrize('dtype', HALF)
@pytest.mark.parametrize('value', [None, 0.0, 1.0])
def test_half_precision_is_finite(
    dtype: torch.dtype, value: float | None
) -> None:
    network, image = small(), noise(2, 3, 32, 32)
    if value is not None:
        image = torch.full_like(image, value)
    with torch.autocast('cpu', dtype):
        pair = network(image)
    assert all(each.isfinite().all() for each in pair)
    sum(each.float().square().mean() for each in pair).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all(), name


def test_memory_format_does_not_matter() -> None:
    network, image = small().double(), noise(2, 3, 16, 24).double()
    wanted = network(image).image
    network = network.to(memory_format=torch.channels_last)
    found = network(image.contiguous(memory_format=torch.channels_last)).image
    torch.testing.assert_close(found, wanted)
