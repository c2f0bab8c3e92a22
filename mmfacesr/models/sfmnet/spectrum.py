# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Amplitude and phase of maps, with well-defined phases and gradients."""

import torch
from torch import Tensor

# An amplitude that is smaller, relative to the largest of its map (or to 1),
# is rounding.
ROUNDING = 1e-6


def amplitude_and_phase(x: Tensor) -> tuple[Tensor, Tensor]:
    """Transform maps to amplitude and phase.

    Some bins are real in theory, but for rounding. When they are negative,
    its sign says whether their phase is pi or -pi, so it is taken off.

    Source: Wang et al., Spatial-Frequency Mutual Learning for Face
    Super-Resolution, CVPR 2023, section 3. Differs: the above, which changes
    nothing where sides are powers of two; and the phase of a bin that is
    nothing but rounding has no gradient, which would be one over it.

    Args:
        x (Tensor): (..., H, W) real, at least float32.

    Returns:
        tuple[Tensor, Tensor]: Amplitude, at least 0, and phase in (-pi, pi],
        both (..., H, W // 2 + 1), of the transform that is not normalized.
    """
    spectrum = torch.fft.rfft2(x)
    amplitude = spectrum.abs()
    values = amplitude.detach()
    largest = values.amax((-2, -1), keepdim=True).clamp_min(1)
    is_noise = values <= ROUNDING * largest
    spectrum = torch.where(is_noise, spectrum.detach(), spectrum)
    is_real = real_bins(*x.shape[-2:], device=x.device)
    imaginary = spectrum.imag.masked_fill(is_real, 0.0)
    return amplitude, torch.atan2(imaginary, spectrum.real)


def real_bins(
    height: int, width: int, device: torch.device | None = None
) -> Tensor:
    """Say which bins of a real map's half spectrum are real.

    Args:
        height (int): Of the map.
        width (int): Of the map.
        device (torch.device, optional): Where the answer is put.

    Returns:
        Tensor: (height, width // 2 + 1) bool.
    """
    # A frequency is its own mirror at 0 and, of an even side, at half of it.
    rows = 2 * torch.arange(height, device=device) % height == 0
    columns = 2 * torch.arange(width // 2 + 1, device=device) % width == 0
    return rows[:, None] & columns


def from_amplitude_and_phase(
    amplitude: Tensor, phase: Tensor, size: tuple[int, int]
) -> Tensor:
    """Transform back to maps.

    Args:
        amplitude (Tensor): (..., H, W // 2 + 1).
        phase (Tensor): Same shape, of any range.
        size (tuple[int, int]): H and W.

    Returns:
        Tensor: (..., H, W) real.
    """
    real, imaginary = amplitude * phase.cos(), amplitude * phase.sin()
    # The released network adds them so.
    spectrum = torch.complex(real + 1e-8, imaginary + 1e-8) + 1e-8
    return torch.fft.irfft2(spectrum, s=size)
