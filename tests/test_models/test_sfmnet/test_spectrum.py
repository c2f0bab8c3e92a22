# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Amplitude and phase: against NumPy, at real bins, and their gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.models.sfmnet.blocks import FrequencyBlock
from mmfacesr.models.sfmnet.spectrum import (
    amplitude_and_phase,
    from_amplitude_and_phase,
    real_bins,
)

SIZES = [(16, 16), (12, 20), (9, 7), (8, 5), (5, 8), (1, 1), (2, 1)]


def noise(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Normal noise, the same every time."""
    return torch.randn(shape, generator=torch.manual_seed(0)).to(dtype)


@pytest.mark.parametrize('size', SIZES)
def test_amplitude_and_phase_are_numpys(size: tuple) -> None:
    x = noise(2, 3, *size)
    amplitude, phase = amplitude_and_phase(x)
    wanted = np.fft.rfft2(x.numpy())
    np.testing.assert_allclose(amplitude, np.abs(wanted), atol=1e-12)
    # Phases of pi and -pi are one angle.
    np.testing.assert_allclose(
        torch.polar(torch.ones_like(phase), phase),
        wanted / np.abs(wanted),
        atol=1e-12,
    )


@pytest.mark.parametrize('size', SIZES)
def test_real_bins_are_those_that_numpy_finds(size: tuple) -> None:
    spectrum = np.fft.rfft2(noise(50, *size).numpy())
    found = np.abs(spectrum.imag).max(0) < 1e-9
    np.testing.assert_array_equal(real_bins(*size), found)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_negative_real_bins_have_the_phase_pi(
    size: tuple, dtype: torch.dtype
) -> None:
    """Rounding makes some of their imaginary parts less than 0."""
    x = noise(200, *size, dtype=dtype)
    _, phase = amplitude_and_phase(x)
    at_real = phase[:, real_bins(*size)]
    pi = torch.tensor(torch.pi, dtype=dtype)
    assert ((at_real == 0) | (at_real == pi)).all()
    assert (at_real == pi).any()


@pytest.mark.parametrize('zero', [0.0, -0.0])
def test_sign_of_zero_does_not_matter(
    zero: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = -torch.ones(1, 1, 4, 4)
    spectrum = torch.zeros(1, 1, 4, 3, dtype=torch.complex64)
    spectrum[0, 0, 0, 0] = complex(-16, zero)
    monkeypatch.setattr(torch.fft, 'rfft2', lambda _: spectrum)
    assert amplitude_and_phase(x)[1][0, 0, 0, 0] == np.float32(np.pi)


@pytest.mark.parametrize('size', SIZES)
def test_maps_come_back(size: tuple) -> None:
    x = noise(2, 3, *size)
    again = from_amplitude_and_phase(*amplitude_and_phase(x), size)
    torch.testing.assert_close(again, x, rtol=0, atol=1e-7)


def test_gradients_are_those_of_differences() -> None:
    x = noise(1, 2, 6, 5).requires_grad_()
    assert torch.autograd.gradcheck(amplitude_and_phase, x)


@pytest.mark.parametrize('value', [0.0, 1e-30, 1e-20, 1e-8, 1.0, -1.0, 1e4])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_constant_maps_have_moderate_gradients(
    value: float, dtype: torch.dtype
) -> None:
    """All but one of their bins are rounding: one over it would be huge."""
    x = torch.full((1, 3, 12, 20), value, dtype=dtype).requires_grad_()
    amplitude, phase = amplitude_and_phase(x)
    (amplitude.sum() + phase.sum()).backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().max() <= 12 * 11


@pytest.mark.parametrize('value', [0.0, 1.0])
def test_block_has_gradients_on_a_constant_map(value: float) -> None:
    torch.manual_seed(0)
    block = FrequencyBlock(8)
    x = torch.full((1, 8, 16, 16), value).requires_grad_()
    block(x).square().mean().backward()
    for each in (x, *block.parameters()):
        assert each.grad.isfinite().all()
        assert each.grad.norm() < 1e3
