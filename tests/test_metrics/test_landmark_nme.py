# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LandmarkNME reads packed samples, groups points, names what is missing."""

import numpy as np
import pytest
import torch

from mmfacesr.datasets.transforms.heatmaps import draw_heatmaps
from mmfacesr.evaluation.functional.landmarks import decode_heatmaps


@pytest.fixture(scope='module')
def metric() -> object:
    """The metric with default arguments."""
    pytest.importorskip('mmagic')
    from mmfacesr.evaluation.metrics import LandmarkNME

    return LandmarkNME


def face_and_heatmaps(shift: int) -> tuple[np.ndarray, torch.Tensor]:
    """Points on the heatmap grid, and maps shifted by whole map pixels."""
    points = np.random.default_rng(0).integers(2, 28, (68, 2)) * 4.0
    points[36], points[45] = (20, 40), (100, 40)  # 80 apart
    heatmaps = draw_heatmaps(points + (4 * shift, 0), (32, 32), (128, 128))
    return points.astype(np.float32), torch.from_numpy(heatmaps)


def test_mean_over_images(metric: type) -> None:
    samples = []
    for shift in (0, 1):
        points, heatmaps = face_and_heatmaps(shift)
        samples.append(
            dict(gt_landmark=points, output=dict(pred_heatmap=heatmaps))
        )
    nme = metric()
    nme.process([], samples)
    result = nme.compute_metrics(nme.results)
    # 4 pixels of error over 80 in one of two images
    assert result == {'NME': pytest.approx(0.5 * 4 / 80)}


def test_missing_landmarks_say_the_remedy(metric: type) -> None:
    _, heatmaps = face_and_heatmaps(0)
    with pytest.raises(KeyError, match='meta_keys'):
        metric().process([], [dict(output=dict(pred_heatmap=heatmaps))])


def test_heatmaps_as_large_as_the_image(metric: type) -> None:
    points, _ = face_and_heatmaps(0)
    heatmaps = draw_heatmaps(points + (0, 8), (128, 128), (128, 128))
    nme = metric(stride=1)
    output = dict(pred_heatmap=torch.from_numpy(heatmaps))
    nme.process([], [dict(gt_landmark=points, output=output)])
    assert nme.results == [{'NME': pytest.approx(8 / 80)}]


def test_points_without_heatmaps(metric: type) -> None:
    points, _ = face_and_heatmaps(0)
    output = dict(pred_landmark=torch.from_numpy(points + (3, 4)))
    nme = metric()
    nme.process([], [dict(gt_landmark=points, output=output)])
    assert nme.results == [{'NME': pytest.approx(5 / 80)}]


def test_inner_points_leave_out_the_jaw(metric: type) -> None:
    points, _ = face_and_heatmaps(0)
    pred = points.copy()
    pred[:17] += 50
    pred[67] += (3, 4)
    sample = dict(
        gt_landmark=points, output=dict(pred_landmark=torch.from_numpy(pred))
    )
    nme = metric(points='inner')
    nme.size = 1
    nme.process([], [sample])
    assert nme.evaluate() == {'NME-inner51': pytest.approx(5 / 51 / 80)}
    with pytest.raises(ValueError, match="'all'.*'inner'.*'jaw'"):
        metric(points='jaw')


def test_centroid_finds_points_between_pixels() -> None:
    points = np.array([[10.3, 20.6], [5.5, 7.0], [30.0, 2.2], [0.2, 31.0]])
    heatmaps = draw_heatmaps(points, (32, 32), (32, 32), sigma=0.6)
    heatmaps -= 0.01  # negative values have no mass
    found = decode_heatmaps(heatmaps, stride=3, method='centroid') / 3
    np.testing.assert_allclose(found[:3], points[:3], atol=0.05)
    coarse = decode_heatmaps(heatmaps, stride=1)
    assert abs(coarse[:2] - points[:2]).max() > 0.2
    # A second, lower peak far off does not pull.
    both = np.maximum(heatmaps, 0.9 * np.roll(heatmaps, 12, axis=-1))
    far = decode_heatmaps(both[:1], stride=1, method='centroid')
    np.testing.assert_allclose(far, points[:1], atol=0.05)
    # By hand, with one neighbor and nothing positive anywhere.
    one = np.zeros((2, 5, 6))
    one[0, 2, 3], one[0, 2, 4], one[1] = 3.0, 1.0, -1.0
    np.testing.assert_allclose(
        decode_heatmaps(one, stride=2, method='centroid'),
        [[2 * 3.25, 4.0], [0.0, 0.0]],
    )
