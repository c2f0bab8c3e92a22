# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SFMNet: a branch in space and one in frequency, side by side.

Source: Wang et al., Spatial-Frequency Mutual Learning for Face
Super-Resolution, CVPR 2023.
"""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.checks import check_counts
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.sfmnet.blocks import (
    FrequencyBlock,
    SpatialBlock,
    conv_prelu,
    downsample,
    upsample,
)
from mmfacesr.models.sfmnet.fusion import Fusion
from mmfacesr.models.sfmnet.layouts import SFMNET_AUTHORS
from mmfacesr.registry import MODELS

HALVINGS = 3
NUM_HEADS = 8


class FacePair(NamedTuple):
    """What SFMNet gives in training."""

    image: Tensor
    """(N, C, H, W), of the spatial branch: the result."""
    frequency_image: Tensor
    """Same shape, of the frequency branch, which is supervised too."""

    def detach(self) -> Tensor:
        """The result without its graph: the discriminators' input."""
        return self.image.detach()


class Stage(nn.Module):
    """Two blocks of one size, behind what brings the map to it.

    Args:
        resize (nn.Module): Halves, doubles or keeps the map.
        block (Callable): Builds a block.
    """

    def __init__(
        self, resize: nn.Module, block: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.resize = resize
        self.first = block()
        self.second = block()


class Branch(nn.Module):
    """U-shaped: three stages down, one at the bottom, three up.

    Args:
        in_channels (int): Channels of the image, in and out.
        mid_channels (int): Width of the maps.
        block (Callable): Builds a block, two a stage.
    """

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        block: Callable[[], nn.Module],
    ) -> None:
        super().__init__()

        def stages(resize: Callable[[int], nn.Module]) -> nn.ModuleList:
            return nn.ModuleList(
                Stage(resize(mid_channels), block) for _ in range(HALVINGS)
            )

        self.head = conv_prelu(in_channels, mid_channels)
        self.downs = stages(downsample)
        self.neck = Stage(nn.Identity(), block)
        self.ups = stages(upsample)
        self.tail = conv_prelu(mid_channels, in_channels)

    def features(
        self, image: Tensor, meet: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Run all but the tail.

        Args:
            image (Tensor): (N, in_channels, H, W), sides multiples of 8.
            meet (Callable): Called with the map behind each block, twice a
                stage; gives the map that goes on.

        Returns:
            Tensor: (N, mid_channels, H, W).
        """
        x = self.head(image)
        skips = [x]
        for stage in self.downs:
            x = stage.second(meet(stage.first(stage.resize(x))))
            skips.append(x)
            x = meet(x)
        for stage in (self.neck, *self.ups):
            x = stage.second(meet(stage.first(stage.resize(x))))
            x = meet(x + skips.pop())
        return x


@MODELS.register_module()
class SFMNet(nn.Module):
    """SFMNet: an image already enlarged to the size of the output is restored.

    With its defaults it is the released network. The frequency branch runs by
    itself; after each block the spatial branch takes in what it found. As it
    works on the transform of the whole image, what is restored tile by tile
    differs from what is restored at once.

    Differs: attention weights that the released network holds and never uses
    are left out; phases are well-defined for all sizes, see
    `amplitude_and_phase`. ``with_cp`` is ours.

    Args:
        in_channels (int): Channels of the image, in and out. Defaults to 3.
        mid_channels (int): Width of the maps, a multiple of 8. Defaults to
            64.
        num_blocks (int): Residual blocks of each of the 14 spatial blocks.
            Defaults to 2.
        with_cp (bool): Whether blocks and fusions are computed again in the
            backward pass to save memory. Defaults to False.

    Raises:
        ValueError: If an argument has a value that cannot be honored.
    """

    size_requirement = SizeRequirement(2**HALVINGS, 2**HALVINGS)
    layouts = (SFMNET_AUTHORS,)

    def __init__(
        self,
        in_channels: int = 3,
        mid_channels: int = 64,
        num_blocks: int = 2,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_counts(
            in_channels=in_channels,
            mid_channels=mid_channels,
            num_blocks=num_blocks,
        )
        if mid_channels % NUM_HEADS:
            raise ValueError(
                f'Expected mid_channels to be a multiple of {NUM_HEADS}, the '
                f'number of heads, got {mid_channels}.'
            )
        self.in_channels = in_channels
        self.frequency = Branch(
            in_channels, mid_channels, lambda: FrequencyBlock(mid_channels)
        )
        self.spatial = Branch(
            in_channels,
            mid_channels,
            lambda: SpatialBlock(mid_channels, num_blocks),
        )
        self.fusions = nn.ModuleList(
            Fusion(mid_channels, NUM_HEADS) for _ in range(4 * HALVINGS + 2)
        )
        if with_cp:
            recompute_in_backward(
                *self.fusions,
                *(
                    block
                    for block in self.modules()
                    if isinstance(block, FrequencyBlock | SpatialBlock)
                ),
            )

    def forward(
        self, image: Tensor, image_only: bool = False
    ) -> Tensor | FacePair:
        """Restore a batch.

        Args:
            image (Tensor): (N, in_channels, H, W) enlarged LR image, RGB in
                [0, 1]; H and W are multiples of 8.
            image_only (bool): Whether to return the result alone. Defaults
                to False.

        Returns:
            Tensor | FacePair: Result and the image of the frequency branch,
            each (N, in_channels, H, W), RGB, about [0, 1], not clamped; or
            the result if ``image_only``.

        Raises:
            ValueError: If the shape is not taken.
        """
        self.size_requirement.check(
            image, type(self).__name__, self.in_channels
        )
        found: list[Tensor] = []

        def keep(x: Tensor) -> Tensor:
            found.append(x)
            return x

        last = self.frequency.features(image, keep)
        met = zip(self.fusions, found)

        def fuse(x: Tensor) -> Tensor:
            fusion, frequency = next(met)
            return fusion(frequency, x)

        result = self.spatial.tail(self.spatial.features(image, fuse)) + image
        if image_only:
            return result
        return FacePair(result, self.frequency.tail(last) + image)
