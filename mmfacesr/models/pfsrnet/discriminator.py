# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The discriminator of PFSRNet, which grows with the generator.

State-dict keys are those of the released weights.
"""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.pfsrnet.layouts import (
    PFSRNET_AUTHORS,
    PFSRNET_AUTHORS_DISTRIBUTED,
)
from mmfacesr.models.pfsrnet.steps import (
    NUM_STEPS,
    check_step,
    check_width,
    equalized,
)
from mmfacesr.registry import MODELS

# Keeps the slope of the root finite where all images of a batch agree; the
# gradient penalty is NaN otherwise.
VARIANCE_EPS = 1e-8


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
