# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What callers of DIC's networks rely on."""

import copy
from collections.abc import Callable

import pytest
import torch
from mmengine.model import ExponentialMovingAverage

from mmfacesr.models.dic import DICDiscriminator, DICGenerator
from mmfacesr.models.dic.network import merge_heatmaps

Build = Callable[..., DICGenerator]


def faces(*shape: int, seed: int = 0) -> torch.Tensor:
    """Return normalized noise."""
    return torch.rand(shape, generator=torch.manual_seed(seed)) - 0.4


@pytest.mark.parametrize('size', [(8, 8), (24, 24), (16, 24)])
def test_any_multiple_of_eight(small_dic: Build, size: tuple) -> None:
    height, width = size
    net = small_dic()
    with torch.no_grad():
        images, heatmaps = net(faces(1, 3, *size))
    assert [i.shape for i in images] == [(1, 3, 8 * height, 8 * width)] * 2
    assert [h.shape for h in heatmaps] == [(1, 68, 2 * height, 2 * width)] * 2


def test_base_image_is_the_enlarged_input(small_dic: Build) -> None:
    net = small_dic()
    torch.nn.init.zeros_(net.conv_last[2].weight)
    torch.nn.init.zeros_(net.conv_last[2].bias)
    ramp = torch.arange(16.0).expand(1, 3, 24, 16)
    sr = net(ramp, image_only=True)
    # Half-pixel centers: column j lies at (j + 0.5) / 8 - 0.5 of the input.
    columns = ((torch.arange(128) + 0.5) / 8 - 0.5).clamp(0, 15)
    torch.testing.assert_close(sr, columns.expand(1, 3, 192, 128))


def test_nothing_stays_between_calls(small_dic: Build) -> None:
    net = small_dic().eval()
    one, three = faces(1, 3, 16, 16), faces(3, 3, 16, 24, seed=1)
    with torch.no_grad():
        first = net(one)[0][-1]
        of_three = net(three)[0][-1]
        assert torch.equal(first, net(one)[0][-1])
        torch.testing.assert_close(
            of_three[1:2], net(three[1:2])[0][-1], rtol=0, atol=1e-5
        )


def test_image_only_is_the_last_image(small_dic: Build) -> None:
    net, calls = small_dic(num_steps=3), []
    net.hour_glass.register_forward_hook(lambda *_: calls.append(1))
    lr = faces(2, 3, 8, 8)
    full = net(lr)[0][-1]
    assert len(calls) == 3
    assert torch.equal(net.eval()(lr, image_only=True), full)
    assert len(calls) == 5, 'the last landmarks are not needed'


def test_gradient_reaches_every_parameter(small_dic: Build) -> None:
    net = small_dic()
    images, heatmaps = net(faces(1, 3, 16, 16))
    sum(x.square().mean() for x in images + heatmaps).backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_detached_attention_gives_heatmaps_no_gradient(
    small_dic: Build,
) -> None:
    for detach in (True, False):
        net = small_dic(detach_attention=detach)
        net(faces(1, 3, 8, 8), image_only=True).mean().backward()
        reached = net.hour_glass.last[3].weight.grad is not None
        assert reached is not detach


def test_copy_and_average_after_a_training_step(small_dic: Build) -> None:
    net = small_dic()
    net(faces(1, 3, 8, 8))[0][-1].mean().backward()
    twin = copy.deepcopy(net)
    average = ExponentialMovingAverage(net, momentum=0.5)
    average.update_parameters(net)
    lr = faces(1, 3, 8, 8, seed=2)
    with torch.no_grad():
        wanted = net(lr, image_only=True)
        assert torch.equal(twin(lr, image_only=True), wanted)
        assert torch.equal(average(lr, image_only=True), wanted)


@pytest.mark.parametrize(
    'strict', [False, pytest.param(True, marks=pytest.mark.slow)]
)
def test_export_gives_equal_outputs(small_dic: Build, strict: bool) -> None:
    if torch.__version__ < '2.5':
        pytest.skip('torch.export of torch < 2.5 is a prototype')
    net, lr = small_dic().eval(), faces(1, 3, 16, 16)
    program = torch.export.export(net, (lr,), strict=strict).module()
    with torch.no_grad():
        for got, wanted in zip(program(lr), net(lr), strict=True):
            torch.testing.assert_close(got, wanted)


def test_bfloat16_autocast(small_dic: Build) -> None:
    net = small_dic()
    lr = faces(1, 3, 16, 16)
    with torch.autocast('cpu', torch.bfloat16):
        images, heatmaps = net(lr)
        # One third, 20 times: 6.6875 or 6.65625 in bfloat16.
        thirds = torch.tensor([1.0, 3.0]).expand(1, 68, 1, 2).bfloat16()
        mouth = merge_heatmaps(thirds)[0, 3, 0, 0].item()
        assert mouth == pytest.approx(20 / 3, abs=1e-5)
    assert all(x.dtype == torch.float32 for x in images + heatmaps)
    assert all(x.isfinite().all() for x in images + heatmaps)
    torch.testing.assert_close(images[-1], net(lr)[0][-1], rtol=0, atol=0.02)


def test_channels_last(small_dic: Build) -> None:
    net, lr = small_dic(), faces(2, 3, 16, 24)
    wanted = net(lr)
    got = net.to(memory_format=torch.channels_last)(
        lr.to(memory_format=torch.channels_last)
    )
    for a, b in zip(got[0] + got[1], wanted[0] + wanted[1], strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_one_step_leaves_block_b_alone(small_dic: Build) -> None:
    net = small_dic(num_steps=1)
    images, heatmaps = net(faces(1, 3, 8, 8))
    (images[0].mean() + heatmaps[0].mean()).backward()
    unused = {n for n, p in net.named_parameters() if p.grad is None}
    assert unused == {f'block.{n}' for n, _ in net.block.named_parameters()}


@pytest.mark.parametrize(
    'shape, message',
    [
        ((1, 3, 12, 16), 'multiples of 8, at least 8, got 12x16'),
        ((1, 3, 0, 16), 'multiples of 8, at least 8, got 0x16'),
        ((3, 16, 16), r'\(N, 3, H, W\), got \(3, 16, 16\)'),
        ((1, 1, 16, 16), r'\(N, 3, H, W\), got \(1, 1, 16, 16\)'),
    ],
)
def test_wrong_input_is_refused(
    small_dic: Build, shape: tuple, message: str
) -> None:
    with pytest.raises(ValueError, match=f'DICGenerator expected .*{message}'):
        small_dic()(torch.zeros(shape))


@pytest.mark.parametrize(
    'option, value',
    [
        ('upscale_factor', 4),
        ('out_channels', 1),
        ('hg_num_keypoints', 98),
        ('num_steps', 0),
    ],
)
def test_wrong_option_is_refused(
    small_dic: Build, option: str, value: int
) -> None:
    with pytest.raises(ValueError, match=f'expected {option} .*got {value}'):
        small_dic(**{option: value})


def test_discriminator_takes_one_size() -> None:
    net = DICDiscriminator()
    assert net.size_requirement.allows(128, 128)
    with pytest.raises(ValueError, match='a 128x128 input, got 64x128'):
        net(torch.zeros(1, 3, 64, 128))
