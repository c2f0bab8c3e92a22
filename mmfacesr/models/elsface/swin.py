# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Swin Transformer blocks on feature maps of any size.

Sources: Liu et al., Swin Transformer, ICCV 2021, arXiv 2103.14030; Liang et
al., SwinIR, ICCVW 2021, arXiv 2108.10257 (the residual group). Values are
those of MMagic's ``RSTB``. Differs from it: maps that windows do not divide
are padded, with tokens that no other token sees; a map of a single window is
shifted like any other; masks are not kept.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Added to the logits of tokens that must not see each other.
MASKED = -100.0
INIT_STD = 0.02  # of the relative position bias


class WindowAttention(nn.Module):
    """Multi-head attention among the tokens of each window.

    Args:
        channels (int): Width of a token.
        num_heads (int): Heads, each ``channels / num_heads`` wide.
        window_size (int): Side of a window in tokens.
    """

    def __init__(
        self, channels: int, num_heads: int, window_size: int
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.relative_position_bias_table = nn.Parameter(
            torch.empty((2 * window_size - 1) ** 2, num_heads)
        )
        nn.init.trunc_normal_(self.relative_position_bias_table, std=INIT_STD)
        self.register_buffer(
            'relative_position_index',
            relative_positions(window_size),
            persistent=False,
        )
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, windows: Tensor, mask: Tensor | None = None) -> Tensor:
        """Let tokens attend to their window.

        Args:
            windows (Tensor): (N, W, L, C), W windows of L tokens an image.
            mask (Tensor | None): (W, L, L) added to the logits.

        Returns:
            Tensor: (N, W, L, C).
        """
        qkv = self.qkv(windows).unflatten(-1, (3, self.num_heads, -1))
        q, k, v = qkv.permute(3, 0, 1, 4, 2, 5)  # (N, W, heads, L, width)
        logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-2, -1)
        bias = self.relative_position_bias_table[self.relative_position_index]
        logits = logits + bias.permute(2, 0, 1)  # (heads, L, L)
        if mask is not None:
            logits = logits + mask.unsqueeze(1)
        attended = logits.softmax(dim=-1) @ v
        return self.proj(attended.transpose(2, 3).flatten(-2))


class SwinBlock(nn.Module):
    """Window attention and an MLP, each after a norm and with a skip.

    Args:
        channels (int): Width of the map.
        num_heads (int): Heads of the attention.
        window_size (int): Side of a window in pixels.
        shift (int): How far windows are shifted up and left; 0 for none.
            Defaults to 0.
        mlp_ratio (float): Width inside the MLP over ``channels``. Defaults
            to 2.0.
    """

    def __init__(
        self,
        channels: int,
        num_heads: int,
        window_size: int,
        shift: int = 0,
        mlp_ratio: float = 2.0,
    ) -> None:
        super().__init__()
        self.window_size = window_size
        self.shift = shift
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, num_heads, window_size)
        self.norm2 = nn.LayerNorm(channels)
        inner = int(channels * mlp_ratio)
        self.mlp = nn.Sequential(
            nn.Linear(channels, inner), nn.GELU(), nn.Linear(inner, channels)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape."""
        x = x + self._attend(self.norm1(x))
        return x + self.mlp(self.norm2(x))

    def _attend(self, x: Tensor) -> Tensor:
        """Cut the map (N, H, W, C) into windows, attend, join them again."""
        height, width = x.shape[1:3]
        size = self.window_size
        bottom, right = -height % size, -width % size
        mask = None
        if self.shift or bottom or right:
            mask = attention_mask((height, width), size, self.shift)
            mask = mask.to(x)
        x = F.pad(x, (0, 0, 0, right, 0, bottom))
        if self.shift:
            x = x.roll((-self.shift, -self.shift), (1, 2))
        rows, columns = x.shape[1] // size, x.shape[2] // size
        windows = (
            x.unflatten(2, (columns, size))
            .unflatten(1, (rows, size))
            .transpose(2, 3)  # (N, rows, columns, size, size, C)
            .flatten(3, 4)
            .flatten(1, 2)
        )
        windows = self.attn(windows, mask)
        x = (
            windows.unflatten(2, (size, size))
            .unflatten(1, (rows, columns))
            .transpose(2, 3)
            .flatten(3, 4)
            .flatten(1, 2)
        )
        if self.shift:
            x = x.roll((self.shift, self.shift), (1, 2))
        return x[:, :height, :width]


class ResidualSwinGroup(nn.Module):
    """Swin blocks, every other one shifted, a convolution and a skip.

    Args:
        channels (int): Width of the map.
        depth (int): Number of blocks.
        num_heads (int): Heads of the attention.
        window_size (int): Side of a window in pixels.
        mlp_ratio (float): Width inside the MLPs over ``channels``. Defaults
            to 2.0.
    """

    def __init__(
        self,
        channels: int,
        depth: int,
        num_heads: int,
        window_size: int,
        mlp_ratio: float = 2.0,
    ) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                SwinBlock(
                    channels,
                    num_heads,
                    window_size,
                    shift=window_size // 2 if i % 2 else 0,
                    mlp_ratio=mlp_ratio,
                )
                for i in range(depth)
            )
        )
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, H, W, C) to the same shape."""
        update = self.conv(self.blocks(x).permute(0, 3, 1, 2))
        return x + update.permute(0, 2, 3, 1)


def relative_positions(window_size: int) -> Tensor:
    """Which bias belongs to each pair of tokens of a window.

    Args:
        window_size (int): Side of the window; tokens go row by row.

    Returns:
        Tensor: (L, L) int64, query by key, L = window_size ** 2.
    """
    side = torch.arange(window_size)
    offsets = side[:, None] - side + window_size - 1  # query - key, from 0
    span = 2 * window_size - 1
    pairs = offsets[:, None, :, None] * span + offsets[None, :, None, :]
    return pairs.flatten(2).flatten(0, 1)


def attention_mask(size: tuple[int, int], window: int, shift: int) -> Tensor:
    """Keep apart what shifting and padding bring into one window.

    Args:
        size (tuple[int, int]): (h, w) of the map before padding.
        window (int): Side of a window.
        shift (int): Of the windows; 0 for none.

    Returns:
        Tensor: (W, L, L) float32, 0 where a token sees another and -100
        where not, for W windows of L tokens.
    """
    rows, columns = (_regions(side, window, shift) for side in size)
    # A token's region by row and by column, window by window.
    row = rows.view(-1, 1, window, 1)
    column = columns.view(1, -1, 1, window)
    region = (row * (columns.max() + 1) + column).flatten(2).flatten(0, 1)
    apart = region[:, :, None] != region[:, None, :]
    return torch.zeros(apart.shape).masked_fill(apart, MASKED)


def _regions(side: int, window: int, shift: int) -> Tensor:
    """Number the parts of one axis, padded and shifted, that are contiguous.

    0 for the map, 1 for what the shift brings round, 2 for padding.
    """
    padded = side + -side % window
    region = torch.zeros(padded, dtype=torch.int64)
    region[side:] = 2
    region = region.roll(-shift)
    if shift:
        wrapped = region[-shift:]
        wrapped[wrapped == 0] = 1
    return region
