# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LR files of one's own take the place of every config's degradation."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import init_default_scope
from PIL import Image

from mmfacesr.apis.config import load_config
from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.lr_pairs import use_lr_files
from mmfacesr.registry import DATASETS
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image, write_image

LOAD = [dict(type='LoadFaceImage'), dict(type='RandomFlipFace', prob=0.5)]
HALVE = dict(
    type='Resize', keys=['gt'], output_keys=['img'], scale=0.5, keep_ratio=True
)
CONFIGS = {
    'dic/dic_x8c48b6_1xb8-150k_celeba.py': 16,
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py': 16,
    'elsface/elsface_x8_1xb16-40e_celeba.py': 16,
    'elsface/elsface_x4_1xb16-40e_celeba.py': 32,
    'pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py': 16,
}


def noise(path: Path, side: int, seed: int) -> np.ndarray:
    """Write an image of noise; its pixels."""
    pixels = np.random.default_rng(seed).integers(
        0, 256, (side, side, 3), np.uint8
    )
    write_image(path, pixels)
    return pixels


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Three faces of 128 pixels, with LR files of another noise."""
    for seed, name in enumerate(('train/a', 'val/b', 'test/c')):
        noise(tmp_path / f'HR/{name}.png', 128, seed)
        for side in (16, 32):
            noise(tmp_path / f'LR{side}/{name}.x.png', side, seed + 9)
            (tmp_path / f'LR{side}/{name}.x.png').rename(
                tmp_path / f'LR{side}/{name}.PNG'
            )
    return tmp_path


@pytest.mark.parametrize('config, side', CONFIGS.items(), ids=str)
def test_lr_files_are_the_input(
    pairs: Path, repo: Path, config: str, side: int
) -> None:
    lr_folder = pairs / f'LR{side}'
    options = dict(data_root=str(pairs / 'HR'), lr_folder=str(lr_folder))
    cfg = load_config(str(repo / 'configs' / config), options)
    init_default_scope('mmagic')
    for split, name in dict(train='a', val='b', test='c').items():
        setting = cfg[f'{split}_dataloader'].dataset
        setting.pipeline = [
            step for step in setting.pipeline if 'Landmark' not in step.type
        ]
        setting.pipeline = [
            step for step in setting.pipeline if 'Heatmap' not in step.type
        ]
        sample = DATASETS.build(setting)[0]
        lr = Image.fromarray(read_image(lr_folder / split / f'{name}.PNG'))
        if 'sparnet' in config:  # fed with the enlarged face
            lr = lr.resize((128, 128), Image.Resampling.BICUBIC)
        found = sample['inputs'].permute(1, 2, 0).numpy()
        face = sample['data_samples'].gt_img.permute(1, 2, 0).numpy()
        whole = read_image(pairs / 'HR' / split / f'{name}.png')
        if (face != whole).any():  # a flip, which both follow
            found, face = found[:, ::-1], face[:, ::-1]
        np.testing.assert_array_equal(face, whole)
        np.testing.assert_array_equal(found, np.array(lr))


def test_flips_and_turns_act_on_both(tmp_path: Path) -> None:
    face = noise(tmp_path / 'HR/a.png', 32, 0)
    write_image(tmp_path / 'LR/a.png', face[::2, ::2])
    dataset = FaceFolder(
        str(tmp_path / 'HR'),
        lr_folder=str(tmp_path / 'LR'),
        pipeline=[*LOAD, dict(type='RandomRotate90Face'), HALVE],
    )
    seen = set()
    for seed in range(20):
        np.random.seed(seed)
        sample = dataset[0]
        turns = [
            np.rot90(face[:, :: -1 if flip else 1], count)
            for flip in (0, 1)
            for count in range(4)
        ]
        (turn,) = [k for k in range(8) if (turns[k] == sample['gt']).all()]
        seen.add(turn)
        small = face[::2, ::2][:, :: -1 if turn > 3 else 1]
        assert (sample['img'] == np.rot90(small, turn % 4)).all()
    assert len(seen) > 4


def dataset_of(root: Path, **kwargs: object) -> FaceFolder:
    settings = dict(lr_folder=str(root / 'LR'), test_mode=True)
    return FaceFolder(
        str(root / 'HR'), **{**settings, 'pipeline': [*LOAD, HALVE], **kwargs}
    )


def test_wrong_sizes_are_named(tmp_path: Path) -> None:
    noise(tmp_path / 'HR/a.png', 32, 0)
    noise(tmp_path / 'LR/a.png', 8, 0)
    with pytest.raises(BadSampleError, match='a.png.*16x16.*32x32, got 8x8'):
        dataset_of(tmp_path)[0]
    noise(tmp_path / 'LR/a.png', 16, 0)
    assert dataset_of(tmp_path)[0]['img'].shape == (16, 16, 3)
    with pytest.raises(BadSampleError, match='24x24 pixels.*got 32x32'):
        dataset_of(
            tmp_path,
            crop_size=24,
            pipeline=[LOAD[0], dict(type='CropFace'), HALVE],
        )[0]


def test_missing_and_double_partners_are_named(tmp_path: Path) -> None:
    for name in 'abcde':
        noise(tmp_path / f'HR/{name}.png', 32, 0)
    noise(tmp_path / 'LR/a.png', 16, 0)
    with pytest.raises(FileNotFoundError, match='4 faces.*b.png, c.png, d'):
        dataset_of(tmp_path)
    Image.new('RGB', (16, 16)).save(tmp_path / 'LR/a.jpg')
    with pytest.raises(ValueError, match='a.jpg and a.png'):
        dataset_of(tmp_path)
    with pytest.raises(FileNotFoundError, match='lr_folder'):
        dataset_of(tmp_path, lr_folder='no')


def test_pipeline_without_degradation_is_refused() -> None:
    with pytest.raises(ValueError, match='TakeAsInput.*lr_folder=None'):
        use_lr_files([*LOAD, dict(type='TakeAsInput')])
