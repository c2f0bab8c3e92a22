# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmarks become steady without lag, blinks and ghosts."""

import numpy as np
import pytest
from films import SHAPE, film, moving, smoothed, stamps, still, strengths

from mmfacesr.faces.smoothing import (
    FADE,
    NEAR,
    NEAR_FRAMES,
    SMOOTHNESS,
    steady,
)
from mmfacesr.faces.tracking import GAP

EXACT = 1e-3  # pixels; float32 has little more
RATES = pytest.mark.parametrize('rate', [10, 25, 29.97, 60, 120, 0])


@RATES
def test_even_motion_is_kept(rate: float) -> None:
    """Up to both ends, and over a gap."""
    times = stamps(60, rate)
    present = np.ones(60, bool)
    present[30:34] = False
    for time, faces in zip(times, smoothed(film(times, present, moving))):
        (face,) = faces
        assert face.track == 3 and face.points.dtype == np.float32
        assert abs(face.points - moving(time)).max() < EXACT
        assert face.strength == 1


@pytest.mark.parametrize('rate', [10, 25, 60, 120])
def test_noise_is_reduced_as_the_weights_say(rate: float) -> None:
    """In the middle the fitted line is the weighted mean."""
    reach = min(NEAR_FRAMES, int(NEAR * rate + 1e-9))
    offsets = np.arange(-reach, reach + 1) / rate
    weights = np.exp(-((offsets / SMOOTHNESS) ** 2) / 2)
    expected = np.sqrt((weights**2).sum()) / weights.sum()
    records = film(stamps(120, rate), [True] * 120, still, noise=1)
    inner = [faces[0].points - SHAPE for faces in smoothed(records)[20:-20]]
    assert np.std(inner) == pytest.approx(expected, rel=0.05)


def test_independent_regression() -> None:
    """Variable rate, at every frame, by NumPy's weighted line fit."""
    times = stamps(40, 0)
    records = film(times, [True] * 40, still, noise=2)
    values = np.array([seen.faces[3][:, 0] for seen in records])
    for k, (face,) in enumerate(smoothed(records)):
        near = abs(times - times[k]) <= NEAR
        near &= abs(np.arange(40) - k) <= NEAR_FRAMES
        offsets = times[near] - times[k]
        # polyfit takes the roots of the weights
        roots = np.exp(-((offsets / SMOOTHNESS) ** 2) / 4)
        degree = min(1, len(offsets) - 1)
        fit = np.polyfit(offsets, values[near], degree, w=roots)[-1]
        assert abs(face.points[:, 0] - fit).max() < 1e-3


@pytest.mark.parametrize('rate', [10, 25, 29.97, 60, 120])
def test_lost_face_does_not_blink(rate: float) -> None:
    """The longest gap that is closed, and every shorter one."""
    longest = min(int(GAP * rate + 1e-9), 16) - 1
    for missing in range(1, longest + 1):
        present = np.ones(120, bool)
        present[50 : 50 + missing] = False
        records = film(stamps(120, rate), present, moving, noise=1)
        faces = smoothed(records)
        assert (strengths(records) == 1).all()
        for seen, (face,) in zip(records, faces):
            assert abs(face.points - moving(seen.time)).max() < 6


def test_face_that_is_lost_for_longer_goes_out_and_comes_in() -> None:
    """Half a second; fewer frames where they are many."""
    for rate, missing in ((25, 13), (120, 16)):
        present = np.ones(120, bool)
        present[50 : 50 + missing] = False
        strength = strengths(film(stamps(120, rate), present))
        assert not strength[50 : 50 + missing].any()
        assert abs(np.diff(strength)).max() < 0.4
        assert strength[49] < 0.2 > strength[50 + missing]


def test_gap_is_filled_between_its_ends() -> None:
    """A face that moved while it was away comes smoothly to the other end."""
    present = np.ones(60, bool)
    present[25:30] = False

    def moved(time: float) -> np.ndarray:
        return SHAPE + np.array([60, 0]) * (time > 1.1)

    records = film(stamps(60, 25), present, moved)
    x = np.array([f.points[0, 0] - SHAPE[0, 0] for (f,) in smoothed(records)])
    assert (np.diff(x) > -EXACT).all() and np.diff(x).max() < 60 / 5
    assert x[27] == pytest.approx(30, abs=EXACT)


@RATES
def test_faces_fade_where_they_come_and_go(rate: float) -> None:
    times = stamps(150, rate)
    present = np.zeros(150, bool)
    present[40:110] = True
    strength = strengths(film(times, present))
    assert not strength[:40].any() and not strength[110:].any()
    inner = strength[40:110]
    assert (inner > 0).all() and inner.max() == 1
    peak = int(inner.argmax())
    assert (np.diff(inner[: peak + 1]) > 0).all()
    assert (inner[times[40:110] - times[39] >= FADE][:-30] == 1).all()
    if rate and rate <= 25:
        assert (inner == pytest.approx(inner[::-1])) and inner[0] < 0.6


def test_fade_lasts_as_said() -> None:
    """Five steps at 25 frames a second, the last of which is 1."""
    present = np.zeros(60, bool)
    present[20:40] = True
    strength = strengths(film(stamps(60, 25), present))
    steps = np.array([0.2, 0.4, 0.6, 0.8, 1])
    assert strength[20:25] == pytest.approx(steps**2 * (3 - 2 * steps))
    assert strength[35:40] == pytest.approx(strength[20:25][::-1])


@pytest.mark.parametrize('rate', [10, 25, 120])
def test_shots_begin_and_end_at_full_strength(rate: float) -> None:
    records = film(stamps(60, rate), [True] * 60, cuts=(0, 20, 21, 40))
    assert (strengths(records) == 1).all()


def test_nothing_passes_a_cut() -> None:
    """Even if a track had the same number on both sides."""

    def jumping(time: float) -> np.ndarray:
        return SHAPE + 50 * (time >= 0.8)

    times = stamps(40, 25)
    records = film(times, [True] * 40, jumping, cuts=(0, 20))
    for time, (face,) in zip(times, smoothed(records)):
        assert abs(face.points - jumping(time)).max() < EXACT
    present = np.ones(40, bool)
    present[18:22] = False
    assert strengths(film(times, present, cuts=(0, 20)))[18:22].max() == 0


@pytest.mark.parametrize(('rate', 'longest'), [(10, 1), (25, 3), (60, 7)])
def test_ghosts_are_left_out(rate: float, longest: int) -> None:
    """0.15 seconds, or seven frames."""
    frames = np.arange(80)
    for length in range(1, 15):
        present = (frames >= 40) & (frames < 40 + length)
        strength = strengths(film(stamps(80, rate), present))
        assert strength.any() == (length > longest)
    # Seen again within the gap it is no ghost.
    present = np.isin(frames, [40, 43, 46, 49, 52])
    assert (strengths(film(stamps(80, rate), present))[40:53] > 0).all()


def test_short_shots_keep_their_faces() -> None:
    records = film(stamps(3, 25), [True] * 3, cuts=(0, 1))
    assert (strengths(records) == 1).all()


def test_nobody_and_nothing() -> None:
    assert smoothed(film(stamps(50, 25), [False] * 50)) == [[]] * 50
    assert list(steady([])) == []


def test_slide_show() -> None:
    """A frame a second: no neighbors, no blinks."""
    records = film(stamps(6, 1), [False, True, True, True, False, False])
    assert strengths(records).tolist() == [0, 1, 1, 1, 0, 0]
