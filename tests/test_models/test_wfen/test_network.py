# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN's arguments, sizes, start, precision and memory."""

import pytest
import torch
from precisions import HALF
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmfacesr.models.wfen import WFEN
from mmfacesr.registry import MODELS

HAAR = 384  # entries of fixed filters a unit of width, in published counts
SMALL = dict(mid_channels=8, num_blocks=3, init_std=None)


def small(**arguments: object) -> WFEN:
    """A narrow network, the same weights every time."""
    torch.manual_seed(0)
    return WFEN(**(SMALL | arguments)).eval()


def noise(*shape: int) -> Tensor:
    """A batch in [-1, 1]."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(shape, generator=generator) * 2 - 1


@pytest.mark.parametrize(
    'arguments, published',
    [
        ({}, 6_795_879),
        (dict(num_blocks=2), 4_243_791),
        (dict(num_blocks=4), 5_519_835),
        (dict(num_blocks=8), 8_071_923),
        (dict(mid_channels=24), 2_511_487),
        (dict(mid_channels=32), 4_393_567),
        (dict(mid_channels=48), 9_721_015),
    ],
)
def test_parameter_counts(arguments: dict, published: int) -> None:
    network = WFEN(**arguments)
    filters = HAAR * arguments.get('mid_channels', 40)
    found = sum(p.numel() for p in network.parameters())
    assert found == published - filters


def test_it_is_registered() -> None:
    network = MODELS.build(dict(type='WFEN', mid_channels=8, num_blocks=1))
    assert isinstance(network, WFEN)


def test_state_dict_holds_parameters_alone() -> None:
    network = small()
    names = [name for name, _ in network.named_parameters()]
    assert list(network.state_dict()) == names


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(in_channels=0), 'in_channels to be an integer .*got 0'),
        (dict(out_channels=-1), 'out_channels .*got -1'),
        (dict(mid_channels=0), 'mid_channels .*got 0'),
        (dict(mid_channels=42), 'mid_channels to be a multiple of 4.*got 42'),
        (dict(mid_channels=40.0), r'mid_channels .*got 40\.0'),
        (dict(num_blocks=0), 'num_blocks .*at least 1, got 0'),
        (dict(num_blocks='6'), "num_blocks .*got '6'"),
        (dict(init_std=0.0), r'init_std to be .*got 0\.0'),
        (dict(init_std=-0.02), r'init_std .*got -0\.02'),
        (dict(init_std=float('nan')), 'init_std .*got nan'),
    ],
)
def test_what_cannot_be_honored_is_refused_by_name(
    arguments: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        WFEN(**(SMALL | arguments))


@torch.no_grad()
@pytest.mark.parametrize('size', [(32, 32), (64, 96), (160, 32)])
def test_multiples_of_32_are_taken(size: tuple) -> None:
    network = small(in_channels=1, out_channels=2)
    assert network.size_requirement.allows(*size)
    output = network(noise(2, 1, *size))
    assert output.shape == (2, 2, *size)
    assert output.isfinite().all()


@torch.no_grad()
def test_operations_are_counted_without_values() -> None:
    """As for the reference: layers 7.471, matrix products 0.600 GMACs.

    The latter with two of 160x160 a pixel in six blocks, whose windows of
    one pixel need no matrix here.
    """
    with torch.device('meta'):
        network, image = WFEN(init_std=None), torch.empty(1, 3, 128, 128)
    with FlopCounterMode(display=False) as counter:
        network(image)
    counts = counter.get_flop_counts()['Global']
    products = sum(
        count for operation, count in counts.items() if 'mm' in str(operation)
    )
    convolutions = counter.get_total_flops() - products
    spared = 2 * 6 * 16**2 * 160**2
    assert convolutions / 2e9 == pytest.approx(7.471, abs=5e-4)
    assert (products / 2 + spared) / 1e9 == pytest.approx(0.600, abs=5e-4)


@pytest.mark.parametrize(
    'shape',
    [
        (1, 3, 48, 48),
        (1, 3, 32, 40),
        (1, 3, 16, 32),
        (1, 3, 0, 32),
        (1, 1, 32, 32),
        (3, 32, 32),
    ],
)
def test_other_shapes_are_refused_by_name(shape: tuple) -> None:
    with pytest.raises(ValueError, match='WFEN expected'):
        small()(torch.zeros(shape))


@torch.no_grad()
def test_images_of_a_batch_do_not_meet() -> None:
    network, images = small().double(), noise(3, 3, 32, 64).double()
    together = network(images)
    for image, found in zip(images, together):
        torch.testing.assert_close(network(image[None])[0], found)


@torch.no_grad()
def test_nothing_is_kept_between_calls() -> None:
    network, image = small(), noise(1, 3, 32, 32)
    before = {key: value.clone() for key, value in vars_of(network).items()}
    first = network(image)
    network(noise(3, 3, 64, 32))
    assert torch.equal(network(image), first)
    assert torch.equal(network.train()(image), first), 'no mode'
    after = vars_of(network)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[key], after[key]) for key in before)


def vars_of(network: nn.Module) -> dict[str, Tensor]:
    """All tensors that its modules hold, registered or not."""
    found = dict(network.named_parameters())
    for name, module in network.named_modules():
        for key, value in vars(module).items():
            if isinstance(value, Tensor):
                found[f'{name}.{key}'] = value
    return found


@torch.no_grad()
def test_only_shifted_bottleneck_blocks_are_fixed() -> None:
    plain, fixed = small(), small(fix_window_shift=True)
    found = {
        name: (module.shift_before, module.shift_after)
        for name, module in plain.named_modules()
        if hasattr(module, 'shift_before')
    }
    moved = {
        name: (module.shift_before, module.shift_after)
        for name, module in fixed.named_modules()
        if hasattr(module, 'shift_before')
    }
    changed = {name for name in found if found[name] != moved[name]}
    assert changed == {'bottleneck.1.window_layer.attention'}
    assert found[changed.pop()] == (-1, 0)
    image = noise(1, 3, 32, 32)
    assert not torch.equal(plain(image), fixed(image))


def test_it_starts_as_the_released_network_did() -> None:
    network = WFEN(mid_channels=16, num_blocks=1)
    for name, parameter in network.named_parameters():
        if 'norm.weight' in name or 'temperature' in name:
            assert (parameter == 1).all(), name
        elif name.endswith('bias'):
            assert (parameter == 0).all(), name
        else:
            error = 0.02 * 4 / parameter.numel() ** 0.5
            assert abs(parameter.mean()) < error, name
            assert abs(parameter.std() - 0.02) < error, name


def test_it_can_start_as_pytorch_does() -> None:
    network = WFEN(mid_channels=16, num_blocks=1, init_std=None)
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            bound = layer.weight[0].numel() ** -0.5
            assert 0.9 * bound < layer.weight.abs().max() <= bound, name
            assert layer.bias is None or (layer.bias == 0).all(), name


def test_every_parameter_is_trained() -> None:
    network = small().train()
    network(noise(2, 3, 32, 32)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def largest_gradient(network: WFEN, image: Tensor) -> float:
    """Largest norm of the gradient of a parameter."""
    network.zero_grad()
    network(image).square().mean().backward()
    norms = [p.grad.norm() for p in network.parameters()]
    assert all(norm.isfinite() for norm in norms)
    return max(norms).item()


@pytest.mark.parametrize('value', [-1.0, 0.0, 1 / 255, 1.0])
@pytest.mark.parametrize('init_std', [None, 0.02])
def test_constant_image_has_a_gradient_as_any_other(
    value: float, init_std: float | None
) -> None:
    """Finite is not enough: 1e7 would ruin Adam's averages as well.

    A norm enlarges the gradient of a faint map, at most by 1 / 1e-5 ** 0.5.
    """
    network, image = small(init_std=init_std), noise(1, 3, 32, 32)
    constant = torch.full_like(image, value)
    assert network(constant).isfinite().all()
    found = largest_gradient(network, constant)
    assert found < 316 * largest_gradient(network, image)


@pytest.mark.parametrize('dtype', HALF)
@pytest.mark.parametrize('init_std', [None, 0.02])
@pytest.mark.parametrize('value', [None, -1.0, 0.0])
def test_half_precision_is_finite(
    dtype: torch.dtype, init_std: float | None, value: float | None
) -> None:
    network, image = small(init_std=init_std), noise(2, 3, 32, 32)
    if value is not None:
        image = torch.full_like(image, value)
    with torch.autocast('cpu', dtype):
        output = network(image)
    assert output.isfinite().all()
    output.float().square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.dtype == torch.float32
        assert parameter.grad.isfinite().all(), name


def test_memory_format_does_not_matter() -> None:
    network, image = small().double(), noise(2, 3, 32, 64).double()
    wanted = network(image)
    wanted.square().sum().backward()
    gradients = [p.grad.clone() for p in network.parameters()]
    network.zero_grad()
    network = network.to(memory_format=torch.channels_last)
    found = network(image.contiguous(memory_format=torch.channels_last))
    torch.testing.assert_close(found, wanted)
    found.square().sum().backward()
    for parameter, gradient in zip(network.parameters(), gradients):
        # Rounding grows from block to block, on the way back as well.
        torch.testing.assert_close(
            parameter.grad, gradient, rtol=1e-5, atol=1e-5
        )
