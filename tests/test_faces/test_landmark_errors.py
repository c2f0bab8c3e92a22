# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Heatmap decoding, NME and NRMSE against golden and hand-made values."""

from pathlib import Path

import numpy as np
import pytest

from mmfacesr.datasets.transforms.heatmaps import draw_heatmaps
from mmfacesr.evaluation.functional.landmarks import (
    decode_heatmaps,
    nme,
    nrmse,
)


@pytest.fixture(scope='module')
def units(golden: Path) -> dict:
    """Golden arrays; maps of every fourth point only."""
    path = golden / 'dic/units_landmarks.npz'
    with np.load(path, allow_pickle=False) as data:
        return dict(data)


@pytest.mark.parametrize('method', ['argmax', 'quarter'])
def test_golden_decoding(units: dict, method: str) -> None:
    points = decode_heatmaps(units['decode_in'], 4, method)
    assert (points == units[f'decode_{method}'][:, ::4]).all()


def test_decoding_by_hand() -> None:
    heatmap = np.zeros((1, 4, 6))
    heatmap[0, 2, 3], heatmap[0, 1, 3] = 1, 0.5  # second: one row above
    assert decode_heatmaps(heatmap, 8).tolist() == [[24, 16]]
    # the tie in x counts as minus
    assert decode_heatmaps(heatmap, 8, 'quarter').tolist() == [[22, 14]]


def test_decoding_inverts_drawing() -> None:
    points = np.random.default_rng(0).uniform(8, 120, (68, 2))
    heatmaps = draw_heatmaps(points, (32, 32), (128, 128))
    for method, bound in (('argmax', 2.0), ('quarter', 1.0 + 1e-6)):
        found = decode_heatmaps(heatmaps, 4, method)
        assert np.median(np.abs(found - points)) < bound
    assert np.abs(decode_heatmaps(heatmaps, 4) - points).max() <= 2


def test_golden_training_nme(units: dict) -> None:
    errors = nme(
        units['decode_argmax'], units['nme_target'], 'shifted-eye-corners'
    )
    assert errors.shape == (2,)
    assert errors.mean() == pytest.approx(float(units['nme_interocular']))


@pytest.mark.parametrize(
    'norm, key',
    [
        ('face-width', 'nrmse_width'),
        ('eye-outer-width', 'nrmse_eye_outer_width'),
        ('eye-distance', 'nrmse_eye_dist'),
    ],
)
def test_golden_historic_nrmse(units: dict, norm: str, key: str) -> None:
    value = nrmse(units['decode_quarter'], units['nme_target'], norm, True)
    assert np.allclose(value, units[key], rtol=1e-12)


def straight_face() -> np.ndarray:
    """68 points; eyes on a line, outer corners 100 apart, inner 40."""
    points = np.zeros((68, 2))
    points[36:48, 1] = 50
    points[36:42, 0] = (0, 10, 20, 30, 20, 10)
    points[42:48, 0] = (70, 80, 90, 100, 90, 80)
    return points


@pytest.mark.parametrize(
    'norm, width',
    [('inter-ocular', 100), ('inter-pupil', 70), ('shifted-eye-corners', 80)],
)
def test_nme_by_hand(norm: str, width: float) -> None:
    target = straight_face()
    pred = target + (3, 4)  # an error of 5 everywhere
    assert nme(pred, target, norm) == pytest.approx(5 / width)


def test_nme_of_the_inner_points_by_hand() -> None:
    """The jaw line has no part in it; the eyes stay the norm."""
    target = np.stack([straight_face()] * 2)
    pred = target.copy()
    pred[:, :17] += 1000
    pred[0, 17:] += (3, 4)
    assert nme(pred, target, points='inner').tolist() == [0.05, 0]
    assert nme(pred, target).min() > 1


@pytest.mark.parametrize(
    'norm, width',
    [('face-width', 100), ('eye-outer-width', 100), ('eye-distance', 70)],
)
def test_nrmse_with_the_right_corners_by_hand(norm: str, width: float) -> None:
    target = straight_face()
    pred = target.copy()
    pred[:17] += (3, 4)
    expected = np.sqrt(17 / 68 * 25) / width
    assert nrmse(pred, target, norm) == pytest.approx(expected)


def test_nme_does_not_see_rotation() -> None:
    """Euclidean, unlike nrmse, whose widths are differences of x."""
    angle = np.radians(60)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    target = straight_face()
    pred = target + (3, 4)
    turned = nme(pred @ turn.T, target @ turn.T)
    assert turned == pytest.approx(nme(pred, target))
    assert nrmse(pred @ turn.T, target @ turn.T) > 1.5 * nrmse(pred, target)


def test_wrong_arguments_are_refused() -> None:
    points = np.zeros((68, 2))
    with pytest.raises(ValueError, match='inter-ocular.*width'):
        nme(points, points, 'width')
    with pytest.raises(ValueError, match='face-width.*ocular'):
        nrmse(points, points, 'ocular')
    with pytest.raises(ValueError, match=r'\(5, 2\)'):
        nme(points[:5], points[:5])
    with pytest.raises(ValueError, match='all.*inner.*outer'):
        nme(points, points, points='outer')
    with pytest.raises(ValueError, match='argmax.*soft'):
        decode_heatmaps(np.zeros((1, 4, 4)), 4, 'soft')
