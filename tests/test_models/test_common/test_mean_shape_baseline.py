# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The mean-shape baseline gives every face the same points."""

import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, init_default_scope

PREPROCESSOR = dict(type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3)


def build(points: list) -> torch.nn.Module:
    import mmfacesr.models.runtime  # noqa: F401  registers

    init_default_scope('mmagic')
    return MODELS.build(
        dict(
            type='MeanShapeBaseline',
            points=points,
            data_preprocessor=PREPROCESSOR,
        )
    )


@pytest.mark.parametrize('batch_size', [1, 3])
def test_every_face_gets_the_points(batch_size: int) -> None:
    from mmfacesr.compat.mmagic_base import DataSample

    points = np.random.default_rng(0).uniform(0, 128, (68, 2))
    samples = [
        DataSample(gt_img=torch.zeros(3, 16, 16), gt_landmark=points + number)
        for number in range(batch_size)
    ]
    faces = torch.rand(batch_size, 3, 16, 16) * 255
    found = build(points.tolist()).test_step(
        dict(inputs=list(faces), data_samples=samples)
    )
    assert len(found) == batch_size
    for sample in found:
        np.testing.assert_allclose(
            sample.output.pred_landmark.numpy(), points, rtol=1e-6
        )


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r'\(K, 2\).*\(2, 3\)'):
        build([[1, 2, 3], [4, 5, 6]])
