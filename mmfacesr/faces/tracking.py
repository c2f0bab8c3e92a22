# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who is where in the frames of a video, one after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from mmfacesr.faces import cuts
from mmfacesr.faces.seen import Seen

SEARCH_EVERY = 0.5  # seconds between full searches: new faces come in
SEARCH_IF_LOST = 0.1  # the same when a face got lost since the last one
ROUNDING = 1e-6  # seconds; of time stamps, that a span of frames may have
GAP = 0.5 + ROUNDING  # seconds for which a lost face is looked for
MOTION_SPAN = 0.2  # seconds over which motion is measured: noise counts less
# Between two centers, in sizes of the larger face: closer ones are one face
# found twice, and one farther than that from its expected place another one.
SAME_FACE = 0.45
MAX_DISTANCE = 0.8
MAX_RATIO = 2.0  # of a face's size to the expected one


class Finder(Protocol):
    """What finds faces: :class:`~mmfacesr.faces.finder.FaceFinder`."""

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Find all faces, slowly."""

    def find_again(
        self, image: np.ndarray, points: np.ndarray
    ) -> np.ndarray | None:
        """Find the face near these points, fast."""


@dataclass(frozen=True, eq=False)
class _Track:
    """Where a face was: time and points, those of the last frames."""

    places: tuple[tuple[float, np.ndarray], ...]

    @property
    def time(self) -> float:
        """When it was seen last."""
        return self.places[-1][0]

    def expected(self, time: float) -> np.ndarray:
        """The points where its motion would bring them."""
        (start, first), (end, last) = self.places[0], self.places[-1]
        if not end > start:
            return last
        velocity = (_center(last) - _center(first)) / (end - start)
        return last + velocity * (time - end)

    def moved(self, points: np.ndarray, time: float) -> '_Track':
        """The track with its face seen once more."""
        *older, last = self.places
        recent = [p for p in older if time - p[0] <= MOTION_SPAN]
        return _Track((*recent, last, (time, points)))


class FaceTracker:
    """Follows faces from frame to frame.

    The whole frame is searched at the beginning of a shot, when a face got
    lost, and every half second. In between each face is found anew near its
    last place. What the tracker knows follows from what was seen in the
    frames before; so it can be recalled.

    Args:
        finder (Finder): Finds faces.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._tracks: dict[int, _Track] = {}
        self._next = 0
        self._time = self._searched = -np.inf
        self._thumbnail: np.ndarray | None = None  # of what showed something

    def observe(self, image: np.ndarray, time: float) -> Seen:
        """Look at the next frame.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB.
            time (float): Seconds; time that runs backward begins a shot.

        Returns:
            Seen: What :meth:`recall` of another tracker takes.
        """
        thumbnail = cuts.thumbnail_of(image)
        cut = self._begins_shot(thumbnail, time)
        expected = {} if cut else self._expected(time)
        faces = self._follow(image, expected)
        lost = expected.keys() - faces.keys()
        searched = cut or self._must_search(time, lost)
        if searched:
            missing = {number: expected[number] for number in sorted(lost)}
            faces |= self._search(image, missing, [*faces.values()])
        seen = Seen(float(time), cut, searched, faces, thumbnail)
        self.recall(seen)
        return seen

    def recall(self, seen: Seen) -> None:
        """Know what observing this frame would have let it know."""
        tracks = {} if seen.cut else self._running(seen.time)
        for number, points in seen.faces.items():
            self._next = max(self._next, number + 1)
            known = tracks.get(number)
            tracks[number] = (
                known.moved(points, seen.time)
                if known
                else _Track(((seen.time, points),))
            )
        self._tracks = tracks
        self._time = seen.time
        if seen.searched:
            self._searched = seen.time
        if not cuts.is_flat(seen.thumbnail):
            self._thumbnail = seen.thumbnail

    def _begins_shot(self, thumbnail: np.ndarray, time: float) -> bool:
        """Whether a frame is the first one or of another shot."""
        if self._time == -np.inf or time < self._time:
            return True
        if self._thumbnail is None or cuts.is_flat(thumbnail):
            return False
        return cuts.is_cut(self._thumbnail, thumbnail)

    def _running(self, time: float) -> dict[int, _Track]:
        """Tracks that have not been lost for too long."""
        return {
            number: track
            for number, track in self._tracks.items()
            if time - track.time <= GAP
        }

    def _expected(self, time: float) -> dict[int, np.ndarray]:
        """Where known faces should be."""
        return {
            number: track.expected(time)
            for number, track in self._running(time).items()
        }

    def _must_search(self, time: float, lost: set[int]) -> bool:
        """Whether it is time to search the whole frame."""
        fresh = any(self._tracks[n].time >= self._searched for n in lost)
        pause = SEARCH_IF_LOST if fresh else SEARCH_EVERY
        return time - self._searched >= pause

    def _follow(
        self, image: np.ndarray, expected: Mapping[int, np.ndarray]
    ) -> dict[int, np.ndarray]:
        """Find known faces near their places; each place has one."""
        found = []
        for place in expected.values():
            points = self._finder.find_again(image, place)
            if points is not None:
                found.append((_distance(points, place), points))
        found.sort(key=lambda pair: pair[0])
        faces = _others([points for _, points in found], [])
        return {n: faces[k] for n, k in _matched(expected, faces).items()}

    def _search(
        self,
        image: np.ndarray,
        missing: Mapping[int, np.ndarray],
        known: Sequence[np.ndarray],
    ) -> dict[int, np.ndarray]:
        """Find those who are missing, and new faces."""
        faces = _others(self._finder.find(image), known)
        found = {n: faces[k] for n, k in _matched(missing, faces).items()}
        new = _others(faces, [*found.values()])
        return found | dict(enumerate(new, self._next))


def _others(
    faces: Sequence[np.ndarray], known: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Those of the faces that are not known, each once."""
    new: list[np.ndarray] = []
    for face in faces:
        near = (_distance(face, other) for other in (*known, *new))
        if min(near, default=1) >= SAME_FACE:
            new.append(face)
    return new


def _matched(
    expected: Mapping[int, np.ndarray], faces: Sequence[np.ndarray]
) -> dict[int, int]:
    """Track -> index of its face, for those that fit; one to one."""
    numbers = list(expected)
    costs = np.full((len(numbers), len(faces)), MAX_DISTANCE)
    for row, number in enumerate(numbers):
        for column, face in enumerate(faces):
            ratio = _size(face) / _size(expected[number])
            if 1 / MAX_RATIO < ratio < MAX_RATIO:
                cost = _distance(face, expected[number])
                costs[row, column] = min(cost, MAX_DISTANCE)
    pairs = zip(*linear_sum_assignment(costs))
    return {numbers[r]: c for r, c in pairs if costs[r, c] < MAX_DISTANCE}


def _size(points: np.ndarray) -> float:
    """Longer side of the box around a face."""
    return float(np.ptp(points, axis=0).max())


def _center(points: np.ndarray) -> np.ndarray:
    """Middle (x, y) of a face."""
    return points.mean(0)


def _distance(points: np.ndarray, other: np.ndarray) -> float:
    """Distance of two faces' centers, in sizes of the larger one."""
    apart = np.linalg.norm(_center(points) - _center(other))
    return float(apart / max(_size(points), _size(other)))
