# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples from the cache are those of the files."""

import copy
import os
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image
from same_samples import SEEDS, assert_same, flat, samples_of
from torch.utils.data import DataLoader

from mmfacesr.apis.config import load_config
from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.fixed_steps import FixedSteps
from mmfacesr.datasets.transforms import CropFace, LoadFaceImage, face_crop
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.registry import DATASETS, TRANSFORMS
from mmfacesr.utils.images import read_image, write_image

LOAD = [dict(type='LoadFaceImage'), dict(type='CropFace')]
STEPS = [*LOAD, dict(type='ResizeFace', size=64), dict(type='RandomFlipFace')]
REDUCE = dict(
    type='Resize',
    keys=['gt'],
    output_keys=['img'],
    scale=0.5,
    keep_ratio=True,
    interpolation='nearest',
    backend='cv2',
)
CONFIGS = {
    'dic/dic_x8c48b6_1xb8-150k_celeba.py': 'img',
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba-aligned.py': 'img',
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py': 'gt',
    'elsface/elsface_x4_1xb1-1750_synthetic.py': 'img',
    'pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py': 'gt_x2',
}


@pytest.fixture
def root(faces_root: Path, tmp_path: Path) -> Path:
    """Eight drawn faces that a test may change."""
    return shutil.copytree(faces_root, tmp_path / 'faces')


def dataset_of(root: Path, cache: Path | None, **kwargs: object) -> FaceFolder:
    settings = dict(split='train', pipeline=STEPS)
    folder = str(cache) if cache else None
    return FaceFolder(str(root), cache_folder=folder, **{**settings, **kwargs})


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that are read."""
    found, load = [], LoadFaceImage.transform

    def transform(self: LoadFaceImage, results: dict) -> dict:
        found.append(results['file'])
        return load(self, results)

    monkeypatch.setattr(LoadFaceImage, 'transform', transform)
    return found


@pytest.mark.parametrize('split', ['train', 'val', 'test'])
@pytest.mark.parametrize('config', CONFIGS, ids=lambda path: Path(path).stem)
def test_samples_are_the_same(
    root: Path,
    tmp_path: Path,
    repo: Path,
    loads: list,
    config: str,
    split: str,
) -> None:
    path, options = str(repo / 'configs' / config), dict(data_root=str(root))
    live = load_config(path, options)
    options['cache_folder'] = str(tmp_path / 'cache')
    packed = load_config(path, options)
    init_default_scope('mmagic')
    live = DATASETS.build(live[f'{split}_dataloader'].dataset)
    packed = DATASETS.build(packed[f'{split}_dataloader'].dataset)
    assert len(loads) == len(live) == len(packed)
    assert_same(live, packed)
    assert len(loads) == (1 + len(SEEDS)) * len(live)
    assert CONFIGS[config] in packed._packed._faces.dtype.names
    if split == 'train' and 'RandomFlipFace' in str(live.pipeline):
        samples = [samples_of(packed, seed)[0] for seed in SEEDS]
        assert len({str(flat(s['data_samples'])) for s in samples}) > 1


def test_lr_files(root: Path, tmp_path: Path, loads: list) -> None:
    init_default_scope('mmagic')
    for number, file in enumerate((root / 'train').iterdir()):
        write_image(root / 'train' / file.name, read_image(file)[:128, :128])
        lr = np.full((64, 64, 3), number, np.uint8)
        write_image(tmp_path / 'LR/train' / file.name, lr)
    options = dict(
        pipeline=[LOAD[0], STEPS[-1], REDUCE], lr_folder=str(tmp_path / 'LR')
    )
    packed = dataset_of(root, tmp_path / 'cache', **options)
    assert len(loads) == 2 * len(packed)
    assert_same(packed, dataset_of(root, None, **options))
    name = packed.get_data_info(3)['file']
    write_image(tmp_path / 'LR' / name, np.full_like(lr, 255))
    packed = dataset_of(root, tmp_path / 'cache', **options)
    assert samples_of(packed)[3]['img'].min() == 255


def test_a_mirror_that_matters_stays_first(root: Path, tmp_path: Path) -> None:
    init_default_scope('mmagic')
    pipeline = [*STEPS, REDUCE]  # takes the left one of two pixels
    packed = dataset_of(root, tmp_path / 'cache', pipeline=pipeline)
    assert_same(packed, dataset_of(root, None, pipeline=pipeline))


def test_a_seeded_degradation_is_packed(
    root: Path, tmp_path: Path, loads: list
) -> None:
    steps = [dict(type='ResizeFace'), dict(type='DegradeBlindly', seed=0)]
    options = dict(split='test', pipeline=[*LOAD, *steps])
    packed = dataset_of(root, tmp_path / 'cache', **options)
    assert_same(packed, dataset_of(root, None, **options))
    assert len(loads) == (1 + len(SEEDS)) * len(packed)


def test_only_steps_without_chance_are_packed() -> None:
    class RandomCrop(CropFace):
        pass

    init_default_scope('mmagic')
    for step in (
        RandomCrop(),
        TRANSFORMS.build(dict(type='RandomResizedCropFace')),
        TRANSFORMS.build(dict(type='DegradeBlindly')),
        TRANSFORMS.build(dict(REDUCE, backend=None)),  # a global setting
    ):
        steps = [LoadFaceImage(), CropFace(), step, CropFace()]
        assert FixedSteps(steps).rest == steps[2:]
    for step in (dict(type='DegradeBlindly', seed=0), REDUCE):
        steps = [LoadFaceImage(), TRANSFORMS.build(step), CropFace()]
        assert FixedSteps(steps).rest == []
    with pytest.raises(ValueError, match='LoadFaceImage.*cache_folder=None'):
        FixedSteps([CropFace()])


def test_changed_files_and_settings(
    root: Path,
    tmp_path: Path,
    loads: list,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = tmp_path / 'cache'
    name = dataset_of(root, cache).get_data_info(3)['file']
    Image.new('RGB', (160, 160), 'red').save(root / name)
    loads.clear()
    packed = dataset_of(root, cache)
    assert loads == [name] and samples_of(packed)[3]['gt'][0, 0, 0] == 255
    small = dataset_of(root, cache, crop_size=64)
    assert len(list(cache.iterdir())) == 2
    assert_same(small, dataset_of(root, None, crop_size=64))
    table = LandmarkTable.load(root / 'landmarks68.npz')
    table.sha256[:] = ''
    steps = [STEPS[0], dict(type='LoadLandmarks'), *STEPS[1:]]
    for count in (3, 4):  # a table of the same faces with other points
        table.points += 1
        table.save(root / 'landmarks68.npz')
        moved = dataset_of(root, cache, pipeline=steps)
        assert_same(moved, dataset_of(root, None, pipeline=steps))
        assert len(list(cache.iterdir())) == count
    code = tmp_path / 'face_crop.py'
    code.write_bytes(Path(face_crop.__file__).read_bytes() + b'# changed')
    monkeypatch.setattr(face_crop, '__file__', str(code))
    dataset_of(root, cache)
    assert len(list(cache.iterdir())) == 5


def test_workers_and_copies_use_the_same_file(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = dict(pipeline=STEPS[:-1], test_mode=True)
    wanted = [
        flat(s['gt']) for s in samples_of(dataset_of(root, None, **options))
    ]
    packed = dataset_of(root, tmp_path / 'cache', **options)
    monkeypatch.setattr(LoadFaceImage, 'transform', None)
    for workers in (0, 2):
        loader = DataLoader(packed, None, num_workers=workers)
        assert [flat(s['gt'].numpy()) for s in loader] == wanted
    data = pickle.dumps(packed)
    (file,) = (tmp_path / 'cache').glob('*/faces.npy')
    assert len(data) < os.path.getsize(file) / 2
    for other in (pickle.loads(data), copy.deepcopy(packed)):
        assert [flat(s['gt']) for s in samples_of(other)] == wanted
    assert flat(packed.get_subset([5])[0]['gt']) == wanted[5]
