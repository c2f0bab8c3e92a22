# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Parameters and operations of a network, counted and not measured."""

import copy

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from mmfacesr.apis.face_network import ImageNetwork

FLOPS_OF_A_MAC = 2


def count_flops(
    generator: nn.Module, shape: tuple[int, int], **options: bool
) -> int:
    """FLOPs of one call with one image.

    Args:
        generator (nn.Module): On the meta device.
        shape (tuple[int, int]): (h, w) of the input.
        **options (bool): Further arguments of the call.

    Returns:
        int: Two for each multiply-add.
    """
    channels = getattr(generator, 'in_channels', 3)
    image = torch.empty(1, channels, *shape, device='meta')
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        generator(image, **options)
    return counter.get_total_flops()


def count_image_macs(network: nn.Module, side: int) -> int:
    """Multiply-adds that the image takes.

    Args:
        network (nn.Module): It is not changed.
        side (int): Of the input.
    """
    twin = copy.deepcopy(network).to('meta')
    return count_flops(ImageNetwork(twin), (side, side)) // FLOPS_OF_A_MAC


def count_image_parameters(network: nn.Module, example: Tensor) -> int:
    """Parameters that the image depends on.

    Heads that only training evaluates are left out.

    Args:
        network (nn.Module): In eval mode; it is not changed.
        example (Tensor): (1, 3, h, w).
    """
    twin = copy.deepcopy(network).requires_grad_(True)
    parameters = list(twin.parameters())
    with torch.enable_grad():
        total = ImageNetwork(twin)(example).sum()
        found = torch.autograd.grad(total, parameters, allow_unused=True)
    pairs = zip(parameters, found, strict=True)
    return sum(item.numel() for item, slope in pairs if slope is not None)
