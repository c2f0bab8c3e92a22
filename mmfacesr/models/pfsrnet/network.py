# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet: a generator that grows in three steps.

Source: Kim et al., Progressive Face Super-Resolution via Attention to Facial
Landmark, BMVC 2019, arXiv 1908.08239. State-dict keys are those of the
released weights.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.layers import BatchNorm2d
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
        with_cp (bool): Whether stages are computed again in the backward pass
            to save memory. Defaults to False.

    Raises:
        ValueError: If ``mid_channels`` cannot be halved three times.
    """

    num_steps = NUM_STEPS
    size_requirement = SizeRequirement(minimum=8)
    layouts = (PFSRNET_AUTHORS, PFSRNET_AUTHORS_DISTRIBUTED)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 512,
        with_cp: bool = False,
    ) -> None:
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
        if with_cp:
            recompute_in_backward(*self.stages)

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
