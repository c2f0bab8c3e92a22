# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks of videos measure, on a few known numbers."""

import runpy
from argparse import Namespace
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope='module')
def tool() -> dict:
    repo = Path(__file__).resolve().parents[2]
    return runpy.run_path(str(repo / 'benchmarks/video_flicker.py'))


def test_flicker_is_the_deviation_over_time(tool: dict) -> None:
    luma = np.full((2, 8, 8), 100, np.float32)
    luma[:, 2:4, 2:6] += np.array([-3, 3]).reshape(2, 1, 1)
    still, moving = (slice(4, 8), slice(0, 8)), (slice(2, 4), slice(2, 6))
    # Of -3 and 3, with n - 1: the root of 18.
    assert tool['flicker'](luma, [moving]) == pytest.approx(18**0.5)
    assert tool['flicker'](luma, [moving, still]) == pytest.approx(18**0.5 / 2)


def test_a_box_holds_the_face_of_an_enlarged_frame(tool: dict) -> None:
    points = np.array([(2.0, 3.0), (5.0, 7.0)])
    assert tool['box_of'](points, 4) == (slice(12, 29), slice(8, 21))
    assert tool['box_of'](points - 4, 1) == (slice(0, 4), slice(0, 2))


def test_the_film_has_the_noise_that_was_asked_for(
    tool: dict, tmp_path: Path
) -> None:
    image = np.full((48, 64, 3), 120, np.uint8)
    tool['write_noisy'](
        tmp_path / 'film.mkv', image, Namespace(frames=40, sigma=5.0)
    )
    luma = tool['luma_of'](tmp_path / 'film.mkv')
    assert luma.shape == (40, 48, 64)
    # BT.601 weights, 219 steps of 255.
    weights = np.array((0.299, 0.587, 0.114)) * 219 / 255
    wanted = 5 * np.linalg.norm(weights)
    everything = [(slice(0, 48), slice(0, 64))]
    assert tool['flicker'](luma, everything) == pytest.approx(wanted, rel=0.04)
