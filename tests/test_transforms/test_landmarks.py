# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmarks are looked up by file and drawn as the golden heatmaps."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.transforms import (
    CropFace,
    DrawHeatmaps,
    LoadLandmarks,
    RandomFlipFace,
    ResizeFace,
)
from mmfacesr.faces.table import LandmarkError, LandmarkTable
from mmfacesr.utils.bad_samples import BadSampleError


@pytest.fixture
def table_path(tmp_path: Path) -> str:
    """Three rows of random points; the third has a NaN."""
    points = np.random.default_rng(0).uniform(0, 64, (3, 68, 2))
    points[2, 5] = np.nan
    table = LandmarkTable(
        file=np.array(['a.png', 'b/c.png', 'nan.png']),
        points=points.astype(np.float32),
        box=np.full((3, 4), np.nan, np.float32),
        score=np.ones(3, np.float32),
        sha256=np.array(['', '', '']),
    )
    table.save(tmp_path / 'table.npz')
    return str(tmp_path / 'table.npz')


def test_points_of_the_file_as_a_copy(table_path: str) -> None:
    load = LoadLandmarks()
    sample = dict(file='b/c.png', landmark_table=table_path)
    points = load(dict(sample))['gt_landmark']
    expected = LandmarkTable.load(table_path).points[1]
    assert (points == expected).all() and points.dtype == np.float32
    points += 1
    assert (load(dict(sample))['gt_landmark'] == expected).all()


def test_table_is_read_once(table_path: str) -> None:
    load = LoadLandmarks()
    load(dict(file='a.png', landmark_table=table_path))
    Path(table_path).unlink()
    load(dict(file='b/c.png', landmark_table=table_path))


@pytest.mark.parametrize(
    'file, reason', [('gone.png', 'no row'), ('nan.png', 'not finite')]
)
def test_bad_row_is_named(table_path: str, file: str, reason: str) -> None:
    with pytest.raises(LandmarkError, match=reason) as error:
        LoadLandmarks()(dict(file=file, landmark_table=table_path))
    assert error.value.file == file
    assert isinstance(error.value, BadSampleError)


def test_missing_table_says_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='extract_landmarks'):
        LoadLandmarks()(dict(file='a.png', landmark_table=None))
    with pytest.raises(FileNotFoundError, match='extract_landmarks'):
        LoadLandmarks()(
            dict(file='a.png', landmark_table=str(tmp_path / 'no.npz'))
        )


def test_landmarks_of_another_picture_are_refused(
    faces_root: Path, tmp_path: Path
) -> None:
    """Resized or redrawn after the table was made, by the whole pipeline."""
    root = tmp_path / 'faces'
    shutil.copytree(faces_root, root)
    steps = [dict(type='LoadFaceImage'), dict(type='LoadLandmarks')]
    names = (root / 'test.txt').read_text().split()
    with Image.open(root / names[0]) as image:
        image.resize((120, 120)).save(root / names[0])
    with Image.open(root / names[1]) as image:
        image.rotate(90).save(root / names[1])
    dataset = FaceFolder(str(root), 'test', pipeline=steps, test_mode=True)
    with pytest.raises(LandmarkError, match='120x120.*160x160.*extract'):
        dataset[0]
    with pytest.raises(LandmarkError, match='changed since'):
        dataset[1]
    before = dataset[2]['gt_landmark']
    (root / names[2]).write_bytes(b'')  # the hash is not asked again
    table = dataset.pipeline.transforms[1]
    sample = dict(dataset.get_data_info(2), gt=np.zeros((160, 160, 3)))
    assert (table(sample)['gt_landmark'] == before).all()


def test_table_that_knows_no_sizes_is_said_once(
    table_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    monkeypatch.setattr(
        'mmfacesr.datasets.transforms.landmarks.print_log',
        lambda text, *_: said.append(text),
    )
    load = LoadLandmarks()
    for file in ('a.png', 'b/c.png'):
        load(dict(file=file, landmark_table=table_path))
    assert len(said) == 1 and 'extract_landmarks.py again' in said[0]


def test_optional_points(table_path: str, tmp_path: Path, monkeypatch) -> None:
    """No table, no points, and one line about it; a bad row stays one."""
    said = []
    monkeypatch.setattr(
        'mmfacesr.datasets.transforms.landmarks.print_log',
        lambda text, *_: said.append(text),
    )
    load, draw = LoadLandmarks(optional=True), DrawHeatmaps(optional=True)
    gone = str(tmp_path / 'no.npz')
    for path in (None, gone, gone):
        face = np.zeros((64, 64, 3), np.uint8)
        sample = dict(gt=face, file='a.png', landmark_table=path)
        found = draw(RandomFlipFace(1)(load(dict(sample))))
        assert set(found) == set(sample)
    assert len(said) == 1 and gone in said[0]
    said.clear()
    sample['landmark_table'] = table_path
    assert 'gt_heatmap' in draw(load(dict(sample)))
    for file in ('gone.png', 'nan.png'):
        with pytest.raises(LandmarkError, match=file):
            load(dict(sample, file=file))


def test_missing_points_are_an_error_unless_optional() -> None:
    with pytest.raises(KeyError, match='gt_landmark'):
        DrawHeatmaps()(dict(gt=np.zeros((8, 8, 3), np.uint8)))


def test_hand_drawn_5x5() -> None:
    """A point at heatmap (2, 1.5): rows are exp(-(j - 1.5)^2 / 2) ..."""
    sample = dict(
        gt=np.zeros((10, 10, 3), np.uint8),
        gt_landmark=np.array([[4, 3]], np.float32),
    )
    heatmap = DrawHeatmaps(size=5)(sample)['gt_heatmap']
    near, far = np.exp(-0.125), np.exp(-1.125)  # .5 and 1.5 pixels away
    side, edge = np.exp(-0.5), np.exp(-2.0)  # 1 and 2 columns away
    row = np.array([edge, side, 1, side, edge])
    column = np.array([far, near, near, far, np.exp(-3.125)])
    assert heatmap.shape == (5, 5, 1) and heatmap.dtype == np.float32
    assert np.abs(heatmap[..., 0] - column[:, None] * row).max() < 1e-6


def test_golden_heatmaps(golden: Path) -> None:
    units = np.load(golden / 'dic/units_landmarks.npz', allow_pickle=False)
    sample = dict(
        gt=np.zeros((128, 128, 3), np.uint8), gt_landmark=units['landmarks']
    )
    heatmap = DrawHeatmaps()(sample)['gt_heatmap']
    assert heatmap.shape == (32, 32, 68) and heatmap.flags.c_contiguous
    assert (
        np.abs(heatmap.transpose(2, 0, 1)[::4] - units['heatmap_gt']).max()
        < 1e-6
    )


def test_non_square_image_scales_each_axis() -> None:
    sample = dict(
        gt=np.zeros((40, 80, 3), np.uint8),
        gt_landmark=np.array([[60, 10]], np.float32),
    )
    heatmap = DrawHeatmaps(size=8)(sample)['gt_heatmap'][..., 0]
    assert np.unravel_index(heatmap.argmax(), (8, 8)) == (2, 6)


def test_point_outside_fades() -> None:
    sample = dict(
        gt=np.zeros((32, 32, 3), np.uint8),
        gt_landmark=np.array([[-2, 5], [500, 5]], np.float32),
    )
    heatmap = DrawHeatmaps(size=32)(sample)['gt_heatmap']
    assert heatmap[5, 0, 0] == pytest.approx(np.exp(-2), abs=1e-6)
    assert heatmap[..., 1].max() == 0


def test_nan_point_is_refused_by_name() -> None:
    sample = dict(
        gt=np.zeros((8, 8, 3), np.uint8),
        gt_landmark=np.full((68, 2), np.nan, np.float32),
        file='x.png',
    )
    with pytest.raises(LandmarkError, match='x.png'):
        DrawHeatmaps()(sample)


def test_heatmaps_follow_the_flip() -> None:
    """Drawing after the flip = mirroring the maps about the point grid.

    Stride 1, so that the grid is the one of the image.
    """
    points = np.random.default_rng(1).uniform(0, 31, (68, 2))
    sample = dict(
        gt=np.zeros((32, 32, 3), np.uint8),
        gt_landmark=points.astype(np.float32),
    )
    plain = DrawHeatmaps()(dict(sample))['gt_heatmap']
    flipped = DrawHeatmaps()(RandomFlipFace(1)(dict(sample)))['gt_heatmap']
    assert np.abs(flipped[..., 36] - plain[:, ::-1, 45]).max() < 1e-5


def test_packs_to_keypoints_first(table_path: str) -> None:
    pack = pytest.importorskip('mmagic.datasets.transforms').PackInputs(
        meta_keys=['gt_landmark']
    )
    sample = dict(
        gt=np.zeros((64, 64, 3), np.uint8),
        file='a.png',
        landmark_table=table_path,
    )
    for step in (LoadLandmarks(), CropFace(), ResizeFace(128), DrawHeatmaps()):
        sample = step(sample)
    expected = sample['gt_heatmap'].transpose(2, 0, 1).copy()
    points = sample['gt_landmark'].copy()
    data = pack(sample)['data_samples']
    assert tuple(data.gt_heatmap.shape) == (68, 32, 32)
    assert (data.gt_heatmap.numpy() == expected).all()
    stacked = type(data).stack([data, data])
    assert stacked.gt_heatmap.shape[0] == 2
    again = stacked.split()[1].to_dict()
    assert (np.asarray(again['gt_landmark']) == points).all()
