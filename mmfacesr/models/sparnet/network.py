# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet, SPARNet-Light and SPARNetHD.

Source: Chen et al., Learning Spatial Attention for Face Super-Resolution,
IEEE TIP 30 (2021), arXiv 2012.01211. State-dict keys are those of the released
weights.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.sparnet.layouts import (
    SPARNET_AUTHORS,
    SPECTRAL_NORM_PARAMETRIZED,
)
from mmfacesr.models.sparnet.spectral_norm import (
    iterate_spectral_norm,
)
from mmfacesr.models.sparnet.units import (
    Activation,
    Attention,
    AttentionHourglass,
    ConvUnit,
    FaceAttentionUnit,
    Norm,
    Scale,
    UnitStyle,
    initialize,
)
from mmfacesr.registry import MODELS

# The hourglass of the first unit is as deep as if its features had this side.
HOURGLASS_SIDE = 64
# Units at the smallest size beside `res_depth`; every halving takes one away.
NUM_EXTRA_UNITS = 3


class UnitPlan(NamedTuple):
    """One face attention unit of a network.

    Args:
        in_channels (int): Channels of its input.
        out_channels (int): Channels of its output.
        scale (str): 'none', 'down' or 'up'.
        depth (int): Depth of its hourglass; none below 1.
        stride (float): Pixels of the image that one of its output is wide.
    """

    in_channels: int
    out_channels: int
    scale: Scale
    depth: int
    stride: float

    @property
    def min_side(self) -> int:
        """Smallest image that leaves its hourglass two pixels to pad."""
        return int(self.stride * (2 ** max(self.depth, 0) + 1))


def plan_units(
    widths: tuple[int, int],
    num_down: int,
    num_middle: int,
    num_up: int,
    depth: int,
) -> list[list[UnitPlan]]:
    """Lay out the units of a network.

    Args:
        widths (tuple[int, int]): Fewest and most channels.
        num_down (int): Units that halve the size.
        num_middle (int): Units at the smallest size.
        num_up (int): Units that double the size.
        depth (int): Depth of the hourglass of the first unit.

    Returns:
        list[list[UnitPlan]]: Of the encoder, the middle and the decoder.
    """

    def width(channels: int) -> int:
        return max(widths[0], min(channels, widths[1]))

    channels = width(widths[1] // (num_down + 1))
    encoder, decoder = [], []
    for i in range(num_down):
        pair = width(channels), width(2 * channels)
        encoder.append(UnitPlan(*pair, 'down', depth - i, 2 ** (i + 1)))
        channels *= 2
    depth += 1 - num_down
    stride = 2**num_down
    middle = UnitPlan(width(channels), width(channels), 'none', depth, stride)
    for i in range(num_up):
        pair = width(channels), width(channels // 2)
        stride /= 2
        decoder.append(UnitPlan(*pair, 'up', depth + i + 1, stride))
        channels //= 2
    return [encoder, [middle] * num_middle, decoder]


@MODELS.register_module()
class SPARNet(nn.Module):
    """SPARNet, SPARNet-Light and SPARNetHD: one network by its arguments.

    The input is the LR image already enlarged to the size of the output. The
    sizes set how often features are halved and doubled; images of other sizes
    are taken too. Hourglasses end at ``bottleneck_size`` only for an image of
    128: the layout of the released networks takes no account of ``in_size``,
    so that those of SPARNetHD end at 16x16.

    Differs from the released code: no attention where the depth comes out
    below 1 (there, one level), no activation in place on a shortcut's input.

    Args:
        min_ch (int): Fewest channels. Defaults to 32.
        max_ch (int): Most channels. Defaults to 128.
        in_size (int): Side of the input. Defaults to 128.
        out_size (int): Side of the output. Defaults to 128.
        min_feat_size (int): Side of the smallest features. Defaults to 16.
        res_depth (int): Units at the smallest size, three more less one a
            halving. Defaults to 10.
        att_name (str): 'spar', one attention map a unit, or 'spar3d', one a
            channel. Defaults to 'spar'.
        norm_type (str): 'bn', 'in', 'gn', 'pixel' or 'none'. Defaults to
            'bn'.
        relu_type (str): 'leakyrelu', 'relu', 'prelu', 'selu' or 'none'.
            Defaults to 'leakyrelu'.
        bottleneck_size (int): Side at which hourglasses end. Defaults to 4.
        spectral_norm (bool): Whether convolutions are spectrally normalized.
            Defaults to False.
        with_cp (bool): Whether units are computed again in the backward pass
            to save memory. Defaults to False.

    Raises:
        ValueError: If an argument has a value that cannot be honored.
    """

    layouts = (SPARNET_AUTHORS, SPECTRAL_NORM_PARAMETRIZED)

    def __init__(
        self,
        min_ch: int = 32,
        max_ch: int = 128,
        in_size: int = 128,
        out_size: int = 128,
        min_feat_size: int = 16,
        res_depth: int = 10,
        att_name: Attention = 'spar',
        norm_type: Norm = 'bn',
        relu_type: Activation = 'leakyrelu',
        bottleneck_size: int = 4,
        spectral_norm: bool = False,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        num_down = num_halvings(in_size, min_feat_size, 'in_size')
        num_middle = res_depth + NUM_EXTRA_UNITS - num_down
        if num_middle < 0:
            raise ValueError(
                f'Expected res_depth of at least {num_down - NUM_EXTRA_UNITS} '
                f'with {num_down} halvings, got {res_depth}.'
            )
        plans = plan_units(
            (min_ch, max_ch),
            num_down,
            num_middle,
            num_halvings(out_size, min_feat_size, 'out_size'),
            num_halvings(HOURGLASS_SIDE, bottleneck_size, 'bottleneck_size'),
        )
        style = UnitStyle(norm_type, relu_type, spectral_norm)
        encoder, middle, decoder = (
            [FaceAttentionUnit(*plan[:4], att_name, style) for plan in part]
            for part in plans
        )
        plans = sum(plans, [])
        first, last = plans[0].in_channels, plans[-1].out_channels
        self.encoder = nn.Sequential(
            ConvUnit(3, first, style.plain()), *encoder
        )
        self.res_layers = nn.Sequential(*middle)
        self.decoder = nn.Sequential(*decoder)
        self.out_conv = ConvUnit(last, 3, style.plain())
        multiple = 2**num_down
        smallest = max(plan.min_side for plan in plans)
        self.size_requirement = SizeRequirement(
            multiple, -(-smallest // multiple) * multiple
        )
        initialize(self, spectral_norm)
        if with_cp:
            recompute_in_backward(
                *self.encoder, *self.res_layers, *self.decoder
            )

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch.

        Args:
            image (Tensor): (N, 3, H, W) enlarged LR image, RGB in [-1, 1];
                H and W as ``size_requirement`` says.

        Returns:
            Tensor: (N, 3, H, W) if ``in_size`` equals ``out_size``, RGB, about
            [-1, 1], not clamped.

        Raises:
            ValueError: If the shape is not taken.
        """
        self.size_requirement.check(image, type(self).__name__, channels=3)
        if self.training:
            iterate_spectral_norm(self)
        for unit in (*self.encoder, *self.res_layers, *self.decoder):
            image = unit(image)
        return self.out_conv(image)

    @torch.no_grad()
    def attention_maps(self, image: Tensor) -> dict[str, Tensor]:
        """Find where every unit looks.

        Args:
            image (Tensor): As for ``forward``.

        Returns:
            dict[str, Tensor]: Unit, for instance 'encoder.1', -> its map
            (N, 1 or C, h, w) in [0, 1], in the order of the units.
        """
        maps = {}
        handles = [
            module.out_block.register_forward_hook(
                lambda _, __, output, name=name: maps.update({name: output})
            )
            for name, module in self.named_modules()
            if isinstance(module, AttentionHourglass)
        ]
        try:
            self(image)
        finally:
            for handle in handles:
                handle.remove()
        return {key.removesuffix('.att_func'): maps[key] for key in maps}


def num_halvings(size: int, smallest: int, name: str) -> int:
    """How many times ``size`` is halved until it is ``smallest``."""
    ratio, rest = divmod(size, max(smallest, 1))
    if smallest < 1 or rest or ratio < 1 or ratio & (ratio - 1):
        raise ValueError(
            f'{name}: expected a size {size} that is {smallest} times a power '
            'of two, got another ratio; change one of the two.'
        )
    return ratio.bit_length() - 1
