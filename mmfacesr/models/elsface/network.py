# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace: a CNN and a Transformer stream, each scaled by a latent style.

Source: Qi et al., An Efficient Latent Style Guided Transformer-CNN Framework
for Face Super-Resolution, IEEE TMM 26 (2024), DOI 10.1109/TMM.2023.3283856.
"""

import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.checkpointing import recompute_in_backward
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.elsface.layouts import ELSFACE_AUTHORS
from mmfacesr.models.elsface.swin import ResidualSwinGroup
from mmfacesr.registry import MODELS

STYLE_SIDE = 4  # of the last map of the style encoder
NUM_STREAMS = 2
NUM_SHALLOW_BLOCKS = 3
NUM_CNN_BLOCKS = 2
NUM_REFINE_GROUPS = 4
NUM_REFINE_BLOCKS = 5
CARVING_KERNEL = 5  # of the CNN stream and of the refinement
SWIN_DEPTH = 1  # blocks of the Transformer stream, used again and again


def conv(inputs: int, outputs: int, kernel_size: int = 3) -> nn.Conv2d:
    """Build a convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, kernel_size, padding=kernel_size // 2)


def check_counts(**counts: int) -> None:
    """Refuse, by its name, an argument below 1."""
    for name, number in counts.items():
        if number < 1:
            raise ValueError(
                f'Expected {name} to be at least 1, got {number}.'
            )


class ResidualBlock(nn.Module):
    """Convolution, ReLU, convolution, and a skip without scale.

    Args:
        channels (int): Width.
        kernel_size (int): Of both convolutions.
    """

    def __init__(self, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(channels, channels, kernel_size),
            nn.ReLU(inplace=True),
            conv(channels, channels, kernel_size),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to the same shape."""
        return x + self.body(x)


class StyleEncoder(nn.Module):
    """Latent style of a face: one factor a channel for each stream.

    The map is halved until an image of ``lr_size`` is 4x4; that of any other
    image is pooled to 4x4, which leaves 4x4 as it is.

    Args:
        lr_size (int): Side of the input, 4 times a power of two.
        channels (int): Width, and factors a stream.
    """

    def __init__(self, lr_size: int, channels: int) -> None:
        super().__init__()
        num_halvings = (lr_size // STYLE_SIDE).bit_length() - 1
        if num_halvings < 1 or lr_size != STYLE_SIDE << num_halvings:
            raise ValueError(
                'Expected an lr_size that is a power of two and at least '
                f'{2 * STYLE_SIDE}, got {lr_size}.'
            )

        def stage(inputs: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(inputs, channels, 3, stride, padding=1),
                nn.LeakyReLU(0.2, inplace=True),
                conv(channels, channels),
                nn.LeakyReLU(0.2, inplace=True),
            )

        to_style = nn.Sequential(
            conv(channels, channels),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(channels * STYLE_SIDE**2, NUM_STREAMS * channels),
        )
        self.stages = nn.Sequential(
            stage(3, 1),
            *(stage(channels, 2) for _ in range(num_halvings)),
            to_style,
        )
        # Smallest side that is not below 4 after rounding up at each halving.
        self.minimum = ((STYLE_SIDE - 1) << num_halvings) + 1

    def forward(self, image: Tensor) -> Tensor:
        """Map an image (N, 3, h, w) to styles (N, 2, channels)."""
        x = self.stages[:-1](image)
        x = F.adaptive_avg_pool2d(x, STYLE_SIDE)
        return self.stages[-1](x).unflatten(1, (NUM_STREAMS, -1))


class HighFrequencyBlock(nn.Module):
    """Features less what is left of them at half the size.

    The input itself is not added: the released weights are trained so.

    Args:
        channels (int): Width.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(channels, channels, CARVING_KERNEL),
            nn.ReLU(inplace=True),
            conv(channels, channels, CARVING_KERNEL),
        )
        self.upsample = nn.Sequential(
            conv(channels, 4 * channels), nn.PixelShuffle(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W), H and W even, to the same shape."""
        x = self.body(x)
        return x - self.upsample(F.avg_pool2d(x, 2))


class RefineGroup(nn.Module):
    """High frequencies, and residual blocks on top of them.

    Args:
        channels (int): Width.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.high_frequency = HighFrequencyBlock(channels)
        self.blocks = nn.Sequential(
            *(
                ResidualBlock(channels, CARVING_KERNEL)
                for _ in range(NUM_REFINE_BLOCKS)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W), H and W even, to the same shape."""
        high = self.high_frequency(x)
        return high + self.blocks(high)


@MODELS.register_module()
class ELSFaceNet(nn.Module):
    """ELSFace: latent styles scale two streams, which meet at the end.

    Features are enlarged bilinearly by ``upscale_factor / tail_factor``
    before the two streams, the rest is pixel shuffle after them. No image is
    added to the output. With its defaults it is the released network.

    Differs: images whose sides are not ``lr_size`` are taken too (style map
    pooled, windows padded); an unused mean shift is left out.

    Args:
        upscale_factor (int): Size of the output over that of the input; an
            even multiple of ``tail_factor``. Defaults to 4.
        tail_factor (int): Factor of the pixel shuffle. Defaults to 2.
        lr_size (int): Side of the images that it is trained for, a power of
            two, at least 8: it sets the depth of the style encoder. Defaults
            to 32.
        mid_channels (int): Width of a stream. Defaults to 60.
        num_cnn_recursions (int): How often the CNN block, one set of weights,
            is applied. Defaults to 2.
        num_transformer_recursions (int): How often the Swin group, one set of
            weights, is applied. Defaults to 3.
        num_heads (int): Heads of the attention; a divisor of
            ``mid_channels``. Defaults to 6.
        window_size (int): Side of the attention's windows. Defaults to 8.
        with_cp (bool): Whether blocks are computed again in the backward pass
            to save memory. Defaults to False.

    Raises:
        ValueError: If an argument has a value that cannot be honored.
    """

    layouts = (ELSFACE_AUTHORS,)

    def __init__(
        self,
        upscale_factor: int = 4,
        tail_factor: int = 2,
        lr_size: int = 32,
        mid_channels: int = 60,
        num_cnn_recursions: int = 2,
        num_transformer_recursions: int = 3,
        num_heads: int = 6,
        window_size: int = 8,
        with_cp: bool = False,
    ) -> None:
        super().__init__()
        check_counts(
            upscale_factor=upscale_factor,
            tail_factor=tail_factor,
            mid_channels=mid_channels,
            num_cnn_recursions=num_cnn_recursions,
            num_transformer_recursions=num_transformer_recursions,
            num_heads=num_heads,
            window_size=window_size,
        )
        if upscale_factor % (2 * tail_factor):
            raise ValueError(
                'Expected an upscale_factor that is an even multiple of '
                f'tail_factor, got {upscale_factor} and {tail_factor}.'
            )
        if mid_channels % num_heads:
            raise ValueError(
                'Expected mid_channels to be a multiple of num_heads, got '
                f'{mid_channels} and {num_heads}.'
            )
        width = mid_channels
        self.bilinear_factor = upscale_factor // tail_factor
        self.num_cnn_recursions = num_cnn_recursions
        self.num_transformer_recursions = num_transformer_recursions
        self.shallow = nn.Sequential(
            conv(3, NUM_STREAMS * width),
            *(
                ResidualBlock(NUM_STREAMS * width, 3)
                for _ in range(NUM_SHALLOW_BLOCKS)
            ),
        )
        self.style_encoder = StyleEncoder(lr_size, width)
        self.cnn_block = nn.Sequential(
            conv(width, width),
            *(
                ResidualBlock(width, CARVING_KERNEL)
                for _ in range(NUM_CNN_BLOCKS)
            ),
        )
        self.embed_norm = nn.LayerNorm(width)
        self.swin_group = ResidualSwinGroup(
            width, SWIN_DEPTH, num_heads, window_size
        )
        self.norm = nn.LayerNorm(width)
        self.after_body = conv(width, width)
        self.refine = nn.Sequential(
            *(RefineGroup(width) for _ in range(NUM_REFINE_GROUPS))
        )
        self.tail = nn.Sequential(
            conv(width, width * tail_factor**2),
            nn.PixelShuffle(tail_factor),
            conv(width, 3),
        )
        self.size_requirement = SizeRequirement(
            minimum=self.style_encoder.minimum
        )
        if with_cp:
            recompute_in_backward(
                self.shallow, self.cnn_block, self.swin_group, *self.refine
            )

    def forward(self, image: Tensor) -> Tensor:
        """Restore a batch.

        Args:
            image (Tensor): (N, 3, h, w) LR image, RGB in [0, 1]; h and w as
                ``size_requirement`` says.

        Returns:
            Tensor: (N, 3, H, W) with H = h * upscale_factor, W alike; RGB,
            about [0, 1], not clamped.

        Raises:
            ValueError: If the shape is not taken.
        """
        self.size_requirement.check(image, type(self).__name__, channels=3)
        features = F.interpolate(
            self.shallow(image),
            scale_factor=self.bilinear_factor,
            mode='bilinear',
            align_corners=False,
        )
        styles = self.style_encoder(image)[..., None, None]
        streams = features.chunk(NUM_STREAMS, dim=1)
        cnn, transformer = (
            stream * styles[:, i] for i, stream in enumerate(streams)
        )
        return self.tail(
            self._carve_by_cnn(cnn) + self._carve_by_transformer(transformer)
        )

    def _carve_by_cnn(self, x: Tensor) -> Tensor:
        """CNN stream, (N, mid_channels, H, W) to the same shape."""
        for _ in range(self.num_cnn_recursions):
            x = self.cnn_block(x)
        return x

    def _carve_by_transformer(self, x: Tensor) -> Tensor:
        """Transformer stream, (N, mid_channels, H, W) to the same shape."""
        tokens = self.embed_norm(x.permute(0, 2, 3, 1))
        for _ in range(self.num_transformer_recursions):
            tokens = self.swin_group(tokens)
        x = self.after_body(self.norm(tokens).permute(0, 3, 1, 2))
        return self.refine(x)
