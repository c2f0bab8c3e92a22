# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's arguments, sizes and order of colors."""

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.elsface.layouts import ELSFACE_AUTHORS
from mmfacesr.models.elsface.network import StyleEncoder

SMALL = dict(mid_channels=6, num_heads=2)
RELEASED = 6_620_733
STAGE = 2 * (60 * 60 * 9 + 60)  # of the style encoder


def small(**arguments: int) -> ELSFaceNet:
    """A narrow network, the same weights every time."""
    torch.manual_seed(0)
    return ELSFaceNet(**(SMALL | arguments)).eval()


def noise(*shape: int) -> Tensor:
    """A batch in [0, 1]."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    'arguments, wanted',
    [
        ({}, RELEASED),
        (dict(num_cnn_recursions=3, num_transformer_recursions=1), RELEASED),
        (dict(upscale_factor=8), RELEASED),
        # 7,010,277 in all, of which 24 are a mean shift that is not used
        (dict(upscale_factor=8, tail_factor=4), 7_010_253),
        (dict(lr_size=16), RELEASED - STAGE),
        (dict(lr_size=64), RELEASED + STAGE),
        (dict(window_size=4), RELEASED - (15**2 - 7**2) * 6),
    ],
)
def test_parameter_counts(arguments: dict, wanted: int) -> None:
    network = ELSFaceNet(**arguments)
    assert sum(p.numel() for p in network.parameters()) == wanted


def test_state_dict_holds_parameters_alone() -> None:
    network = small()
    names = [name for name, _ in network.named_parameters()]
    assert list(network.state_dict()) == names


@torch.no_grad()
@pytest.mark.parametrize(
    'arguments, minimum, sizes',
    [
        ({}, 25, [(32, 32), (40, 64), (25, 37), (51, 32)]),
        (dict(upscale_factor=8), 25, [(32, 32), (25, 27)]),
        (dict(upscale_factor=8, tail_factor=4), 25, [(32, 32), (33, 25)]),
        (dict(upscale_factor=2, tail_factor=1), 25, [(29, 32)]),
        (
            dict(upscale_factor=8, tail_factor=2, lr_size=16),
            13,
            [(16, 16), (13, 32), (19, 21)],
        ),
    ],
)
def test_sizes(arguments: dict, minimum: int, sizes: list) -> None:
    network = small(**arguments)
    assert network.size_requirement.minimum == minimum
    assert network.size_requirement.multiple_of == 1
    scale = arguments.get('upscale_factor', 4)
    for height, width in sizes:
        output = network(noise(1, 3, height, width))
        assert output.shape == (1, 3, height * scale, width * scale)
        assert output.isfinite().all()
    for shape in (
        (1, 3, minimum - 1, 32),
        (1, 3, 32, minimum - 1),
        (1, 1, 32, 32),
        (3, 32, 32),
    ):
        with pytest.raises(ValueError, match='ELSFaceNet expected'):
            network(torch.zeros(shape))


@torch.no_grad()
@pytest.mark.parametrize('side', [8, 16, 32, 64])
def test_a_face_of_the_declared_size_is_not_pooled(side: int) -> None:
    """The last map is 4x4 at ``lr_size``, and just so at the minimum."""
    encoder = StyleEncoder(side, 6)
    maps = encoder.stages[:-1]
    for size in (side, encoder.minimum):
        assert maps(noise(1, 3, size, size)).shape[-2:] == (4, 4)
        image = noise(2, 3, size, size)
        plain = encoder.stages(image)
        assert torch.equal(encoder(image).flatten(1), plain)
    below = noise(1, 3, encoder.minimum - 1, encoder.minimum - 1)
    assert maps(below).shape[-2:] == (3, 3)
    assert encoder(noise(1, 3, side, 2 * side)).shape == (1, 2, 6)


@pytest.mark.parametrize(
    'arguments, message',
    [
        (dict(upscale_factor=0), 'upscale_factor to be at least 1, got 0'),
        (dict(upscale_factor=6), 'even multiple of tail_factor, got 6 and 2'),
        (dict(tail_factor=4), 'even multiple of tail_factor, got 4 and 4'),
        (dict(tail_factor=0), 'tail_factor'),
        (dict(lr_size=24), 'lr_size that is a power of two.*got 24'),
        (dict(lr_size=33), 'lr_size .*got 33'),
        (dict(lr_size=4), 'lr_size .*at least 8, got 4'),
        (dict(lr_size=-32), 'lr_size .*got -32'),
        (dict(mid_channels=50), 'multiple of num_heads, got 50 and 6'),
        (dict(mid_channels=0), 'mid_channels'),
        (dict(num_cnn_recursions=-1), 'num_cnn_recursions'),
        (dict(num_transformer_recursions=0), 'num_transformer_recursions'),
        (dict(num_heads=0), 'num_heads'),
        (dict(window_size=0), 'window_size'),
    ],
)
def test_what_cannot_be_honored_is_refused_by_name(
    arguments: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ELSFaceNet(**arguments)


@torch.no_grad()
def test_weights_trained_on_bgr_restore_rgb() -> None:
    """Equal but for the order in which three products are summed."""
    bgr, rgb = small().double(), small().double()
    nn.init.normal_(bgr.tail[2].bias)
    theirs = {
        f'model.{ELSFACE_AUTHORS.key(key)}': value
        for key, value in bgr.state_dict().items()
    }
    load_weights(rgb, dict(epoch=40, state_dict=theirs))
    image = noise(2, 3, 32, 36).double()
    wanted = bgr(image.flip(1)).flip(1)
    assert (wanted - bgr(image)).abs().max() > 1e-2, 'the order is seen'
    torch.testing.assert_close(rgb(image), wanted, rtol=1e-13, atol=1e-14)
    # Nothing is summed over the colors of the output: they are only moved.
    last = noise(2, 6, 8, 8).double()
    assert torch.equal(rgb.tail[2](last), bgr.tail[2](last).flip(1))


@torch.no_grad()
def test_training_and_evaluation_give_the_same() -> None:
    network, image = small(), noise(2, 3, 32, 32)
    evaluated = network(image)
    assert torch.equal(network.train()(image), evaluated)


@torch.no_grad()
@pytest.mark.parametrize('size', [(32, 32), (27, 40)])
def test_images_of_a_batch_do_not_meet(size: tuple) -> None:
    network, images = small(), noise(3, 3, *size)
    together = network(images)
    for image, found in zip(images, together):
        torch.testing.assert_close(
            network(image[None])[0], found, rtol=1e-5, atol=1e-6
        )
    images[1] = 1 - images[1]
    again = network(images)
    assert torch.equal(again[0], together[0])
    assert not torch.equal(again[1], together[1])


def test_both_styles_and_all_parameters_are_trained() -> None:
    network = small().train()
    network(noise(1, 3, 32, 32)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
    last = network.style_encoder.stages[-1][-1].bias.grad
    assert last.view(2, -1).abs().amin() > 0
