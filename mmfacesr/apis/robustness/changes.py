# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is changed of a face, and how strongly: pure functions."""

import hashlib
import math
from dataclasses import dataclass

import cv2
import numpy as np

STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))
"""Directions of a shift, (x, y)."""
KERNEL = 'kernel'


@dataclass(frozen=True)
class Change:
    """A kind of change.

    Attributes:
        axis (str): What its strength is, for people.
        strengths (tuple[float, ...]): In the order in which they are drawn.
        neutral (float): The strength at which nothing changes.
        moves_face (bool): Whether the ground truth changes too. Defaults to
            False.
    """

    axis: str
    strengths: tuple[float, ...]
    neutral: float
    moves_face: bool = False


CHANGES = {
    'shift': Change(
        'face moved, HR pixels', (0, 1, 2, 4, 8, 12, 16), 0, moves_face=True
    ),
    'rotation': Change(
        'face turned, degrees', (0, 2, 5, 10, 15), 0, moves_face=True
    ),
    'scale': Change(
        'side of the frame, times',
        (0.8, 0.9, 1, 1.1, 1.2, 1.25),
        1,
        moves_face=True,
    ),
    'blur': Change('blur of HR, sigma in pixels', (0, 1, 2, 3, 4, 6), 0),
    'noise': Change(
        'noise of LR, sigma in gray levels', (0, 2, 5, 10, 15, 25), 0
    ),
    'jpeg': Change('JPEG quality of LR', (100, 95, 90, 75, 50, 30), 100),
}
"""Name -> change, but for the kernel, whose strengths are recipes."""


@dataclass(frozen=True)
class Frame:
    """Where the frame of a face lies, against the usual place.

    Attributes:
        shift (tuple[float, float]): x and y in HR pixels. Defaults to none.
        angle (float): Degrees, clockwise. Defaults to 0.
        scale (float): Side over the usual one. Defaults to 1.
    """

    shift: tuple[float, float] = (0.0, 0.0)
    angle: float = 0.0
    scale: float = 1.0


def seed_of(name: str) -> int:
    """A seed that depends on the name of a face alone."""
    digest = hashlib.sha256(name.encode('utf-8', 'surrogateescape')).digest()
    return int.from_bytes(digest[:8], 'little')


def frame_of(change: str, strength: float, name: str) -> Frame:
    """Move the frame; which way is drawn by the name of the face.

    Args:
        change (str): Changes that move no face give the usual frame.
        strength (float): Of the change.
        name (str): Of the face.
    """
    x, y = STEPS[seed_of(name) % len(STEPS)]
    if change == 'shift':
        return Frame(shift=(x * strength, y * strength))
    if change == 'rotation':
        return Frame(angle=strength * (x + y))
    if change == 'scale':
        return Frame(scale=strength)
    return Frame()


def reach(change: str, strength: float, size: int) -> float:
    """Pixels from the usual center to the farthest side or corner.

    Args:
        change (str): Of the frame or not.
        strength (float): Of the change.
        size (int): Side of the frame in pixels.
    """
    half = (size - 1) / 2
    if change == 'shift':
        return half + strength
    if change == 'rotation':
        turn = math.radians(strength)
        return half * (math.cos(turn) + math.sin(turn))
    return half * (strength if change == 'scale' else 1)


def cut_out(
    image: np.ndarray, center: tuple[float, float], size: int, frame: Frame
) -> np.ndarray:
    """Sample a frame, once, by Lanczos; whole shifts copy pixels.

    Args:
        image (np.ndarray): (H, W, 3) uint8, with what lies around the face.
        center (tuple[float, float]): Usual center, x and y.
        size (int): Side of the frame.
        frame (Frame): How it is moved.

    Returns:
        np.ndarray: (size, size, 3) uint8.
    """
    turn = math.radians(frame.angle)
    axes = frame.scale * np.array(
        [[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]]
    )
    middle = np.full(2, (size - 1) / 2)
    offset = np.array(center) + frame.shift - axes @ middle
    return cv2.warpAffine(
        image,
        np.column_stack([axes, offset]),
        (size, size),
        flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,  # of the filter's rim alone
    )


def blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    """Blur by a Gaussian, (H, W, 3) uint8; sigma in pixels, from 0."""
    if sigma == 0:
        return image
    return cv2.GaussianBlur(image, (0, 0), sigma)


def noisy(image: np.ndarray, sigma: float, name: str) -> np.ndarray:
    """Add normal noise, the same whenever a face has this name.

    Args:
        image (np.ndarray): (H, W, 3) uint8.
        sigma (float): In gray levels. Noise of 2 sigma is twice that of 1.
        name (str): Of the face.

    Returns:
        np.ndarray: (H, W, 3) uint8, rounded and clipped.
    """
    drawn = np.random.default_rng(seed_of(name)).normal(size=image.shape)
    return np.rint(image + sigma * drawn).clip(0, 255).astype(np.uint8)


def compressed(image: np.ndarray, quality: int) -> np.ndarray:
    """Write (H, W, 3) uint8 as JPEG, chroma at half the size, and read it.

    Quality 100 leaves it as it is: no JPEG.
    """
    if quality == CHANGES['jpeg'].neutral:
        return image
    options = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    _, data = cv2.imencode('.jpg', image[..., ::-1], options)
    return np.ascontiguousarray(
        cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]
    )
