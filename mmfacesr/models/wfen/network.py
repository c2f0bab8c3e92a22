# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN: an encoder-decoder of transformers that halves and doubles by Haar.

Source: Li et al., Efficient Face Super-Resolution via Wavelet-based Feature
Enhancement Network, ACM MM 2024, arXiv 2407.19768.
"""

from collections.abc import Iterable

from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.checks import check_counts
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.wfen.blocks import (
    FullDomainTransformer,
    WaveletDown,
    WaveletUp,
    conv_pair,
)
from mmfacesr.models.wfen.layouts import WFEN_AUTHORS
from mmfacesr.registry import MODELS

# Width over that at full size -> heads of the attention over the whole map.
HEADS = {1: 4, 2: 4, 4: 8}
# A stage for each size: width as above, side of the windows, and of each of
# its blocks whether windows are shifted.
ENCODER = ((1, 8, (False, False)), (2, 4, (True,)), (4, 2, (False,)))
DECODER = ((4, 8, (True,)), (2, 4, (False,)), (1, 2, (True, False)))
# The widest window, 8 pixels, is used at a quarter of the size too.
SIZE_MULTIPLE = 32


@MODELS.register_module()
class WFEN(nn.Module):
    """WFEN: an image already enlarged to the size of the output is restored.

    With its defaults it is the released network. Attention is among channels,
    within windows and over the whole image; because of the latter, what is
    restored tile by tile differs from what is restored at once.

    Differs: the fixed Haar filters are not stored. ``fix_window_shift`` and
    ``init_std=None`` are ours.

    Args:
        in_channels (int): Channels of the input. Defaults to 3.
        out_channels (int): Channels of the output. Defaults to 3.
        mid_channels (int): Width at full size, a multiple of 4; two and four
            times it at smaller sizes. Defaults to 40.
        num_blocks (int): Transformers at an eighth of the size. Defaults to
            6.
        fix_window_shift (bool): Whether every other one of these attends to
            pixels in place. The released network moves what it attends to
            by one pixel. Defaults to False.
        init_std (float | None): Standard deviation of the normal
            distribution that convolutions start from; None for PyTorch's
            own. Their biases start at 0. Defaults to 0.02, at which signals
            fade from block to block, so that training starts slowly.
        with_cp (bool): Whether transformers are computed again in the backward
            pass to save memory. Defaults to False.

    Raises:
        ValueError: If an argument has a value that cannot be honored.
    """

    layouts = (WFEN_AUTHORS,)

    def __init__(
        self,
        in_channels: int = 3,
        out_channels: int = 3,
        mid_channels: int = 40,
        num_blocks: int = 6,
        fix_window_shift: bool = False,
        init_std: float | None = 0.02,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_counts(
            in_channels=in_channels,
            out_channels=out_channels,
            mid_channels=mid_channels,
            num_blocks=num_blocks,
        )
        if mid_channels % HEADS[1]:
            raise ValueError(
                f'Expected mid_channels to be a multiple of {HEADS[1]}, the '
                f'number of heads, got {mid_channels}.'
            )
        self.in_channels = in_channels
        self.size_requirement = SizeRequirement(SIZE_MULTIPLE, SIZE_MULTIPLE)
        width, wide, widest = (mid_channels * factor for factor in HEADS)
        self.first_conv = nn.Conv2d(in_channels, width, 3, padding=1)
        self.encoder = nn.ModuleList(stage(width, *plan) for plan in ENCODER)
        self.downs = nn.ModuleList(
            WaveletDown(*channels)
            for channels in ((width, wide), (wide, widest), (widest, widest))
        )
        self.details = nn.ModuleList(
            conv_pair(channels, channels, channels, 1)
            for channels in (wide, widest, widest)
        )
        shifts = (i % 2 == 1 for i in range(num_blocks))
        self.bottleneck = stage(width, 4, 1, shifts, fix_window_shift)
        self.ups = nn.ModuleList(
            WaveletUp(*channels)
            for channels in ((widest, widest), (wide, widest), (width, wide))
        )
        self.decoder = nn.ModuleList(stage(width, *plan) for plan in DECODER)
        self.out_conv = nn.Conv2d(width, out_channels, 3, padding=1)
        initialize(self, init_std)
        if with_cp:
            stages = (*self.encoder, self.bottleneck, *self.decoder, self.ups)
            recompute_in_backward(*(unit for one in stages for unit in one))

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch.

        Args:
            image (Tensor): (N, in_channels, H, W) enlarged LR image, RGB in
                [-1, 1]; H and W are multiples of 32.

        Returns:
            Tensor: (N, out_channels, H, W), RGB, about [-1, 1], not clamped.

        Raises:
            ValueError: If the shape is not taken.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        features = self.first_conv(image)
        x = self.encoder[0](features)
        skips = []
        smaller = (*self.encoder[1:], self.bottleneck)
        for down, blocks, refine in zip(self.downs, smaller, self.details):
            skips.append(x)
            average, details = down(x)
            x = blocks(average) + refine(details)
        for up, blocks in zip(self.ups, self.decoder):
            x = blocks(up(skips.pop(), x))
        return self.out_conv(x + features)


def stage(
    mid_channels: int,
    factor: int,
    window_size: int,
    shifts: Iterable[bool],
    fix_window_shift: bool = False,
) -> nn.Sequential:
    """Build the transformers of one size.

    Args:
        mid_channels (int): Width at full size.
        factor (int): Width over that, a key of `HEADS`.
        window_size (int): Side of the windows in pixels.
        shifts (Iterable[bool]): Of each block, whether windows are shifted.
        fix_window_shift (bool): See `WFEN`. Defaults to False.

    Returns:
        nn.Sequential: (N, C, H, W) -> the same shape, with C =
        mid_channels * factor; H and W are multiples of ``window_size``.
    """
    return nn.Sequential(
        *(
            FullDomainTransformer(
                mid_channels * factor,
                window_size,
                HEADS[factor],
                shift,
                fix_window_shift,
            )
            for shift in shifts
        )
    )


def initialize(network: nn.Module, std: float | None) -> None:
    """Set the weights that training starts from; see `WFEN`."""
    if std is not None and not 0 < std < float('inf'):
        raise ValueError(
            f'Expected init_std to be above 0, or None, got {std!r}.'
        )
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            if std is not None:
                nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
