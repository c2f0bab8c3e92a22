# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet without what only training needs."""

import copy
from itertools import chain

import torch
from torch import nn

from mmfacesr.models.common.folding import fold
from mmfacesr.models.pfsrnet.network import PFSRNet
from mmfacesr.models.pfsrnet.steps import NUM_STEPS, check_step


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
    twin = copy.deepcopy(generator)
    layers = chain(*twin.stages[:step], [twin.to_rgb[step - 1]])
    side = twin.size_requirement.minimum
    weight = twin.to_rgb[0].weight
    example = weight.new_zeros(1, twin.in_channels, side, side)
    return fold(nn.Sequential(*layers), example)
