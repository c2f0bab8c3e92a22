# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces keep their tracks; the state follows from the records."""

import json
from collections.abc import Callable, Sequence
from typing import Optional

import numpy as np
import pytest
from films import scene

from mmfacesr.faces.seen import Seen
from mmfacesr.faces.tracking import GAP, SEARCH_EVERY, FaceTracker

SIZE = 60  # pixels, of the faces of the stage
SHAPE = np.random.default_rng(7).uniform(-0.5, 0.5, (68, 2)) * SIZE
SHAPE -= SHAPE.mean(0)
Path = Callable[[float], Optional[tuple[float, float]]]


class Stage:
    """Stands in for a finder: faces on paths, seen as by the real one."""

    def __init__(self, *paths: Path) -> None:
        self.paths = paths
        self.time = 0.0
        self.searches: list[float] = []

    def _faces(self) -> list[np.ndarray]:
        centers = [path(self.time) for path in self.paths]
        return [
            (SHAPE + c).astype(np.float32) for c in centers if c is not None
        ]

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """Every face."""
        self.searches.append(self.time)
        return self._faces()

    def find_again(
        self, image: np.ndarray, points: np.ndarray
    ) -> Optional[np.ndarray]:
        """The nearest face, unless it is half a face away."""

        def distance(face: np.ndarray) -> float:
            return float(np.linalg.norm(face.mean(0) - points.mean(0)))

        face = min(self._faces(), key=distance, default=None)
        near = face is not None and distance(face) < SIZE / 2
        return face if near else None


def watch(
    stage: Stage,
    times: Sequence[float],
    picture: Callable[[float], np.ndarray] = lambda time: scene(0),
    known: Sequence[Seen] = (),
) -> list[Seen]:
    """The records of a film, the first of them known."""
    tracker = FaceTracker(stage)
    records = []
    for k, time in enumerate(times):
        stage.time = time
        if k < len(known):
            tracker.recall(known[k])
            records.append(known[k])
        else:
            records.append(tracker.observe(picture(time), time))
    return records


def track_near(seen: Seen, center: tuple[float, float]) -> int:
    """The track of the face at a place."""
    (track,) = [
        number
        for number, points in seen.faces.items()
        if np.linalg.norm(points.mean(0) - center) < SIZE / 10
    ]
    return track


def frames(seconds: float, rate: float = 25) -> list[float]:
    """Time stamps."""
    return [k / rate for k in range(round(seconds * rate))]


def hidden(path: Path, start: float, end: float) -> Path:
    """A path that is out of sight for a while."""
    return lambda time: None if start <= time < end else path(time)


def right(time: float) -> tuple[float, float]:
    """Moves by 150 pixels a second."""
    return 50 + 150 * time, 100


def left(time: float) -> tuple[float, float]:
    """Comes from the right, and passes `right` after a second."""
    return 350 - 150 * time, 110


@pytest.mark.parametrize('rate', [10, 25, 120])
def test_one_track_and_few_searches(rate: int) -> None:
    stage = Stage(right)
    records = watch(stage, frames(2, rate))
    assert [list(seen.faces) for seen in records] == [[0]] * len(records)
    assert [seen.cut for seen in records].index(False) == 1
    assert sum(seen.cut for seen in records) == 1
    assert len(stage.searches) == pytest.approx(2 / SEARCH_EVERY, abs=1)
    marked = [seen.time for seen in records if seen.searched]
    assert stage.searches == marked


def test_new_face_is_found_within_half_a_second() -> None:
    stage = Stage(lambda time: (50, 50), hidden(lambda t: (300, 90), 0, 0.7))
    records = watch(stage, frames(2))
    first = next(seen for seen in records if len(seen.faces) == 2)
    assert 0.7 <= first.time <= 0.7 + SEARCH_EVERY
    assert set(records[-1].faces) == {0, 1}


def test_face_that_is_covered_keeps_its_track() -> None:
    """It has moved by its own size meanwhile."""
    records = watch(Stage(hidden(right, 0.6, 1.0)), frames(2))
    assert [list(s.faces) for s in records if 0.6 <= s.time < 1] == [[]] * 10
    assert {n for seen in records for n in seen.faces} == {0}


def test_motion_is_that_of_the_last_moments() -> None:
    """A face that has turned round is looked for on its way back."""

    def swing(time: float) -> tuple[float, float]:
        return 100 + 200 * min(time, 1 - time), 100

    records = watch(Stage(hidden(swing, 0.9, 1.3)), frames(2))
    assert {n for seen in records for n in seen.faces} == {0}


def test_face_that_jumps_is_searched_for_at_once() -> None:
    stage = Stage(lambda time: (100 + 0.7 * SIZE * (time >= 0.7), 90))
    records = watch(stage, frames(1))
    assert [list(seen.faces) for seen in records] == [[0]] * 25


def test_numbers_are_not_used_again() -> None:
    other = hidden(lambda time: (200, 90), 0.5, 1.5)
    records = watch(Stage(lambda time: (90, 90), other), frames(2.2))
    assert set(records[0].faces) == {0, 1}
    assert set(records[-1].faces) == {0, 2}


def test_face_that_stays_away_is_a_new_one() -> None:
    stage = Stage(hidden(lambda time: (90, 90), 0.6, 0.6 + 1.2 * GAP))
    records = watch(stage, frames(2))
    assert set(records[-1].faces) == {1}
    # At once when it is lost, then at the usual pace.
    assert len([t for t in stage.searches if 0.6 <= t < 1.2]) <= 3


@pytest.mark.parametrize('rate', [12.5, 25, 60])
@pytest.mark.parametrize('covered', [False, True])
def test_faces_that_cross_keep_their_tracks(rate, covered: bool) -> None:
    """Also if one covers the other meanwhile."""
    back = hidden(left, 0.8, 1.2) if covered else left
    records = watch(Stage(right, back), frames(2, rate))
    last = records[-1]
    for path in (right, left):
        before = track_near(records[0], path(0))
        assert track_near(last, path(last.time)) == before


def test_a_face_is_not_two_tracks() -> None:
    """Two faces, one of which leaves in front of the other."""
    stage = Stage(lambda time: (100, 100), hidden(lambda t: (130, 100), 1, 9))
    records = watch(stage, frames(2))
    for seen in records[26:]:
        assert list(seen.faces) == [track_near(seen, (100, 100))]


def test_no_track_survives_a_cut() -> None:
    records = watch(
        Stage(lambda time: (90, 90)), frames(2), lambda time: scene(time >= 1)
    )
    assert [seen.time for seen in records if seen.cut] == [0, 1]
    assert {n for s in records if s.time < 1 for n in s.faces} == {0}
    assert {n for s in records if s.time >= 1 for n in s.faces} == {1}


def test_nobody_in_the_film() -> None:
    stage = Stage()
    records = watch(stage, frames(3))
    assert all(seen.faces == {} for seen in records)
    assert len(stage.searches) == pytest.approx(3 / SEARCH_EVERY, abs=1)


def test_equal_time_stamps_and_time_that_runs_backward() -> None:
    records = watch(Stage(lambda time: (90, 90)), [0, 0.04, 0.04, 0.08, 0.02])
    assert [seen.cut for seen in records] == [True] + [False] * 3 + [True]
    assert all(np.isfinite(p).all() for s in records for p in s.faces.values())


def test_recalled_and_observed_go_on_alike() -> None:
    """For every number of known records; a cut, gaps and a crossing."""
    paths = (hidden(right, 0.3, 0.5), left, hidden(left, 0.9, 9))
    times = frames(1.6, 12.5)

    def picture(time: float) -> np.ndarray:
        return scene(time >= 1.2) if time != 0.8 else scene(0) * 0

    whole = [s.to_json() for s in watch(Stage(*paths), times, picture)]
    for known in range(len(times)):
        recalled = [Seen.from_json(line) for line in whole[:known]]
        again = watch(Stage(*paths), times, picture, recalled)
        assert [seen.to_json() for seen in again] == whole


def test_json_keeps_every_bit() -> None:
    rng = np.random.default_rng(3)
    points = rng.normal(0, 1e3, (68, 2)).astype(np.float32)
    points[0] = 1e-45, -0.0  # the smallest number, and a signed zero
    view = rng.integers(0, 256, (24, 24), np.uint8)
    seen = Seen(1001 / 30000, True, False, {12: points}, view)
    line = seen.to_json()
    assert '\n' not in line and json.loads(line)['time'] == 1001 / 30000
    again = Seen.from_json(line)
    assert again.faces[12].tobytes() == points.tobytes()
    assert again.faces[12].dtype == np.float32
    assert (again.thumbnail == view).all()
    assert (again.time, again.cut, again.searched) == (1001 / 30000, True, 0)


def test_black_frame_within_a_shot_is_no_cut() -> None:
    def picture(time: float) -> np.ndarray:
        return scene(0) * (time != 0.4) + 255 * (time == 0.8)

    def either(time: float) -> np.ndarray:
        return scene(time > 0.4) * (time != 0.4)

    stage = Stage(lambda time: (90, 90))
    records = watch(stage, frames(1), picture)
    assert [seen.time for seen in records if seen.cut] == [0]
    records = watch(stage, frames(1), either)
    assert [seen.time for seen in records if seen.cut] == [0, 0.44]
