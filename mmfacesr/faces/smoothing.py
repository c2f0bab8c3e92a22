# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmarks of followed faces, steady over the frames of a video."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from mmfacesr.faces.tracking import GAP, Seen

Item = TypeVar('Item')

MOST_HELD = 32  # frames before one, and after it, that it depends on
SMOOTHNESS = 0.07  # seconds; standard deviation of the weights
FADE = 0.2  # seconds in which a face comes in or goes out within a shot
GHOST = 0.15  # seconds; whoever is seen for less is nobody


class SteadyFace(NamedTuple):
    """A face of a frame.

    Attributes:
        track (int): The number of its track.
        points (np.ndarray): (68, 2) float32 x, y in pixels.
        strength (float): How much of it is there, in [0, 1]: it rises where
            a face comes in and falls where it goes.
    """

    track: int
    points: np.ndarray
    strength: float


def steady(
    frames: Iterable[tuple[Item, Seen]],
) -> Iterator[tuple[Item, list[SteadyFace]]]:
    """Smooth the landmarks of every face over the neighboring frames.

    A frame waits for those of the next half second, but at most `MOST_HELD`.
    Points are the value of a line fitted to the neighbors of the same track
    and shot, with Gaussian weights in time (local linear regression,
    Cleveland 1979): an even motion is kept as it is, and so are the ends of a
    track. Where a face was lost for up to half a second the line fills the
    gap.

    Args:
        frames (Iterable): Of an item and what was seen in it, without an end
            too.

    Yields:
        tuple[Item, list[SteadyFace]]: The same items in their order, with
        their faces.
    """
    waiting: deque[Item] = deque()
    window: deque[Seen] = deque()  # those that wait, and some before them
    for item, seen in frames:
        waiting.append(item)
        window.append(seen)
        while _is_settled(window, len(window) - len(waiting)):
            at = len(window) - len(waiting)
            yield waiting.popleft(), _faces_of(window, at, ended=False)
            _forget(window, at)
    while waiting:
        at = len(window) - len(waiting)
        yield waiting.popleft(), _faces_of(window, at, ended=True)


def _is_settled(window: Sequence[Seen], at: int) -> bool:
    """Whether all that a frame depends on has been seen."""
    if at == len(window):
        return False
    ahead = len(window) - 1 - at
    return ahead >= MOST_HELD or window[-1].time - window[at].time > GAP


def _forget(window: deque[Seen], at: int) -> None:
    """Drop what no frame after that one depends on."""
    time = window[at].time
    while at > MOST_HELD or (at and time - window[0].time > 2 * GAP):
        window.popleft()
        at -= 1


def _faces_of(
    window: Sequence[Seen], at: int, ended: bool
) -> list[SteadyFace]:
    """Return the faces of one frame of a window.

    Args:
        window (Sequence[Seen]): The frame and its neighbors.
        at (int): Its place.
        ended (bool): Whether the video ends with the window.
    """
    shot, begins, ends = _shot_around(window, at, ended)
    time, faces = window[at].time, []
    tracks = sorted(set().union(*(seen.faces for seen in shot)))
    for track in tracks:
        seen = [frame for frame in shot if track in frame.faces]
        times = np.array([frame.time for frame in seen])
        if not times[0] <= time <= times[-1]:
            continue
        whole = shot[-1].time - shot[0].time
        if times[-1] - times[0] < min(GHOST, whole / 2):
            continue
        points = np.array([frame.faces[track] for frame in seen])
        strength = min(
            1 if begins and seen[0] is shot[0] else (time - times[0]) / FADE,
            1 if ends and seen[-1] is shot[-1] else (times[-1] - time) / FADE,
            1,
        )
        faces.append(
            SteadyFace(track, _smooth(times - time, points), _ease(strength))
        )
    return faces


def _shot_around(
    window: Sequence[Seen], at: int, ended: bool
) -> tuple[list[Seen], bool, bool]:
    """The frames of a shot within a window; whether it begins and ends there.

    Args:
        window (Sequence[Seen]): Neighboring frames.
        at (int): A frame of the shot.
        ended (bool): Whether the video ends with the window.
    """
    frames = list(window)
    start, end = at, at + 1
    while start and not frames[start].cut:
        start -= 1
    while end < len(frames) and not frames[end].cut:
        end += 1
    ends = ended if end == len(frames) else True
    return frames[start:end], frames[start].cut, ends


def _smooth(times: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Value at time 0 of the line that fits points best around it.

    Args:
        times (np.ndarray): (T,) seconds.
        points (np.ndarray): (T, 68, 2) at these times.

    Returns:
        np.ndarray: (68, 2) float32.
    """
    # Within a gap the nearest ones count.
    width = max(SMOOTHNESS, np.abs(times).min())
    weights = np.exp(-0.5 * np.square(times / width))
    total, first = weights.sum(), weights @ times
    second = weights @ np.square(times)
    spread = total * second - first * first
    if spread > 1e-12 * total * total:
        weights = weights * (second - first * times) / spread
    else:  # all at one time
        weights = weights / total
    return np.tensordot(weights, points, 1).astype(np.float32)


def _ease(x: float) -> float:
    """Rise from 0 to 1 while x does, without a kink at either end."""
    return float(x * x * (3 - 2 * x))
