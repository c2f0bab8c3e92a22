# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pictures and records of films for tests."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from mmfacesr.faces.seen import Seen
from mmfacesr.faces.smoothing import SteadyFace, steady

RNG = np.random.default_rng(5)
SHAPE = RNG.uniform(100, 200, (68, 2))
THUMBNAIL = np.zeros((24, 24), np.uint8)
Points = Callable[[float], np.ndarray]


def scene(seed: int, details: int = 5) -> np.ndarray:
    """A blurred random picture, (120, 160, 3)."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (details, details + 1, 3), np.uint8)
    return cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC)


def still(time: float) -> np.ndarray:
    """A face that stays."""
    return SHAPE


def moving(time: float) -> np.ndarray:
    """A face in even motion, that grows evenly."""
    return SHAPE * (1 + 0.5 * time) + np.array([200, -80]) * time


def film(
    times: Sequence[float],
    present: Sequence[bool],
    points: Points = still,
    cuts: Sequence[int] = (0,),
    noise: float = 0,
) -> list[Seen]:
    """Records of a single face."""
    rng = np.random.default_rng(1)
    records = []
    for k, (time, there) in enumerate(zip(times, present)):
        face = (points(time) + rng.normal(0, noise, (68, 2))).astype('f4')
        faces = {3: face} if there else {}
        records.append(Seen(time, k in cuts, False, faces, THUMBNAIL))
    return records


def smoothed(records: Sequence[Seen]) -> list[list[SteadyFace]]:
    """The faces of all frames."""
    items, faces = zip(*steady(enumerate(records)))
    assert items == tuple(range(len(records)))
    return list(faces)


def strengths(records: Sequence[Seen]) -> np.ndarray:
    """Of the single face; 0 where there is none."""
    return np.array(
        [faces[0].strength if faces else 0 for faces in smoothed(records)]
    )


def stamps(count: int, rate: float) -> np.ndarray:
    """Time stamps; at a rate of 0 a variable one."""
    if rate:
        return np.arange(count) / rate
    return np.cumsum(np.random.default_rng(2).choice([0.01, 0.03, 0.1], count))
