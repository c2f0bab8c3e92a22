# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who is where in the frames of a video, one after the other."""

import base64
import json
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

SEARCH_EVERY = 0.5  # seconds between full searches: new faces come in
GAP = 0.5  # seconds for which a lost face is looked for near its place
# Of a face's size, between two centers: closer ones are one face.
SAME_FACE = 0.5
# A cut changes what neighbors show: little of the variation is common, and
# the change is far above noise. A flash changes the mean alone.
THUMBNAIL = (24, 16)
MAX_COMMON = 0.6
MIN_CHANGE = 12.0


class Finder(Protocol):
    """What finds faces: :class:`~mmfacesr.faces.finder.FaceFinder`."""

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Find all faces, slowly."""

    def find_again(
        self, image: np.ndarray, points: np.ndarray
    ) -> np.ndarray | None:
        """Find the face near these points, fast."""


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in a frame.

    Args:
        time (float): Seconds.
        cut (bool): Whether a shot begins here, as the first does.
        searched (bool): Whether the whole frame was searched.
        faces (dict[int, np.ndarray]): Number of the track -> (68, 2) float32
            x, y in pixels, pixel centers at integers.
        thumbnail (np.ndarray): The frame as a small uint8 gray picture.
    """

    time: float
    cut: bool
    searched: bool
    faces: dict[int, np.ndarray]
    thumbnail: np.ndarray

    def to_json(self) -> str:
        """Return all of it on one line; no bit is lost."""
        faces = {
            track: _packed(points) for track, points in self.faces.items()
        }
        small = _packed(self.thumbnail)
        return json.dumps(dict(vars(self), faces=faces, thumbnail=small))

    @classmethod
    def from_json(cls, line: str) -> 'Seen':
        """Take it back from its line."""
        values = json.loads(line)
        small = _unpacked(values.pop('thumbnail'), np.uint8)
        faces = {
            int(track): _unpacked(text, np.float32).reshape(-1, 2)
            for track, text in values.pop('faces').items()
        }
        return cls(
            **values, faces=faces, thumbnail=small.reshape(THUMBNAIL[::-1])
        )


@dataclass(frozen=True, eq=False)
class _Track:
    """Where a face was seen last, and how it moves."""

    points: np.ndarray
    time: float
    velocity: np.ndarray  # (2,) pixels a second

    def expected(self, time: float) -> np.ndarray:
        """The points where its motion would bring them."""
        return self.points + self.velocity * (time - self.time)

    def moved(self, points: np.ndarray, time: float) -> '_Track':
        """The track with its face seen once more."""
        way = points.mean(0) - self.points.mean(0)
        return _Track(points, time, way / (time - self.time))


class FaceTracker:
    """Follows faces from frame to frame.

    The whole frame is searched at the beginning of a shot, when a face got
    lost, and every half second. In between each face is found anew near its
    last place, which takes a fraction of the time. What the tracker knows
    follows from what was seen in the frames before; so it can be recalled.

    Args:
        finder (Finder): Finds faces.
    """

    def __init__(self, finder: Finder) -> None:
        self._finder = finder
        self._last: Seen | None = None
        self._tracks: dict[int, _Track] = {}
        self._next = 0
        self._searched = -np.inf

    def observe(self, image: np.ndarray, time: float) -> Seen:
        """Look at the next frame.

        Args:
            image (np.ndarray): (H, W, 3) uint8 RGB.
            time (float): Seconds, later than the frame before.
        """
        thumbnail = _thumbnail(image)
        last = self._last
        cut = last is None or _is_cut(last.thumbnail, thumbnail)
        tracks = {} if cut else self._tracks
        faces = self._follow(image, time, tracks)
        lost = not cut and last.faces.keys() - faces.keys()
        due = time - self._searched >= SEARCH_EVERY
        searched = bool(cut or lost or due)
        if searched:
            faces = self._search(image, time, tracks, faces)
        seen = Seen(time, cut, searched, faces, thumbnail)
        self.recall(seen)
        return seen

    def recall(self, seen: Seen) -> None:
        """Know what observing this frame would have let it know."""
        tracks = {} if seen.cut else self._tracks
        for track, points in seen.faces.items():
            self._next = max(self._next, track + 1)
            known = tracks.get(track)
            tracks[track] = (
                known.moved(points, seen.time)
                if known
                else _Track(points, seen.time, np.zeros(2))
            )
        self._tracks = {
            number: track
            for number, track in tracks.items()
            if seen.time - track.time < GAP
        }
        if seen.searched:
            self._searched = seen.time
        self._last = seen

    def _follow(
        self, image: np.ndarray, time: float, tracks: dict[int, _Track]
    ) -> dict[int, np.ndarray]:
        """Find known faces near their places; each place has one."""
        found: list[tuple[float, int, np.ndarray]] = []
        for number, track in tracks.items():
            expected = track.expected(time)
            points = self._finder.find_again(image, expected)
            if points is not None:
                found.append((_distance(points, expected), number, points))
        faces: dict[int, np.ndarray] = {}
        for distance, number, points in sorted(found, key=lambda f: f[:2]):
            taken = [_distance(points, other) for other in faces.values()]
            if distance < SAME_FACE and min(taken, default=1) >= SAME_FACE:
                faces[number] = points
        return faces

    def _search(
        self,
        image: np.ndarray,
        time: float,
        tracks: dict[int, _Track],
        faces: dict[int, np.ndarray],
    ) -> dict[int, np.ndarray]:
        """Find all faces, and tell which of them are known."""
        lost = {
            number: track.expected(time)
            for number, track in tracks.items()
            if number not in faces
        }
        faces, fresh = dict(faces), self._next
        for points in self._finder.find(image):
            known = [_distance(points, other) for other in faces.values()]
            if min(known, default=1) < SAME_FACE:
                continue
            near = {n: _distance(points, p) for n, p in lost.items()}
            number = min(near, key=near.get, default=None)
            if number is None or near[number] >= SAME_FACE:
                number, fresh = fresh, fresh + 1
            lost.pop(number, None)
            faces[number] = points
        return faces


def _distance(points: np.ndarray, other: np.ndarray) -> float:
    """Distance of two faces' centers, in sizes of the larger one."""
    size = max(np.ptp(points, axis=0).max(), np.ptp(other, axis=0).max())
    return float(np.linalg.norm(points.mean(0) - other.mean(0)) / size)


def _thumbnail(image: np.ndarray) -> np.ndarray:
    """Reduce a frame to a small gray picture."""
    small = cv2.resize(image, THUMBNAIL, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)


def _is_cut(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two neighbors, as thumbnails, are of different shots."""
    a, b = (small - small.mean() for small in (before, after))
    if np.abs(a - b).mean() < MIN_CHANGE:
        return False
    common = (a * b).sum() / max(np.sqrt((a * a).sum() * (b * b).sum()), 1e-9)
    return bool(common < MAX_COMMON)


def _packed(array: np.ndarray) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(array.tobytes()).decode('ascii')


def _unpacked(text: str, dtype: type) -> np.ndarray:
    """Return the flat array of a text."""
    return np.frombuffer(base64.b64decode(text), dtype)
