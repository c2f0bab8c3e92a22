# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The discriminator's side of a Wasserstein GAN."""

from collections.abc import Callable

import torch
from mmengine.dist import get_rank, get_world_size
from torch import Tensor

from mmfacesr.compat.mmagic_base import gradient_penalty_loss
from mmfacesr.models.common.layers import no_autocast


def gradient_penalty(
    discriminator: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    draw: int,
) -> Tensor:
    """Mean of (norm of the discriminator's gradient - 1) ** 2.

    Each sample's gradient is taken at a random place between its real and
    its fake image, and its norm over all pixels. MMagic's registered loss
    takes it of each pixel; its function is used here. The place follows from
    the sample's place in the batch of all processes, which samplers deal in
    turn, so that their number changes nothing.

    Source: Gulrajani et al., Improved Training of Wasserstein GANs, arXiv
    1704.00028.

    Args:
        discriminator (Callable): (N, 3, H, W) -> (N,).
        real (Tensor): (N, 3, H, W), normalized.
        fake (Tensor): (N, 3, H, W), normalized, without graph.
        draw (int): Seed of the places; torch's own random numbers are left
            alone, so that a resumed training draws the same.

    Returns:
        Tensor: Scalar float32, computed without autocast: gradients of
        gradients may be too small for float16, and in bfloat16 torch 2.15
        takes wrong ones on CPUs with AMX.
    """
    with (
        no_autocast(real),
        torch.random.fork_rng(devices=[]),
    ):
        # Not torch.manual_seed: it would also set those of the GPUs.
        torch.default_generator.manual_seed(draw)
        places = torch.rand(len(real) * get_world_size(), 1, 1, 1)
        own = places[get_rank() :: get_world_size()].to(real.device)
        between = torch.lerp(fake.float(), real.float(), own)
        # MMagic's function draws places of its own: between equal images.
        return gradient_penalty_loss(
            discriminator, between, between, norm_mode='HWC'
        )
