# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Traces of JPEG and of an enlargement in pixels."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Optional

import cv2
import numpy as np
from PIL import Image
from scipy.fft import dctn

BLOCK = 8
QUALITIES = range(1, 101)
SEEN_QUALITIES = range(30, 97)
"""Those that leave traces in 8-bit pixels."""
ROUNDING = 0.45  # of a DCT coefficient of rounded RGB, standard deviation
OUTLIERS = 0.02  # share of coefficients that clipping has moved
LEAST_EVIDENCE = 0.3  # nats for each coefficient that is not zero
LEAST_SUM = 30.0  # nats
MOST_COEFFICIENTS = 200_000
LEAST_SIDE = 8
EXACT = 0.75  # levels, root mean square: rounding and clipping
LIKELY = 4.0  # also compressed; a sharp face is three times as far off
LARGE_FACTOR = 4
FILTERS = dict(
    nearest=Image.NEAREST,
    bilinear=Image.BILINEAR,
    bicubic=Image.BICUBIC,
    lanczos=Image.LANCZOS,
)
OPENCV = 'bicubic of OpenCV'


@cache
def luma_tables() -> dict[int, np.ndarray]:
    """Quality -> libjpeg's table for luma, (64,), in Pillow's order."""
    found = {}
    for quality in QUALITIES:
        buffer = io.BytesIO()
        Image.new('L', (BLOCK, BLOCK)).save(buffer, 'JPEG', quality=quality)
        with Image.open(buffer) as image:
            found[quality] = np.array(image.quantization[0])
    return found


def quality_of_tables(tables: Mapping[int, Sequence[int]]) -> int:
    """The quality of libjpeg whose table for luma is nearest.

    Args:
        tables (Mapping[int, Sequence[int]]): As Pillow reads them of a file.

    Returns:
        int: 1 to 100; other encoders count otherwise.
    """
    table = np.array(tables[min(tables)])
    off = {q: np.abs(t - table).sum() for q, t in luma_tables().items()}
    return min(off, key=off.__getitem__)


def quality_of_pixels(images: Sequence[np.ndarray]) -> Optional[int]:
    """Find that pixels were once a JPEG file, and of which quality.

    The coefficients of its blocks lie near multiples of the quantization
    steps. The quality of largest likelihood is taken, against coefficients
    of no pattern. It sees nothing in images that were cropped off the grid,
    resized or colored since.

    Args:
        images (Sequence[np.ndarray]): Each (h, w, 3) uint8 RGB.

    Returns:
        int | None: On libjpeg's scale, or None if there is no trace.
    """
    blocks = np.concatenate([_coefficients(image) for image in images])
    blocks = blocks[: MOST_COEFFICIENTS // BLOCK**2]
    if not len(blocks):
        return None
    evidence = {q: _evidence(blocks, q) for q in SEEN_QUALITIES}
    best = max(evidence, key=lambda quality: evidence[quality].sum())
    found = evidence[best]
    seen = found.sum() > LEAST_SUM and found.mean() > LEAST_EVIDENCE
    return best if seen else None


def _coefficients(image: np.ndarray) -> np.ndarray:
    """(N, 64) DCT coefficients of the luma of whole blocks."""
    height, width = (side // BLOCK * BLOCK for side in image.shape[:2])
    luma = image[:height, :width] @ np.array([0.299, 0.587, 0.114]) - 128
    blocks = luma.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks = blocks.swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)
    return dctn(blocks, axes=(1, 2), norm='ortho').reshape(-1, BLOCK**2)


def _evidence(blocks: np.ndarray, quality: int) -> np.ndarray:
    """Log of how much likelier steps of a quality are than none.

    Near a multiple of a step s, coefficients have the density of a normal
    distribution of the rounding, times s. Those near zero say nothing: they
    are small in smooth images too.

    Returns:
        np.ndarray: (M,), of each coefficient that is not near zero.
    """
    steps = np.broadcast_to(luma_tables()[quality], blocks.shape)
    multiple = np.rint(blocks / steps)
    far = multiple != 0
    steps, off = steps[far], (blocks - multiple * steps)[far] / ROUNDING
    peak = steps / (ROUNDING * np.sqrt(2 * np.pi))
    density = (1 - OUTLIERS) * peak * np.exp(-(off**2) / 2) + OUTLIERS
    return np.log(density)


@cache
def enlarging_matrix(name: str, small: int, large: int) -> np.ndarray:
    """(large, small) float64: what an enlargement makes of a line."""
    identity = np.eye(small, dtype=np.float32)
    if name == OPENCV:
        made = cv2.resize(
            identity, (small, large), interpolation=cv2.INTER_CUBIC
        )
    else:
        image = Image.fromarray(identity)
        made = np.array(image.resize((small, large), FILTERS[name]))
    return made.astype(np.float64)


@dataclass(frozen=True)
class Enlargement:
    """How images were enlarged.

    Attributes:
        filter (str): A key of ``FILTERS``, or ``OPENCV``.
        small (int): Side before.
        unlike (float): Root mean square of what no such enlargement gives.
    """

    filter: str
    small: int
    unlike: float

    @property
    def exact(self) -> bool:
        """Whether no more is left than rounding."""
        return self.unlike < EXACT


def find_enlargement(images: Sequence[np.ndarray]) -> Optional[Enlargement]:
    """Find the smallest images that images were enlarged from.

    Args:
        images (Sequence[np.ndarray]): Squares (h, h, 3) uint8 of one size.

    Returns:
        Enlargement | None: None if they are none.
    """
    side = len(images[0])
    for small in range(LEAST_SIDE, side // 2 + 1):
        if side % small:
            continue
        found = min(
            (
                Enlargement(name, small, _unlike(images, name, small))
                for name in [*FILTERS, OPENCV]
            ),
            key=lambda one: one.unlike,
        )
        far = side // small >= LARGE_FACTOR
        if found.exact or (far and found.unlike < LIKELY):
            return found
    return None


def _unlike(images: Sequence[np.ndarray], name: str, small: int) -> float:
    """Root mean square of what no enlargement of a filter gives."""
    matrix = enlarging_matrix(name, small, len(images[0]))
    project = matrix @ np.linalg.pinv(matrix)
    stack = np.stack(images).astype(np.float64)
    nearest = np.einsum(
        'ih,nhwc,jw->nijc', project, stack, project, optimize=True
    )
    return float(np.sqrt(np.square(stack - nearest).mean()))


def undo_enlargement(image: np.ndarray, name: str, small: int) -> np.ndarray:
    """The smaller image, (small, small, 3) uint8, in the least squares."""
    inverse = np.linalg.pinv(enlarging_matrix(name, small, len(image)))
    found = np.einsum('ih,hwc,jw->ijc', inverse, image, inverse)
    return np.rint(found).clip(0, 255).astype(np.uint8)
