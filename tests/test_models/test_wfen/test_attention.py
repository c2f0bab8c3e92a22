# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN's attention: windows, shifts, heads, precision and small numbers."""

import pytest
import torch
from precisions import HALF
from torch import Tensor, nn

from mmfacesr.models.wfen.attention import (
    GlobalAttention,
    WindowAttention,
    mix_pixel,
    mix_window,
)

KINDS = {
    'window 1': lambda: WindowAttention(8, 1, shift=True),
    'window 2': lambda: WindowAttention(8, 2, shift=True),
    'window 4': lambda: WindowAttention(8, 4, shift=False),
    'global': lambda: GlobalAttention(8, 2),
}


def noise(*shape: int) -> Tensor:
    """Normal noise, the same every time."""
    return torch.randn(shape, generator=torch.manual_seed(0)).double()


def pair(size: int, **second: bool) -> tuple[nn.Module, nn.Module]:
    """A window attention without shift, and one of equal weights."""
    first = WindowAttention(8, size, shift=False).double()
    other = WindowAttention(8, size, **second).double()
    other.load_state_dict(first.state_dict())
    return first, other


@torch.no_grad()
@pytest.mark.parametrize('size', [2, 4, 8])
@pytest.mark.parametrize('fix', [False, True])
def test_shifted_windows_give_the_map_back_in_place(
    size: int, fix: bool
) -> None:
    plain, shifted = pair(size, shift=True, fix_window_shift=fix)
    x, half = noise(2, 8, 8, 16), size // 2
    wanted = plain(x.roll((-half, -half), (2, 3))).roll((half, half), (2, 3))
    assert torch.equal(shifted(x), wanted)
    assert not torch.equal(shifted(x), plain(x))


@torch.no_grad()
def test_shifted_windows_of_a_pixel_move_the_map() -> None:
    plain, shifted = pair(1, shift=True)
    x = noise(2, 8, 5, 6)
    assert torch.equal(shifted(x), plain(x.roll((-1, -1), (2, 3))))
    # But for the frame, whose convolution differs, it is moved, no more.
    inner = plain(x)[..., 2:-1, 2:-1]
    torch.testing.assert_close(shifted(x)[..., 1:-2, 1:-2], inner)


@torch.no_grad()
def test_fixed_shift_leaves_windows_of_a_pixel_in_place() -> None:
    plain, shifted = pair(1, shift=True, fix_window_shift=True)
    x = noise(2, 8, 5, 6)
    assert torch.equal(shifted(x), plain(x))


@torch.no_grad()
def test_one_pixel_needs_no_matrix() -> None:
    q, k, v = noise(3, 50, 1, 16)
    matrices = (q.transpose(-2, -1) @ k).relu()
    torch.testing.assert_close(mix_pixel(q, k, v), v @ matrices)
    torch.testing.assert_close(mix_window(q, k, v), v @ matrices)


def test_one_pixel_has_the_gradient_of_the_matrix() -> None:
    found, wanted = noise(3, 50, 1, 16), noise(3, 50, 1, 16)
    for x, mix in ((found, mix_pixel), (wanted, mix_window)):
        x.requires_grad_()
        mix(*x).square().sum().backward()
    torch.testing.assert_close(found.grad, wanted.grad)


@torch.no_grad()
def test_windows_do_not_see_each_other() -> None:
    """Only the 3x3 convolution reaches across, by one pixel."""
    attention = WindowAttention(8, 4, shift=False).double()
    x = noise(1, 8, 12, 12)
    changed = x.clone()
    changed[..., 5, 5] += 1
    differs = (attention(changed) - attention(x)).abs().sum((0, 1)) > 1e-9
    assert differs[4:8, 4:8].all() and differs.sum() == 16
    changed = x.clone()
    changed[..., 4, 5] += 1  # a neighbor of the window above
    differs = (attention(changed) - attention(x)).abs().sum((0, 1)) > 1e-9
    assert differs[0:8, 4:8].all() and differs.sum() == 32


@torch.no_grad()
@pytest.mark.parametrize('name', KINDS)
@pytest.mark.parametrize('dtype', HALF)
def test_sums_are_in_float32_under_autocast(
    name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    attention, x = KINDS[name](), noise(1, 8, 8, 8).float()
    attend, seen = attention.attend, []

    def listen(qkv: Tensor) -> Tensor:
        seen.extend([qkv, attend(qkv)])
        return seen[-1]

    monkeypatch.setattr(attention, 'attend', listen)
    with torch.autocast('cpu', dtype):
        assert attention(x).dtype == dtype
    qkv, mixed = seen
    assert (qkv.dtype, mixed.dtype) == (torch.float32, torch.float32)
    assert torch.equal(qkv, qkv.to(dtype).float()), 'of a half convolution'
    assert torch.equal(mixed, attend(qkv)), 'as without autocast'


@pytest.mark.parametrize('scale', [0.0, 1e-30, 1e-18, 1e-10, 1e-5, 1.0, 1e5])
@pytest.mark.parametrize('name', KINDS)
def test_gradients_are_finite_at_every_scale(name: str, scale: float) -> None:
    """Norms are divided by, however small: fresh networks have such maps."""
    attention = KINDS[name]()
    x = (scale * noise(1, 8, 8, 8)).float().requires_grad_()
    attention(x).sum().backward()
    assert x.grad.isfinite().all()
    assert all(p.grad.isfinite().all() for p in attention.parameters())


@torch.no_grad()
@pytest.mark.parametrize('name', KINDS)
def test_weights_do_not_depend_on_the_scale_of_queries(name: str) -> None:
    attention, x = KINDS[name]().double(), noise(1, 8, 8, 8)
    wanted = attention(x)
    attention.qkv.weight[:16] *= 7  # queries and keys
    torch.testing.assert_close(attention(x), wanted)
    attention.temperature *= 3
    torch.testing.assert_close(attention(x), 3 * wanted)
