# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Protocols from their definitions, without any code of ours.

By NumPy and SciPy alone, and files by OpenCV. ``INDEPENDENT`` has a function
for each name of a protocol: a pair of prediction and ground truth, (H, W, 3)
RGB in [0, 255], and a folder for files, to the values of that one image.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from scipy.signal import correlate2d

C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
EXPONENTS = 0.0448, 0.2856, 0.3001, 0.2363, 0.1333
Pair = tuple[np.ndarray, np.ndarray]


def psnr(x: np.ndarray, y: np.ndarray) -> float | None:
    error = ((x / 255 - y / 255) ** 2).sum() / x.size
    return -10 * np.log10(error) if error else None


def gaussian(side: int) -> np.ndarray:
    """The (side, side) window; an even one has its peak at side / 2."""
    row = [np.exp(-((i - side // 2) ** 2) / 4.5) for i in range(side)]
    return np.outer(row, row) / np.outer(row, row).sum()


def terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Luminance times contrast, and contrast alone, of two planes."""

    def mean(plane: np.ndarray) -> np.ndarray:
        return correlate2d(plane, gaussian(min(11, len(x))), mode='valid')

    mx, my = mean(x), mean(y)
    contrast = (2 * (mean(x * y) - mx * my) + C2) / (
        mean(x * x) - mx**2 + mean(y * y) - my**2 + C2
    )
    luminance = (2 * mx * my + C1) / (mx**2 + my**2 + C1)
    return np.array([(luminance * contrast).mean(), contrast.mean()])


def ssim(x: np.ndarray, y: np.ndarray) -> float:
    """SSIM of planes, or its mean over channels."""
    channels = zip(np.atleast_3d(x).T, np.atleast_3d(y).T)
    return np.mean([terms(a.T, b.T)[0] for a, b in channels])


def uniform_ssim(x: np.ndarray, y: np.ndarray, side: int) -> float:
    """SSIM of every square by summed-area tables, covariances with N - 1."""

    def sums(image: np.ndarray) -> np.ndarray:
        table = np.pad(image, ((1, 0), (1, 0), (0, 0))).cumsum(0).cumsum(1)
        rows = table[side:] - table[:-side]
        return rows[:, side:] - rows[:, :-side]

    x, y, count = np.atleast_3d(x), np.atleast_3d(y), side * side
    mx, my = sums(x) / count, sums(y) / count
    shared = (sums(x * y) - count * mx * my) / (count - 1)
    own = sums(x * x + y * y) - count * (mx**2 + my**2)
    luminance = (2 * mx * my + C1) / (mx**2 + my**2 + C1)
    return (luminance * (2 * shared + C2) / (own / (count - 1) + C2)).mean()


def luma(image: np.ndarray, whole: Callable) -> np.ndarray:
    """BT.601's table on an image and on its luma, made whole numbers."""
    red, green, blue = np.moveaxis(whole(image.astype(float)), 2, 0)
    thousandths = 65481 * red + 128553 * green + 24966 * blue
    return whole(thousandths / 255000) + 16


def cut(pair: Pair) -> Pair:
    return tuple(image[8:-8, 8:-8] for image in pair)


def rgb(pair: Pair, folder: Path) -> dict:
    x, y = cut([image.astype(float) for image in pair])
    return dict(PSNR=psnr(x, y), SSIM=ssim(x, y), MAE=np.abs(x - y).mean())


def rounded(pair: Pair, folder: Path) -> dict:
    x, y = cut([luma(image, np.round) for image in pair])
    return dict(PSNR=psnr(x, y), SSIM=ssim(x, y))


def survey(pair: Pair, folder: Path) -> dict:
    x, y = cut([luma(image, np.round) for image in pair])
    return dict(PSNR=psnr(x, y), SSIM=uniform_ssim(x, y, 7))


def truncated(pair: Pair, folder: Path) -> dict:
    x, y = (luma(image, np.floor) for image in pair)
    return dict(PSNR=psnr(x, y), SSIM=ssim(x, y))


def at_least_one(pair: Pair, folder: Path) -> dict:
    x, y = (luma(image, np.floor) for image in pair)
    errors = [(a - b) ** 2 for a, b in zip(x.flat, y.flat)]
    error = sum(errors) / len(errors)
    return dict(PSNR=20 * np.log10(255) - 10 * np.log10(max(1, error)))


def through_jpeg(pair: Pair, folder: Path) -> dict:
    cv2.imwrite(str(folder / 'sr.jpg'), pair[0][..., ::-1].astype(float))
    x = cv2.imread(str(folder / 'sr.jpg'))[..., ::-1].astype(float)
    y = pair[1].astype(float)
    return dict(
        PSNR=psnr(x, y),
        SSIM=uniform_ssim(x, y, 51),
        MAE=np.abs(x - y).mean(),
    )


def levels(pair: Pair) -> np.ndarray:
    """(5, 2) terms of MS-SSIM, means over the channels."""
    x, y = (image.astype(float) for image in pair)
    found = []
    for _ in EXPONENTS:
        found.append(
            np.mean([terms(x[..., c], y[..., c]) for c in range(3)], 0)
        )
        x, y = (
            image.reshape(len(image) // 2, 2, -1, 2, 3).mean((1, 3))
            for image in (x, y)
        )
    return np.array(found)


def pooled(pairs: list[Pair]) -> dict:
    """Sixteen at a time; the last level of MS-SSIM four times."""
    means = []
    for start in range(0, len(pairs), 16):
        batch = pairs[start : start + 16]
        x, y = (np.stack(images).astype(float) for images in zip(*batch))
        level = np.mean([levels(pair) for pair in batch], 0)
        product = level[4, 0] ** (4 * EXPONENTS[4])
        for place in range(4):
            product *= level[place, 1] ** EXPONENTS[place]
        means.append([psnr(x, y), level[0, 0], product])
    return dict(zip(('PSNR', 'SSIM', 'MS-SSIM'), np.mean(means, 0)))


INDEPENDENT = dict(
    rgb=rgb,
    survey=survey,
    fsrnet=at_least_one,
    dic=rounded,
    sparnet=truncated,
    wfen=truncated,
    sfmnet=survey,
    elsface=through_jpeg,
    pfsrnet=lambda pair, folder: pooled([pair]),
)
