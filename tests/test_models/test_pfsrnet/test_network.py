# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet and its discriminator: steps, blending, gradients, refusals."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.pfsrnet import PFSRNet, PFSRNetDiscriminator
from mmfacesr.models.pfsrnet.steps import EqualizedConv2d
from mmfacesr.registry import MODELS


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.manual_seed(seed))


@pytest.fixture
def generator() -> PFSRNet:
    torch.manual_seed(0)
    return MODELS.build(dict(type='PFSRNet', mid_channels=16)).eval()


@pytest.fixture
def discriminator() -> PFSRNetDiscriminator:
    torch.manual_seed(0)
    return MODELS.build(dict(type='PFSRNetDiscriminator', mid_channels=16))


def stages_with_gradient(network: nn.Module) -> set[str]:
    return {
        '.'.join(name.split('.')[: 2 if 'rgb' in name else 1])
        for name, p in network.named_parameters()
        if p.grad is not None
    }


@torch.no_grad()
def test_blending_ends_at_both_steps(generator: PFSRNet) -> None:
    lr = noise(2, 3, 16, 12)
    for step in (1, 2, 3):
        image = generator(lr, step)
        assert image.shape == (2, 3, 16 * 2**step, 12 * 2**step)
        assert torch.equal(generator(lr, step, 1), image)
        earlier = generator(lr, step, 0)
        if step == 1:
            assert torch.equal(earlier, image)
            continue
        wanted = generator(lr, step - 1)
        wanted = wanted.repeat_interleave(2, dim=2)
        wanted = wanted.repeat_interleave(2, dim=3)
        assert torch.equal(earlier, wanted)
        half = generator(lr, step, 0.25)
        torch.testing.assert_close(half, 0.75 * wanted + 0.25 * image)
    assert torch.equal(generator(lr), image), 'the last step is the default'


@pytest.mark.parametrize(
    'step, alpha, rgb',
    [(1, 0.5, {0}), (2, 0.5, {0, 1}), (2, 1.0, {1}), (3, 0.0, {1, 2})],
)
def test_only_evaluated_stages_get_gradients(
    generator: PFSRNet,
    discriminator: PFSRNetDiscriminator,
    step: int,
    alpha: float,
    rgb: set[int],
) -> None:
    image = generator.train()(noise(2, 3, 8, 8), step, alpha)
    discriminator(image, step, alpha).mean().backward()
    steps = {f'step{i + 1}' for i in range(step)}
    assert stages_with_gradient(generator) == (
        steps | {f'to_rgb.{i}' for i in rgb}
    )
    assert stages_with_gradient(discriminator) == (
        steps
        | {f'from_rgb.{i}' for i in rgb}
        | {'equal_conv', 'linear', 'linear2'}
    )
    counts = [int(stage[-2].num_batches_tracked) for stage in generator.stages]
    assert counts == [1] * step + [0] * (3 - step)


def test_initial_weights() -> None:
    conv = PFSRNet().step1[3].conv[0].conv
    assert conv.weight_orig.mean().item() == pytest.approx(0, abs=0.005)
    assert conv.weight_orig.std().item() == pytest.approx(1, abs=0.005)
    assert conv.weight.std().item() == pytest.approx(
        (2 / (9 * 512)) ** 0.5, rel=0.005
    )
    assert not conv.bias.any()
    linear = PFSRNetDiscriminator().linear
    assert linear.weight.abs().max().item() == pytest.approx(
        512**-0.5, rel=1e-3
    )


def test_equalized_convolution_is_mmagics() -> None:
    import mmfacesr.compat.mmagic_base  # noqa: F401, it mends what importing needs

    editors = pytest.importorskip('mmagic.models.editors.pggan')
    ours = EqualizedConv2d(5, 7)
    nn.init.normal_(ours.bias)
    theirs = editors.equalized_lr(nn.Conv2d(5, 7, 3, padding=1))
    theirs.load_state_dict(ours.state_dict(), strict=True)
    results = []
    for conv in (ours, theirs):
        x = noise(2, 5, 6, 4).requires_grad_()
        y = conv(x)
        y.square().sum().backward()
        results.append([y, x.grad, conv.weight_orig.grad, conv.bias.grad])
    torch.testing.assert_close(*results, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    'step, alpha, message',
    [
        (0, 1.0, 'step from 1 to 3, got 0'),
        (4, 1.0, 'step from 1 to 3, got 4'),
        (2, -1, r'alpha in \[0, 1\], got -1; give 1'),
        (2, 1.5, r'alpha in \[0, 1\], got 1.5'),
        (2, float('nan'), 'got nan'),
    ],
)
def test_steps_and_blends_that_do_not_exist(
    generator: PFSRNet,
    discriminator: PFSRNetDiscriminator,
    step: int,
    alpha: float,
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        generator(noise(1, 3, 16, 16), step, alpha)
    with pytest.raises(ValueError, match=message):
        discriminator(noise(1, 3, 64, 64), step, alpha)


def test_sizes_and_widths_are_checked(
    generator: PFSRNet, discriminator: PFSRNetDiscriminator
) -> None:
    for shape in ((1, 3, 7, 16), (1, 1, 16, 16), (3, 16, 16)):
        with pytest.raises(ValueError, match='PFSRNet expected .*got'):
            generator(torch.zeros(shape))
    assert discriminator(noise(2, 3, 4, 6), 1).shape == (2,)
    for step, side in ((1, 5), (2, 6), (3, 12), (3, 0)):
        with pytest.raises(ValueError, match=f'multiples of {2**step}'):
            discriminator(torch.zeros(1, 3, 64, side), step)
    for build in (PFSRNet, PFSRNetDiscriminator):
        for width in (0, 12):
            with pytest.raises(ValueError, match=f'of 8, got {width}'):
                build(mid_channels=width)


@pytest.mark.parametrize(
    'wrap',
    [copy.deepcopy, lambda net: net.to(memory_format=torch.channels_last)],
)
def test_copies_and_other_layouts_give_the_same(
    generator: PFSRNet, discriminator: PFSRNetDiscriminator, wrap: Callable
) -> None:
    lr = noise(2, 3, 8, 8)
    image = generator(lr, 2, 0.5)
    scores = discriminator(image, 2, 0.5)
    scores.sum().backward()
    torch.testing.assert_close(wrap(generator)(lr, 2, 0.5), image)
    torch.testing.assert_close(wrap(discriminator)(image, 2, 0.5), scores)


def test_bfloat16_autocast(
    generator: PFSRNet, discriminator: PFSRNetDiscriminator
) -> None:
    lr = noise(2, 3, 8, 8)
    image = generator(lr, 3, 0.5)
    with torch.autocast('cpu', torch.bfloat16):
        half, scores = generator(lr, 3, 0.5), discriminator(image, 3, 0.5)
    torch.testing.assert_close(half.float(), image, rtol=0, atol=0.05)
    assert scores.dtype == torch.float32
    torch.testing.assert_close(
        scores, discriminator(image, 3, 0.5), rtol=0.05, atol=0.02
    )


def test_distributed_wrapper(generator: PFSRNet, tmp_path: Path) -> None:
    lr = noise(2, 3, 8, 8)
    generator.train()(lr, 2, 0.5).square().mean().backward()
    plain = copy.deepcopy(generator)
    generator.zero_grad()
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        wrapped = nn.parallel.DistributedDataParallel(
            generator, find_unused_parameters=True
        )
        for _ in range(2):  # the second forward asks for unreduced ones
            generator.zero_grad()
            wrapped(lr, 2, 0.5).square().mean().backward()
    finally:
        torch.distributed.destroy_process_group()
    for p, wanted in zip(generator.parameters(), plain.parameters()):
        if wanted.grad is not None:
            torch.testing.assert_close(p.grad, wanted.grad)
