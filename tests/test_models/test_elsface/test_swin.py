# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Swin blocks against MMagic's, and against loops over pixels."""

import re
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.elsface import swin
from mmfacesr.models.elsface.swin import (
    ResidualSwinGroup,
    SwinBlock,
    attention_mask,
)

CHANNELS, HEADS, WINDOW = 6, 2, 4


@pytest.fixture(scope='module')
def mmagic_rstb() -> Callable[..., nn.Module]:
    """MMagic's group, imported here because it takes seconds."""
    import mmfacesr.compat.mmagic_base  # noqa: F401, it mends what importing needs

    return pytest.importorskip('mmagic.models.editors.swinir.swinir_rstb').RSTB


def unsettled(module: nn.Module) -> nn.Module:
    """The module with noise in every parameter, so that each one counts."""
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += 0.3 * torch.randn(parameter.shape, generator=draw)
    return module


def tokens(height: int, width: int, channels: int = CHANNELS) -> Tensor:
    """Two maps of noise."""
    draw = torch.Generator().manual_seed(1)
    return torch.randn(2, height, width, channels, generator=draw)


def their_key(ours: str) -> str:
    """The name that MMagic has for one of our parameters."""
    ours = re.sub(r'^blocks\.', 'residual_group.blocks.', ours)
    return ours.replace('mlp.0.', 'mlp.fc1.').replace('mlp.2.', 'mlp.fc2.')


# MMagic keeps a mask for 16x24 and makes one for any other size.
@pytest.mark.parametrize('size', [(16, 24), (24, 8)])
@pytest.mark.parametrize('depth', [1, 2])
def test_group_equals_mmagic(
    mmagic_rstb: Callable[..., nn.Module], depth: int, size: tuple
) -> None:
    ours = unsettled(ResidualSwinGroup(12, depth, 3, 8))
    theirs = mmagic_rstb(
        dim=12,
        input_resolution=(16, 24),
        depth=depth,
        num_heads=3,
        window_size=8,
        mlp_ratio=2.0,
        img_size=(16, 24),
        patch_size=1,
    ).eval()
    weights = {their_key(k): v for k, v in ours.state_dict().items()}
    missing, unknown = theirs.load_state_dict(weights, strict=False)
    assert not unknown
    derived = ('relative_position_index', 'attn_mask')
    assert all(key.endswith(derived) for key in missing), missing
    inputs = [tokens(*size, 12).requires_grad_() for _ in range(2)]
    found = ours(inputs[0])
    wanted = theirs(inputs[1].flatten(1, 2), size).view_as(found)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)
    for output in (found, wanted):
        output.square().mean().backward()
    close = dict(rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(inputs[0].grad, inputs[1].grad, **close)
    gradients = {k: p.grad for k, p in theirs.named_parameters()}
    for key, parameter in ours.named_parameters():
        torch.testing.assert_close(
            parameter.grad, gradients.pop(their_key(key)), **close, msg=key
        )
    assert not gradients


def attend_by_loops(block: SwinBlock, normed: Tensor) -> Tensor:
    """Attention of one map (H, W, C), pixel by pixel, without any padding.

    Windows begin at the shift; a pixel sees those of its window that exist.
    """
    height, width, channels = normed.shape
    attn, size = block.attn, block.window_size
    q, k, v = attn.qkv(normed).view(height, width, 3, HEADS, -1).unbind(2)
    table = attn.relative_position_bias_table
    pixels = [(y, x) for y in range(height) for x in range(width)]

    def window(pixel: tuple) -> tuple:
        return tuple((p - block.shift) // size for p in pixel)

    result = torch.zeros(height, width, channels)
    for y, x in pixels:
        seen = [p for p in pixels if window(p) == window((y, x))]
        for head in range(HEADS):
            logits = torch.stack(
                [
                    q[y, x, head] @ k[r, c, head] / q.shape[-1] ** 0.5
                    + table[
                        (y - r + size - 1) * (2 * size - 1) + x - c + size - 1,
                        head,
                    ]
                    for r, c in seen
                ]
            )
            values = torch.stack([v[r, c, head] for r, c in seen])
            part = slice(head * v.shape[-1], (head + 1) * v.shape[-1])
            result[y, x, part] = logits.softmax(0) @ values
    return attn.proj(result)


@torch.no_grad()
@pytest.mark.parametrize('shift', [0, 2])
@pytest.mark.parametrize('size', [(8, 4), (7, 10), (5, 8), (1, 3)])
def test_block_of_any_size_equals_loops(size: tuple, shift: int) -> None:
    block = unsettled(SwinBlock(CHANNELS, HEADS, WINDOW, shift))
    maps = tokens(*size)
    wanted = maps + torch.stack(
        [attend_by_loops(block, block.norm1(each)) for each in maps]
    )
    wanted = wanted + block.mlp(block.norm2(wanted))
    torch.testing.assert_close(block(maps), wanted, rtol=1e-5, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('shift', [0, 2])
def test_content_of_the_padding_is_not_seen(
    shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    block = unsettled(SwinBlock(CHANNELS, HEADS, WINDOW, shift))
    maps, pad = tokens(7, 10), swin.F.pad
    wanted = block(maps)
    calls = []

    def pad_with_threes(x: Tensor, sides: tuple) -> Tensor:
        calls.append(sides)
        return pad(x, sides, value=3.0)

    monkeypatch.setattr(swin.F, 'pad', pad_with_threes)
    torch.testing.assert_close(block(maps), wanted, rtol=0, atol=1e-6)
    assert calls == [(0, 0, 0, 2, 0, 1)]


def test_blocks_of_a_group_are_shifted_in_turn() -> None:
    group = ResidualSwinGroup(CHANNELS, 3, HEADS, WINDOW)
    assert [block.shift for block in group.blocks] == [0, 2, 0]


def test_mask_by_hand() -> None:
    # 2x3 in windows of 2: the right one is a column of pixels and one of
    # padding; tokens go row by row.
    mask = attention_mask((2, 3), 2, 0)
    assert mask.shape == (2, 4, 4) and not mask[0].any()
    by_column = [[0, -100], [-100, 0]]
    assert mask[1].tolist() == torch.tensor(by_column).repeat(2, 2).tolist()
    # 2x4 shifted by 1: rows 1 and 0 come together, columns 1, 2 and 3, 0.
    mask = attention_mask((2, 4), 2, 1)
    row = [[0, 0, -100, -100]] * 2 + [[-100, -100, 0, 0]] * 2
    assert mask[0].tolist() == row
    assert torch.equal(mask[1], -100 * (1 - torch.eye(4)))
    assert not attention_mask((4, 6), 2, 0).any()
