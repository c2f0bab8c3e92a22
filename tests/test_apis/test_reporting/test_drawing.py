# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which faces are shown, and how their errors look."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.reporting import charts, choosing, pictures


def test_best_median_and_worst_are_other_faces() -> None:
    goodness = np.array([5.0, np.nan, 1, 9, np.inf, 3])
    groups = choosing.best_median_worst(goodness, 3)
    assert [group.places for group in groups] == [[4], [0], [2]]
    assert groups[1].marks == ['rank 3 of 5']


@pytest.mark.parametrize('faces', range(1, 12))
@pytest.mark.parametrize('count', [1, 3, 5, 30])
def test_no_face_is_in_two_groups(faces: int, count: int) -> None:
    goodness = np.random.default_rng(faces).random(faces)
    groups = choosing.best_median_worst(goodness, count)
    places = [place for group in groups for place in group.places]
    assert len(places) == len(set(places)) <= max(count, 3)
    order = goodness[places]
    assert groups[0].places[0] == goodness.argmax()
    if faces > 1:
        assert groups[-1].places[0] == goodness.argmin()
    assert np.all(order[: len(groups[0].places)] >= order.min())


def test_differences_go_either_way() -> None:
    gain = np.array([0.5, -3, np.nan, 2, 0])
    groups = choosing.largest_differences(gain, 'A', 'B')
    assert [g.places for g in groups] == [[3, 0], [1]]
    assert groups[1].title == 'B farthest ahead of A'
    assert choosing.in_turn(groups) == [3, 1, 0]


def pixels_of(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.partition(',')[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert('RGB'))


def test_pictures_keep_every_pixel() -> None:
    face = np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)
    assert np.array_equal(pixels_of(pictures.exact_uri(face)), face)


def test_error_map_by_hand() -> None:
    hr = np.full((1, 3, 3), 100, np.uint8)
    sr = hr.copy()
    sr[0, 1] = (90, 112, 100)  # 10 + 12 + 0 over 3
    sr[0, 2] = 255
    levels = pictures.error_levels(sr, hr)
    assert levels[0].tolist() == pytest.approx([0, 22 / 3, 155])
    shades = pictures.error_map(levels, 22)
    legend = pixels_of(pictures.legend_uri())
    assert np.array_equal(shades[0, 0], legend[0, 0])
    assert np.array_equal(shades[0, 1], legend[0, 85])  # a third of 255
    assert np.array_equal(shades[0, 2], legend[0, -1])
    luma = legend[0].astype(float) @ (0.299, 0.587, 0.114)
    assert np.all(np.diff(luma) > -1)  # brighter means more error


def test_scale_ends_on_a_round_level() -> None:
    assert pictures.end_of_scale([np.full((4, 4), 17.0)]) == 24
    assert pictures.end_of_scale([np.zeros((4, 4))]) == 8
    assert pictures.end_of_scale([]) == 8


def test_bars_hold_all_faces() -> None:
    columns = [np.array([1.0, 2, 3, np.inf]), np.array([2.0, 2, 2, np.nan])]
    plot = charts.histograms(columns, [(1.5, 2.5), None], 1)
    heights = [sum(bar[3] for bar in row['bars']) for row in plot['rows']]
    assert heights[0] == pytest.approx(heights[1], abs=0.05)
    middle = charts.WIDTH / 2
    assert [row['mean'] for row in plot['rows']] == [middle, middle]
    low, high = plot['rows'][0]['interval']
    assert middle - low == pytest.approx(high - middle)
    assert charts.histograms([np.array([np.nan])], [None], 1) is None


def test_scatter_puts_equal_values_on_the_diagonal() -> None:
    a = np.array([1.0, 4, np.inf, 2])
    plot = charts.scatter(a, np.array([1.0, 3, 5, 2]), 1)
    assert [place for *_, place in plot['points']] == [0, 1, 3]
    x0, y0, x1, y1 = plot['diagonal']
    for x, y, place in plot['points']:
        on_line = y0 + (x - x0) / (x1 - x0) * (y1 - y0)
        if place == 1:  # the second method is lower: below the line
            assert y > on_line + 1
        else:
            assert y == pytest.approx(on_line, abs=0.02)


def test_equal_values_have_an_axis() -> None:
    plot = charts.histograms([np.array([2.0, 2.0])], [None], 2)
    assert len(plot['rows'][0]['bars']) == 1
