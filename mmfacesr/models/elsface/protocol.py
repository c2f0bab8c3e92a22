# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How ELSFace's paper measured: 8-bit images, read from JPEG files."""

import cv2
import numpy as np
from skimage.metrics import structural_similarity

from mmfacesr.evaluation.functional.image_quality import (
    PEAK,
    crop_pair,
    mae,
    psnr,
)
from mmfacesr.evaluation.functional.protocol import Protocol

JPEG_QUALITY = 95  # OpenCV's default, with chroma at half the size
SSIM_WINDOW = 51


def round_to_8_bit(image: np.ndarray) -> np.ndarray:
    """Clip to [0, 255] and round to nearest, as OpenCV does for a file."""
    return np.rint(np.clip(image, 0, PEAK)).astype(np.uint8)


def jpeg_round_trip(image: np.ndarray) -> np.ndarray:
    """Write an image as JPEG by OpenCV and read it, in memory.

    Args:
        image (np.ndarray): (H, W, 3) RGB in [0, 255], rounded to 8 bit.

    Returns:
        np.ndarray: (H, W, 3) uint8 RGB.
    """
    bgr = cv2.cvtColor(round_to_8_bit(image), cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    _, content = cv2.imencode('.jpg', bgr, options)
    bgr = cv2.imdecode(content, cv2.IMREAD_COLOR)
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def elsface_pair(
    pred: np.ndarray, target: np.ndarray
) -> 'tuple[np.ndarray, np.ndarray]':
    """What ELSFace's protocol compares: two images as if read from files.

    The prediction goes through a JPEG. The ground truth does not: in the
    reference it is a JPEG file that was only read.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        tuple[np.ndarray]: Prediction and ground truth, (H, W, 3) uint8 RGB.
    """
    return jpeg_round_trip(pred), round_to_8_bit(target)


def uniform_ssim(pred: np.ndarray, target: np.ndarray) -> float:
    """Structural similarity with ELSFace's window, mean over the channels.

    Uniform 51x51 window, sample covariance (N - 1), K1 0.01, K2 0.03, where
    the window fits: 25 pixels off each side.

    Args:
        pred (np.ndarray): (H, W, 3) in [0, 255], no side below 51.
        target (np.ndarray): Same shape and range.

    Returns:
        float: At most 1.

    Raises:
        ValueError: If the shapes differ or the window does not fit.
    """
    pred, target = crop_pair(pred, target, 0)
    if min(pred.shape[:2]) < SSIM_WINDOW:
        raise ValueError(
            f'Expected images of at least {SSIM_WINDOW}x{SSIM_WINDOW}, the '
            f"window of ELSFace's SSIM, got {pred.shape[:2]}; test larger "
            "images, or without the protocol 'elsface'."
        )
    return float(
        structural_similarity(
            pred,
            target,
            win_size=SSIM_WINDOW,
            data_range=PEAK,
            gaussian_weights=False,
            use_sample_covariance=True,
            channel_axis=2,
        )
    )


def measure(pred: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """Protocol of ELSFace: 8-bit RGB, the prediction through a JPEG.

    Source: Qi et al., IEEE TMM 2024, released evaluation code. Differs:
    none.

    Args:
        pred (np.ndarray): (H, W, 3) RGB in [0, 255].
        target (np.ndarray): (H, W, 3) RGB in [0, 255].

    Returns:
        dict[str, float]: ``PSNR`` in dB, ``SSIM``, and ``MAE`` in gray
        levels.

    Raises:
        ValueError: If the window of SSIM does not fit.
    """
    pair = elsface_pair(pred, target)
    return dict(
        PSNR=psnr(*pair, crop_border=0),
        SSIM=uniform_ssim(*pair),
        MAE=mae(*pair, crop_border=0),
    )


PROTOCOL = Protocol(
    measure,
    about=f'8-bit RGB, prediction through JPEG {JPEG_QUALITY}, whole image; '
    f'SSIM uniform {SSIM_WINDOW}x{SSIM_WINDOW}',
)
