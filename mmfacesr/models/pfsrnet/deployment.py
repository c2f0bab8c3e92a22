# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet without what only training needs."""

import copy
from collections.abc import Iterable
from itertools import chain

import torch
from torch import nn
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_eval

from mmfacesr.models.pfsrnet.network import PFSRNet, Residual
from mmfacesr.models.pfsrnet.steps import (
    NUM_STEPS,
    EqualizedConv2d,
    check_step,
)


@torch.no_grad()
def freeze(generator: PFSRNet, step: int = NUM_STEPS) -> nn.Sequential:
    """Copy what one step evaluates, for deployment.

    Batch norms and the scale of equalized convolutions are folded into the
    weights: convolutions, transposed convolutions, ReLUs and additions
    remain, and neither ``step`` nor ``alpha`` is left to ask for.

    Args:
        generator (PFSRNet): It is not changed.
        step (int): 1, 2 or 3. Defaults to 3.

    Returns:
        nn.Sequential: (N, in_channels, h, w) -> (N, 3, h * 2**step,
        w * 2**step), as ``generator(lr, step)`` in eval mode. In eval mode
        itself, without gradients for its weights; it does not check sizes.

    Raises:
        ValueError: If there is no such step.
    """
    check_step(step)
    twin = copy.deepcopy(generator).eval()
    layers = chain(*twin.stages[:step], [twin.to_rgb[step - 1]])
    return fold(layers).eval().requires_grad_(False)


def fold(layers: Iterable[nn.Module]) -> nn.Sequential:
    """Make plain layers of those of a generator in eval mode."""
    folded = []
    for layer in layers:
        if isinstance(layer, (nn.BatchNorm2d, nn.SyncBatchNorm)):
            transpose = isinstance(folded[-1], nn.ConvTranspose2d)
            folded[-1] = fuse_conv_bn_eval(folded[-1], layer, transpose)
        elif isinstance(layer, Residual):
            folded.append(Residual(fold(layer.conv)))
        elif isinstance(layer, nn.Sequential):  # see `equalized`
            folded.append(plain(layer.conv))
        else:
            folded.append(layer)
    return nn.Sequential(*folded)


def plain(conv: EqualizedConv2d) -> nn.Conv2d:
    """Copy to an equal convolution in eval mode, its weight scaled."""
    weight = conv.weight
    copied = skip_init(
        nn.Conv2d,
        weight.shape[1],
        weight.shape[0],
        weight.shape[2],
        padding=weight.shape[2] // 2,
        device=weight.device,
        dtype=weight.dtype,
    )
    copied.weight.copy_(weight)
    copied.bias.copy_(conv.bias)
    return copied.eval()
