# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Loss of ELSFace between sharpened images."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.layers import at_least_float32
from mmfacesr.registry import MODELS


@MODELS.register_module()
class SharpLoss(nn.Module):
    """L1 distance of two images after unsharp masking.

    An image z is sharpened to U(z) = z + amount * (z - G(z)), G a Gaussian
    blur with reflected edges. U is linear: one blur, of the difference of the
    images, gives the loss. The blur is a product with a small matrix for each
    axis; ``benchmarks/sharp_loss_speed.py`` compares it with convolutions.

    Source: Qi et al., IEEE TMM 26 (2024), released training code. Differs:
    none; a mask that it computes and drops is left out.

    Args:
        loss_weight (float): Factor on the result. Defaults to 1.0.
        kernel_size (int): Taps of the Gaussian, odd; its sigma is OpenCV's
            automatic one (8 for 51). Defaults to 51.
        amount (float): Of the sharpening. Defaults to 0.5.

    Raises:
        ValueError: If ``kernel_size`` is even or below 3.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        kernel_size: int = 51,
        amount: float = 0.5,
    ) -> None:
        super().__init__()
        if kernel_size < 3 or kernel_size % 2 == 0:
            raise ValueError(
                'Expected an odd kernel_size of at least 3, got '
                f'{kernel_size}.'
            )
        self.loss_weight = loss_weight
        self.kernel_size = kernel_size
        self.amount = amount

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute mean(|U(pred) - U(target)|).

        Args:
            pred (Tensor): (N, C, H, W) in [0, 1], not clamped; H and W above
                ``kernel_size // 2``.
            target (Tensor): (N, C, H, W) in [0, 1].

        Returns:
            Tensor: Scalar, at least 0.

        Raises:
            ValueError: If the shapes differ or the images are too small.
        """
        radius = self.kernel_size // 2
        if pred.shape != target.shape or min(pred.shape[-2:]) <= radius:
            raise ValueError(
                'Expected two batches of one shape, sides above '
                f'{radius}, got {tuple(pred.shape)} and '
                f'{tuple(target.shape)}; set a smaller kernel_size.'
            )
        # Half precision would lose the difference of image and blur.
        with torch.autocast(pred.device.type, enabled=False):
            error = at_least_float32(pred) - at_least_float32(target)
            error = self.sharpen(error)
        return self.loss_weight * error.abs().mean()

    def sharpen(self, image: Tensor) -> Tensor:
        """U(image) of a batch (N, C, H, W), same shape."""
        taps = gaussian_taps(self.kernel_size).to(image)
        rows, columns = (blur_matrix(s, taps) for s in image.shape[-2:])
        blurred = rows @ image @ columns.mT
        return image + self.amount * (image - blurred)


def gaussian_taps(size: int) -> Tensor:
    """Taps of a Gaussian of OpenCV's automatic sigma.

    Args:
        size (int): Number of taps, odd. OpenCV's own are from a table, and
            differ, up to 9.

    Returns:
        Tensor: (size,) float64, sum 1.
    """
    sigma = 0.3 * ((size - 1) / 2 - 1) + 0.8
    offsets = torch.arange(size, dtype=torch.float64) - size // 2
    taps = torch.exp(-(offsets**2) / (2 * sigma**2))
    return taps / taps.sum()


def blur_matrix(side: int, taps: Tensor) -> Tensor:
    """Blur of one axis as a matrix, edges reflected and not repeated.

    Args:
        side (int): Pixels of the axis, more than half of the taps.
        taps (Tensor): (size,), symmetric.

    Returns:
        Tensor: (side, side); row i holds what pixel i is made of.
    """
    radius = taps.numel() // 2
    pixels = torch.eye(side, dtype=taps.dtype, device=taps.device)
    padded = F.pad(pixels[:, None], (radius, radius), mode='reflect')
    return F.conv1d(padded, taps.view(1, 1, -1))[:, 0].T
