# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Steady faces of a video from what was seen in its frames.

A frame's faces depend on the records of its shot within :data:`REACH` seconds
before and after it, and on no other ones.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, NamedTuple, Optional, TypeVar

import numpy as np

from mmfacesr.faces.seen import Seen
from mmfacesr.faces.tracking import GAP, ROUNDING

SMOOTHNESS = 0.06  # seconds; standard deviation of the weights
FADE = 0.2  # seconds in which a face comes in or goes out within a shot
NEAR = FADE + ROUNDING  # seconds to the farthest neighbor
GHOST = 0.15  # seconds; whoever is seen for less is nobody
# Where a second has many frames these end the spans before NEAR and GAP do:
# what is held of a video must not grow with its rate.
NEAR_FRAMES = 7
GAP_FRAMES = 16
REACH = NEAR + GAP
"""Records that a frame depends on are at most this many seconds away."""
MOST_HELD = NEAR_FRAMES + GAP_FRAMES + 1
"""Frames that are held back at most."""

Item = TypeVar('Item')


class SteadyFace(NamedTuple):
    """A face of a frame.

    Attributes:
        track (int): Names the face within its shot.
        points (np.ndarray): (68, 2) float32 x, y in pixels.
        strength (float): In [0, 1], how much of it is to be shown.
    """

    track: int
    points: np.ndarray
    strength: float


def steady(
    frames: Iterable[tuple[Item, Seen]],
) -> Iterator[tuple[Item, list[SteadyFace]]]:
    """Smooth landmarks over time, close gaps, and fade faces in and out.

    Points are the value of a line fitted to those of neighboring frames, with
    Gaussian weights in time (local linear regression, Cleveland 1979), so
    that a face in even motion does not lag. A face that is lost for up to
    half a second is put on a line between both ends. One that comes or goes
    within a shot fades in 0.2 seconds; one that is there for less than 0.15
    seconds is left out. Nothing passes a cut.

    Args:
        frames (Iterable): Anything that stands for a frame, and what was seen
            in it; in the order of the film, without an end too.

    Yields:
        tuple[Item, list[SteadyFace]]: The same items in their order, each
        with its faces by track. Those of a frame are the same whether
        ``frames`` start with the film or :data:`REACH` seconds before it.

    Raises:
        ValueError: If time runs backward within a shot.
    """
    shot: _Shot[Item] = _Shot()
    for item, seen in frames:
        if seen.cut:
            yield from shot.rest()
            shot = _Shot()
        shot.add(item, seen)
        yield from shot.ready()
    yield from shot.rest()


class _Shot(Generic[Item]):
    """Frames between two cuts that are still needed."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()  # of the last ones, held back
        self._frames: deque[Seen] = deque()  # these, and some before them

    def add(self, item: Item, seen: Seen) -> None:
        """Take the next frame."""
        if self._frames and seen.time < self._frames[-1].time:
            raise ValueError(
                f'Expected frames in their order, got one of {seen.time} s '
                f'after one of {self._frames[-1].time} s; a cut may lie '
                'between them.'
            )
        self._items.append(item)
        self._frames.append(seen)

    def ready(self) -> Iterator[tuple[Item, list[SteadyFace]]]:
        """Give the frames whose future is known."""
        while len(self._items) >= MOST_HELD or self._waited() > REACH:
            yield self._next()

    def rest(self) -> Iterator[tuple[Item, list[SteadyFace]]]:
        """Give all frames: the shot is over."""
        while self._items:
            yield self._next()

    def _waited(self) -> float:
        """Seconds from the first frame held back to the newest one."""
        if not self._items:
            return 0.0
        return self._frames[-1].time - self._frames[-len(self._items)].time

    def _next(self) -> tuple[Item, list[SteadyFace]]:
        """Release the first frame held back."""
        now = len(self._frames) - len(self._items)
        time = self._frames[now].time
        while time - self._frames[0].time > REACH:
            self._frames.popleft()
            now -= 1
        window = [f for f in self._frames if f.time - time <= REACH]
        return self._items.popleft(), list(_faces_of(window, now))


def _faces_of(window: Sequence[Seen], now: int) -> Iterator[SteadyFace]:
    """Faces of a frame by those around it."""
    times = np.array([frame.time for frame in window])
    for track in sorted({i for frame in window for i in frame.faces}):
        points = [frame.faces.get(track) for frame in window]
        present = np.array([p is not None for p in points])
        chain = _chain_around(times, np.flatnonzero(present), now)
        if chain is None or _is_ghost(times, chain):
            continue
        strength = _strength(times, chain[0], chain[-1], now)
        weights = _weights(times, chain, now)
        observed = np.stack([points[k] for k in chain])
        smooth = np.tensordot(weights, observed, 1).astype(np.float32)
        yield SteadyFace(track, smooth, strength)


def _chain_around(
    times: np.ndarray, present: np.ndarray, now: int
) -> Optional[np.ndarray]:
    """Observations around a frame without a gap that stays open.

    Args:
        times (np.ndarray): (T,) of the window.
        present (np.ndarray): (M,) indices of frames in which the face is.
        now (int): Index of the frame.

    Returns:
        np.ndarray | None: Those of the indices; None if the frame is not
        among or between them.
    """
    frames, seconds = np.diff(present), np.diff(times[present])
    closed = (frames == 1) | ((seconds <= GAP) & (frames <= GAP_FRAMES))
    for chain in np.split(present, np.flatnonzero(~closed) + 1):
        if chain[0] <= now <= chain[-1]:
            return chain
    return None


def _is_ghost(times: np.ndarray, chain: np.ndarray) -> bool:
    """Whether a face is gone at once."""
    first, after = chain[0], chain[-1] + 1
    return bool(
        after < len(times)
        and times[after] - times[first] < GHOST
        and after - first <= NEAR_FRAMES
    )


def _strength(times: np.ndarray, first: int, last: int, now: int) -> float:
    """Strength of a face that is there from one frame to another.

    It would be 0 in the frame before and in the frame after; a shot's end is
    neither.
    """
    rise = _ramp(times, now, first - 1) if first else 1.0
    fall = _ramp(times, now, last + 1) if last + 1 < len(times) else 1.0
    share = min(rise, fall)
    return share**2 * (3 - 2 * share)  # without a kink at either end


def _ramp(times: np.ndarray, now: int, zero: int) -> float:
    """Distance of two frames in spans of FADE, at most 1."""
    seconds, frames = abs(times[now] - times[zero]), abs(now - zero)
    return float(min(1.0, max(seconds / FADE, frames / NEAR_FRAMES)))


def _weights(times: np.ndarray, chain: np.ndarray, now: int) -> np.ndarray:
    """Weights of a chain's observations in a frame's points, (M,)."""
    near = np.arange(chain[0], chain[-1] + 1)
    near = near[abs(near - now) <= NEAR_FRAMES]
    near = near[abs(times[near] - times[now]) <= NEAR]
    # Frames without the face lie on a line between those with it.
    lines = [
        np.interp(times[near], times[chain], unit)
        for unit in np.eye(len(chain))
    ]
    return np.stack(lines) @ _regression(times[near] - times[now])


def _regression(offsets: np.ndarray) -> np.ndarray:
    """Weights of values in the local linear regression at offset 0.

    Args:
        offsets (np.ndarray): (N,) seconds, at least one.

    Returns:
        np.ndarray: (N,), sum 1; and 0 with the offsets where they differ.
    """
    weights = np.exp(-((offsets / SMOOTHNESS) ** 2) / 2)
    if not np.ptp(offsets) > 0:
        return weights / weights.sum()
    total, first, second = (weights @ offsets**k for k in range(3))
    slanted = weights * (second - offsets * first)
    return slanted / (total * second - first**2)
