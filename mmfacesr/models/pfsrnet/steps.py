# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What generator and discriminator of PFSRNet share: layers and steps."""

from collections import OrderedDict

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.folding import plain_conv

NUM_STEPS = 3
STEPS = (1, 2, 3)
# Channels shrink by this factor from the first to the last step.
NARROWING = 2**NUM_STEPS
KERNEL_SIZE = 3


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

    def plain(self) -> nn.Conv2d:
        """Copy to a convolution that does the same."""
        return plain_conv(self.weight, self.bias, padding=KERNEL_SIZE // 2)


def equalized(in_channels: int, out_channels: int) -> nn.Sequential:
    """Build an equalized convolution below the ``conv`` of released keys."""
    conv = EqualizedConv2d(in_channels, out_channels)
    return nn.Sequential(OrderedDict(conv=conv))


def check_step(step: int, alpha: float = 1.0) -> None:
    """Refuse a step or a fade-in that does not exist.

    Raises:
        ValueError: If ``step`` is not 1, 2 or 3 or ``alpha`` not in [0, 1].
    """
    if step not in STEPS:  # torch.compile fails at a range
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
