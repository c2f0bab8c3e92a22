# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The row of the mean shape: its faces, its framing, its place in the tool."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmfacesr.apis.baseline import baseline_of, evenly_spread, mean_shape
from mmfacesr.apis.config import load_config
from mmfacesr.evaluation.functional import nme
from mmfacesr.faces.table import LandmarkTable

CONFIG = 'configs/dic/dic_hourglass_1xb8-20k_celeba.py'


@pytest.fixture
def cfg(repo: Path) -> Callable:
    """The hourglass's config on a data root."""

    def make(root: Path, **options: object) -> Config:
        options = {'data_root': str(root), **options}
        return load_config(str(repo / CONFIG), options)

    return make


def framed(root: Path, split: str) -> np.ndarray:
    """Points of the split in the central 128 of 160 pixels."""
    table = LandmarkTable.load(root / 'landmarks68.npz')
    names = (root / f'{split}.txt').read_text().split()
    return np.stack([table.points_of(name) for name in names]) - 16.0


def test_the_tool_reports_it(
    repo: Path, faces_root: Path, tmp_path: Path, run_tool: Callable
) -> None:
    out = tmp_path / 'report.json'
    status, _, errors = run_tool(
        'test.py',
        repo / CONFIG,
        '--baseline',
        '--work-dir',
        tmp_path,
        '--out',
        out,
        '--cfg-options',
        f'data_root={faces_root}',
        'test_dataloader.num_workers=0',
    )
    assert status == 0, errors
    report = json.loads(out.read_text())
    assert report['method'] == 'mean shape of 8 training faces'
    assert report['images'] == 3 and report['checkpoint'] is None
    train, test = (framed(faces_root, split) for split in ('train', 'test'))
    shape = np.broadcast_to(train.mean(0), test.shape)
    expected = nme(shape, test)
    assert report['metrics']['NME'] == pytest.approx(expected.mean(), rel=1e-5)
    assert report['spread']['NME']['max'] == pytest.approx(expected.max())


def test_training_faces_as_in_a_test(
    noisy_root: Callable, cfg: Callable
) -> None:
    """No flip, the framing of the test, and none of the other splits."""
    root, points = noisy_root(4, dict(train=[0, 2], val=[1], test=[3]))
    small = dict(test_dataloader=dict(batch_size=1), crop_size=96)
    framed = cfg(root, **small)
    for step in framed.test_dataloader.dataset.pipeline:
        if step.type == 'ResizeFace':
            step.size = 64
    shape, num_faces = mean_shape(framed)
    expected = (points[[0, 2]].mean(0) - 16 + 0.5) * 64 / 96 - 0.5
    np.testing.assert_allclose(shape, expected, rtol=1e-5, atol=1e-4)
    assert num_faces == 2


def test_at_most_so_many_faces_evenly_spread(
    noisy_root: Callable, cfg: Callable
) -> None:
    root, points = noisy_root(7, dict(train=range(7), val=[], test=[]))
    shape, num_faces = mean_shape(cfg(root), max_faces=3)
    np.testing.assert_allclose(shape, points[[0, 3, 6]].mean(0), rtol=1e-5)
    assert num_faces == 3
    assert evenly_spread(5, 2000).tolist() == [0, 1, 2, 3, 4]
    many = evenly_spread(162_770, 2000)
    assert len(set(many)) == 2000 and many[-1] == 162_769


def test_faces_without_landmarks_are_left_out(
    noisy_root: Callable, cfg: Callable
) -> None:
    root, points = noisy_root(3, dict(train=[0, 1, 2], val=[], test=[]))
    table = LandmarkTable.load(root / 'landmarks68.npz')
    table.points[1, 5] = np.nan
    table.save(root / 'landmarks68.npz')
    shape, num_faces = mean_shape(cfg(root))
    np.testing.assert_allclose(shape, points[[0, 2]].mean(0), rtol=1e-5)
    assert num_faces == 2
    table.points[:] = np.nan
    table.save(root / 'landmarks68.npz')
    with pytest.raises(ValueError, match='none of 3.*not finite'):
        mean_shape(cfg(root))


def test_what_a_config_must_have(noisy_root: Callable, cfg: Callable) -> None:
    root, _ = noisy_root(1, dict(train=[0], val=[], test=[]))
    unpacked = cfg(root)
    unpacked.test_dataloader.dataset.pipeline[-1].pop('meta_keys')
    with pytest.raises(ValueError, match='LoadLandmarks.*PackInputs'):
        mean_shape(unpacked)
    untrained = cfg(root)
    untrained.pop('train_dataloader')
    with pytest.raises(ValueError, match='train_dataloader'):
        mean_shape(untrained)


def test_restorers_are_compared_with_bicubic() -> None:
    model = dict(type='BaseEditModel', data_preprocessor=dict(type='Any'))
    baseline, name = baseline_of(Config(dict(model=model)))
    assert baseline == dict(
        type='BicubicBaseline', data_preprocessor=dict(type='Any')
    )
    assert name == 'bicubic (Pillow, 8 bit)'
