# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""People as in snapshots, beside the same people in a studio."""

import pickle

import numpy as np
import pytest

from mmfacesr.datasets import SyntheticFaces
from mmfacesr.datasets.endless_faces import DrawFace
from mmfacesr.datasets.synthetic_faces import face_seeds, render_face
from mmfacesr.datasets.synthetic_faces.person import draw_person
from mmfacesr.datasets.synthetic_faces.snapshot import as_snapshot

SEEDS = face_seeds('test', 40)


def brightness(picture: np.ndarray, place: np.ndarray) -> float:
    """Mean of the 5x5 pixels around a place (x, y)."""
    x, y = np.round(place).astype(int)
    return float(picture[y - 2 : y + 3, x - 2 : x + 3].mean())


def test_a_person_stays_the_same_one() -> None:
    for person in map(draw_person, SEEDS):
        other = as_snapshot(person)
        for trait in ('seed', 'skin', 'hair', 'hair_style', 'cloth', 'beard'):
            assert getattr(other, trait) == getattr(person, trait), trait
        assert person.relief == 0 < other.relief < 1
        assert as_snapshot(person) == other
        assert np.linalg.norm(other.light) == pytest.approx(1)


def test_more_laugh_and_fewer_have_glasses() -> None:
    calm = [draw_person(seed) for seed in SEEDS]
    snapped = [as_snapshot(person) for person in calm]
    laughing = [
        np.mean([p.mouth_open > 0.2 for p in g]) for g in (calm, snapped)
    ]
    assert laughing[1] > laughing[0] + 0.2
    glasses = [sum(p.glasses != 'none' for p in g) for g in (calm, snapped)]
    assert 0 < glasses[1] < glasses[0]


def test_sockets_are_darker_than_cheeks() -> None:
    """At the inner corners of the eyes, as on photographs."""
    contrast = dict(studio=[], snapshot=[])
    for seed in SEEDS[:12]:
        for look, found in contrast.items():
            picture, points = render_face(seed, 160, look=look)
            for corner, mouth, brow in ((39, 48, 21), (42, 54, 22)):
                socket = brightness(
                    picture, (points[corner] + points[brow]) / 2
                )
                cheek = (points[corner] + 2 * points[mouth]) / 3
                found.append(brightness(picture, cheek) - socket)
    assert np.mean(contrast['snapshot']) > np.mean(contrast['studio']) + 15


def test_looks_are_drawn_by_name() -> None:
    snapshot, points = render_face(5, 64, look='snapshot')
    again, same = render_face(5, 64, look='snapshot')
    np.testing.assert_array_equal(snapshot, again)
    np.testing.assert_array_equal(points, same)
    assert points.shape == (68, 2)
    studio = render_face(5, 64)[0]
    np.testing.assert_array_equal(studio, render_face(5, 64, look='studio')[0])
    assert np.abs(studio.astype(float) - snapshot).mean() > 3
    with pytest.raises(ValueError, match="look of .*studio.* got 'passport'"):
        render_face(5, 64, look='passport')


def test_kept_faces_are_drawn_once_and_stay_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = []

    def counted(seed: int, size: int, look: str) -> tuple:
        drawn.append(seed)
        return render_face(seed, size, look=look)

    monkeypatch.setattr('mmfacesr.datasets.endless_faces.render_face', counted)
    draw = dict(type='DrawFace', size=64, look='snapshot', keep=2)
    faces = SyntheticFaces('val', 3, pipeline=[draw])
    first = [faces[i] for i in range(3)]
    for sample in first:
        sample['gt'][:] = 0  # as transforms that work in place
        sample['gt_landmark'][:] = 0
    second = [faces[i] for i in range(3)]
    assert len(drawn) == 3 + 1  # two are kept
    for seed, sample in zip(face_seeds('val', 3), second):
        picture, points = render_face(seed, 64, look='snapshot')
        np.testing.assert_array_equal(sample['gt'], picture)
        np.testing.assert_array_equal(sample['gt_landmark'], points)


def test_it_goes_to_workers_that_are_started_anew() -> None:
    draw = pickle.loads(pickle.dumps(DrawFace(64, 'snapshot', keep=2)))
    sample = draw(dict(seed=5))
    np.testing.assert_array_equal(
        sample['gt'], render_face(5, 64, look='snapshot')[0]
    )
    assert repr(draw) == "DrawFace(size=64, look='snapshot', keep=2)"
