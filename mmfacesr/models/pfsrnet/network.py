# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet: a generator that grows in three steps, and its discriminator.

Source: Kim et al., Progressive Face Super-Resolution via Attention to Facial
Landmark, BMVC 2019, arXiv 1908.08239. State-dict keys are those of the
released weights.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import BatchNorm2d, at_least_float32
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.pfsrnet.layouts import (
    PFSRNET_AUTHORS,
    PFSRNET_AUTHORS_DISTRIBUTED,
)
from mmfacesr.registry import MODELS

NUM_STEPS = 3
# Channels shrink by this factor from the first to the last step.
NARROWING = 2**NUM_STEPS
KERNEL_SIZE = 3
# Keeps the slope of the root finite where all images of a batch agree; the
# gradient penalty is NaN otherwise.
VARIANCE_EPS = 1e-8


class EqualizedConv2d(nn.Module):
    """3x3 convolution whose weight is stored unscaled.

    Source: Karras et al., Progressive Growing of GANs, ICLR 2018, arXiv
    1710.10196. Values are those of MMagic's ``equalized_lr`` with its
    defaults. Differs from it: the scaled weight is not kept on the module.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        shape = (out_channels, in_channels, KERNEL_SIZE, KERNEL_SIZE)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.weight_orig = nn.Parameter(torch.randn(shape))

    @property
    def weight(self) -> Tensor:
        """(out_channels, in_channels, 3, 3): the weight that is applied."""
        fan_in = self.weight_orig[0].numel()
        return self.weight_orig * (2 / fan_in) ** 0.5

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H, W)."""
        return F.conv2d(x, self.weight, self.bias, padding=KERNEL_SIZE // 2)


class Residual(nn.Module):
    """Layers with a skip.

    Args:
        conv (nn.Sequential): Layers that keep the shape.
    """

    def __init__(self, conv: nn.Sequential) -> None:
        super().__init__()
        self.conv = conv

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, H, W) to the same shape."""
        return x + self.conv(x)


def equalized(in_channels: int, out_channels: int) -> nn.Sequential:
    """Build an equalized convolution below the ``conv`` of released keys."""
    conv = EqualizedConv2d(in_channels, out_channels)
    return nn.Sequential(OrderedDict(conv=conv))


def generator_stage(in_channels: int) -> list[nn.Module]:
    """List the layers of one step of the generator.

    Args:
        in_channels (int): Channels c of the input.

    Returns:
        list[nn.Module]: (N, c, H, W) -> (N, c/2, 2H, 2W).
    """
    half = in_channels // 2
    layers = []
    for _ in range(2):
        layers += [
            equalized(in_channels, in_channels),
            BatchNorm2d(in_channels),
            nn.ReLU(inplace=True),
        ]
    return [
        Residual(nn.Sequential(*layers)),
        nn.ConvTranspose2d(in_channels, half, 4, stride=2, padding=1),
        BatchNorm2d(half),
        nn.ReLU(inplace=True),
    ]


def discriminator_stage(in_channels: int) -> nn.Sequential:
    """Build one step of the discriminator.

    Args:
        in_channels (int): Channels c of the input.

    Returns:
        nn.Sequential: (N, c, H, W) -> (N, 2c, H/2, W/2).
    """
    double = 2 * in_channels
    conv = nn.Sequential(
        equalized(in_channels, double),
        nn.LeakyReLU(0.2, inplace=True),
        equalized(double, double),
        nn.LeakyReLU(0.2, inplace=True),
    )
    return nn.Sequential(
        nn.Sequential(OrderedDict(conv=conv)), nn.AvgPool2d(2)
    )


def check_step(step: int, alpha: float = 1.0) -> None:
    """Refuse a step or a fade-in that does not exist.

    Raises:
        ValueError: If ``step`` is not 1, 2 or 3 or ``alpha`` not in [0, 1].
    """
    if step not in range(1, NUM_STEPS + 1):
        raise ValueError(
            f'Expected a step from 1 to {NUM_STEPS}, got {step!r}; give the '
            'step in which the network is trained, 3 for the full size.'
        )
    if not 0 <= alpha <= 1:
        raise ValueError(
            f'Expected alpha in [0, 1], got {alpha!r}; give 1 for no blending '
            'with the step before.'
        )


def check_width(mid_channels: int, name: str) -> None:
    """Refuse a width that cannot be halved in every step."""
    if mid_channels < NARROWING or mid_channels % NARROWING:
        raise ValueError(
            f'{name} expected mid_channels that are a multiple of '
            f'{NARROWING}, got {mid_channels}; change it.'
        )


@MODELS.register_module()
class PFSRNet(nn.Module):
    """Progressive generator: x2, x4 or x8, by the step.

    Fully convolutional, but trained for faces of 16x16; the authors say that
    other sizes need training of their own.

    Differs from the released code: the default is the last step (there the
    first), an ``alpha`` outside [0, 1] is refused (there no blending).

    Stages and RGB heads that a step does not use get no gradient, so that
    distributed training needs ``find_unused_parameters=True``.

    Args:
        in_channels (int): Channels of the LR image. Defaults to 3.
        mid_channels (int): Width of the first step, which every step halves;
            a multiple of 8. Defaults to 512.

    Raises:
        ValueError: If ``mid_channels`` cannot be halved three times.
    """

    num_steps = NUM_STEPS
    size_requirement = SizeRequirement(minimum=8)
    layouts = (PFSRNET_AUTHORS, PFSRNET_AUTHORS_DISTRIBUTED)

    def __init__(self, in_channels: int = 3, mid_channels: int = 512) -> None:
        super().__init__()
        check_width(mid_channels, type(self).__name__)
        self.in_channels = in_channels
        widths = [mid_channels // 2**i for i in range(NUM_STEPS)]
        self.to_rgb = nn.ModuleList(
            nn.Conv2d(width // 2, 3, 1) for width in widths
        )
        self.step1 = nn.Sequential(
            nn.Conv2d(in_channels, mid_channels, 3, padding=1),
            BatchNorm2d(mid_channels),
            nn.ReLU(inplace=True),
            *generator_stage(widths[0]),
        )
        self.step2 = nn.Sequential(*generator_stage(widths[1]))
        self.step3 = nn.Sequential(*generator_stage(widths[2]))

    @property
    def stages(self) -> tuple[nn.Sequential, ...]:
        """The layers of every step, first step first."""
        return self.step1, self.step2, self.step3

    def forward(
        self, lr: Tensor, step: int = NUM_STEPS, alpha: float = 1.0
    ) -> Tensor:
        """Restore faces.

        Args:
            lr (Tensor): (N, in_channels, h, w), RGB in [-1, 1], h and w at
                least 8.
            step (int): 1, 2 or 3; later stages are not evaluated. Defaults
                to 3.
            alpha (float): Share of this step in a blend with the enlarged
                image of the step before, in [0, 1]; step 1 ignores it.
                Defaults to 1.0.

        Returns:
            Tensor: (N, 3, h * 2**step, w * 2**step), RGB, about [-1, 1], not
            clamped.

        Raises:
            ValueError: If the input, ``step`` or ``alpha`` is not taken.
        """
        self.size_requirement.check(lr, type(self).__name__, self.in_channels)
        check_step(step, alpha)
        features = lr
        for stage in self.stages[:step]:
            before, features = features, stage(features)
        image = self.to_rgb[step - 1](features)
        if step == 1 or alpha == 1:
            return image
        earlier = F.interpolate(
            self.to_rgb[step - 2](before), scale_factor=2, mode='nearest'
        )
        return (1 - alpha) * earlier + alpha * image


@MODELS.register_module()
class PFSRNetDiscriminator(nn.Module):
    """Discriminator of PFSRNet, which grows with it.

    It reads how much the images of a batch differ, so that scores of other
    batch sizes do not compare.

    Differs from the released code: that statistic is sqrt(variance + 1e-8),
    whose gradient penalty is finite where images agree, and 0 for one image
    (there NaN). The default step is the last.

    Args:
        in_channels (int): Channels of the image. Defaults to 3.
        mid_channels (int): Width of the head; the last step begins with an
            eighth of it. A multiple of 8. Defaults to 512.

    Raises:
        ValueError: If ``mid_channels`` cannot be halved three times.
    """

    num_steps = NUM_STEPS
    # Of the last step; an earlier one takes multiples of 2**step.
    size_requirement = SizeRequirement(2**NUM_STEPS, 2**NUM_STEPS)
    layouts = (PFSRNET_AUTHORS, PFSRNET_AUTHORS_DISTRIBUTED)

    def __init__(self, in_channels: int = 3, mid_channels: int = 512) -> None:
        super().__init__()
        check_width(mid_channels, type(self).__name__)
        self.in_channels = in_channels
        widths = [mid_channels // 2 ** (i + 1) for i in range(NUM_STEPS)]
        self.from_rgb = nn.ModuleList(
            nn.Conv2d(in_channels, width, 1) for width in widths
        )
        self.step1, self.step2, self.step3 = map(discriminator_stage, widths)
        self.equal_conv = equalized(mid_channels + 1, mid_channels)
        # Nothing between the two: the released weights expect it.
        self.linear = nn.Linear(mid_channels, 4 * mid_channels)
        self.linear2 = nn.Linear(4 * mid_channels, 1)

    @property
    def stages(self) -> tuple[nn.Sequential, ...]:
        """The layers of every step, first step (smallest image) first."""
        return self.step1, self.step2, self.step3

    def forward(
        self, image: Tensor, step: int = NUM_STEPS, alpha: float = 1.0
    ) -> Tensor:
        """Judge a batch.

        Args:
            image (Tensor): (N, in_channels, H, W), RGB in [-1, 1]; H and W
                are multiples of 2**step.
            step (int): 1, 2 or 3; later stages are not evaluated. Defaults
                to 3.
            alpha (float): Share of this step in a blend with the halved image
                of the step before, in [0, 1]; step 1 ignores it. Defaults to
                1.0.

        Returns:
            Tensor: (N,) scores without bounds, float32 also under autocast.

        Raises:
            ValueError: If the input, ``step`` or ``alpha`` is not taken.
        """
        features = self.features(image, step, alpha)
        return at_least_float32(self.linear2(self.linear(features))).squeeze(1)

    def features(
        self, image: Tensor, step: int = NUM_STEPS, alpha: float = 1.0
    ) -> Tensor:
        """Compute what the linear layers judge.

        Args:
            image (Tensor): As for ``forward``.
            step (int): As for ``forward``. Defaults to 3.
            alpha (float): As for ``forward``. Defaults to 1.0.

        Returns:
            Tensor: (N, mid_channels), mean over the positions.

        Raises:
            ValueError: If the input, ``step`` or ``alpha`` is not taken.
        """
        check_step(step, alpha)
        SizeRequirement(2**step, 2**step).check(
            image, type(self).__name__, self.in_channels
        )
        x = self.stages[step - 1](self.from_rgb[step - 1](image))
        if step > 1 and alpha < 1:
            earlier = self.from_rgb[step - 2](F.avg_pool2d(image, 2))
            x = (1 - alpha) * earlier + alpha * x
        for stage in reversed(self.stages[: step - 1]):
            x = stage(x)  # at the end (N, mid_channels, H / 2**step, ...)
        deviation = batch_deviation(image).to(x.dtype)
        plane = deviation.expand(len(x), 1, *x.shape[2:])
        x = self.equal_conv(torch.cat([x, plane], dim=1))
        return x.mean(dim=(2, 3))


def batch_deviation(image: Tensor) -> Tensor:
    """Compute how much the images of a batch differ.

    Args:
        image (Tensor): (N, C, H, W).

    Returns:
        Tensor: Scalar, at least float32: sqrt(unbiased variance over N +
        1e-8), mean over C, H and W; 0 for one image.
    """
    image = at_least_float32(image)
    if len(image) == 1:
        return image.new_zeros(())
    return (image.var(dim=0) + VARIANCE_EPS).sqrt().mean()
