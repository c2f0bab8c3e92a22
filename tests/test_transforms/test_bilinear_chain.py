# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet's crop and chain of halvings, byte for byte."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import MODELS, init_default_scope
from torch import Tensor

import mmfacesr.compat.mmagic_base  # noqa: F401 (registers the preprocessor)
from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.transforms import CropFace, ResizeFace
from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils.images import write_image

FRAGMENT = 'configs/_base_/degradations/bilinear_chain_x8.py'
SCALES = dict(gt='hr128', gt_x4='hr64', gt_x2='hr32', img='lr16')
PACKED = dict(gt_img='hr128', gt_x4='hr64', gt_x2='hr32')


@pytest.fixture(scope='module')
def arrays(golden: Path) -> dict:
    with np.load(golden / 'pfsrnet/pipeline.npz') as file:
        return dict(file)


@pytest.fixture(scope='module')
def fragment(repo: Path) -> Config:
    init_default_scope('mmagic')
    return Config.fromfile(str(repo / FRAGMENT))


@pytest.fixture(scope='module')
def batch(fragment: Config, arrays: dict, tmp_path_factory) -> list[dict]:
    """Two faces of a folder through the whole pipeline; one is inverted."""
    root = tmp_path_factory.mktemp('faces')
    write_image(root / 'a.png', arrays['image'])
    write_image(root / 'b.png', 255 - arrays['image'])
    pipeline = [
        dict(type='LoadFaceImage'),
        dict(type='CropFace', crop_size=None),
        dict(type='ResizeFace', size=128, interpolation='bilinear'),
        *fragment.degradation,
        fragment.pack_inputs,
    ]
    dataset = FaceFolder(str(root), pipeline=pipeline, test_mode=True)
    return [dataset[0], dataset[1]]


def preprocess(fragment: Config, batch: list, training: bool, **options):
    """The stacked or listed data of a batch, and the preprocessor."""
    preprocessor = MODELS.build(
        dict(
            type='DataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            data_keys=list(fragment.data_keys),
            **options,
        )
    )
    # The preprocessor changes the samples themselves.
    samples = [
        dict(inputs=s['inputs'], data_samples=s['data_samples'].clone())
        for s in batch
    ]
    return preprocessor(pseudo_collate(samples), training), preprocessor


def to_tensor(image: np.ndarray) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float()


def test_crop_and_resize(arrays: dict) -> None:
    sample = CropFace(crop_size=None)(dict(gt=arrays['image']))
    np.testing.assert_array_equal(sample['gt'], arrays['crop178'])
    sample = ResizeFace(128, 'bilinear')(sample)
    np.testing.assert_array_equal(sample['gt'], arrays['hr128'])


def test_the_default_filter_is_bicubic(arrays: dict) -> None:
    found = ResizeFace(128)(dict(gt=arrays['crop178']))['gt']
    assert (found != arrays['hr128']).any()
    with pytest.raises(ValueError, match='nearest'):
        ResizeFace(128, 'nearest')


def test_chain(fragment: Config, arrays: dict) -> None:
    chain = Compose([TRANSFORMS.build(t) for t in fragment.degradation])
    sample = chain(dict(gt=arrays['hr128'].copy(), gt_channel_order='rgb'))
    for key, name in SCALES.items():
        np.testing.assert_array_equal(sample[key], arrays[name])
        assert sample[f'{key}_channel_order'] == 'rgb'
    side = fragment.gt_size // fragment.scale
    assert sample['img'].shape == (side, side, 3)
    assert (sample['img'] != arrays['lr16_direct_from_128']).any()


@pytest.mark.parametrize('order', [None, 'RGB', 'BGR'])
@pytest.mark.parametrize('stacked', [True, False])
def test_training_targets(fragment, batch, arrays, stacked, order) -> None:
    """All scales are normalized alike, in one order, and come back."""
    options = dict(output_channel_order=order, stack_data_sample=stacked)
    data, preprocessor = preprocess(fragment, batch, True, **options)
    samples = data['data_samples']
    for key, name in PACKED.items():
        pixels = to_tensor(arrays[name])
        wanted = (pixels.flip(0) if order == 'BGR' else pixels) / 127.5 - 1
        found = samples.get(key) if stacked else [s.get(key) for s in samples]
        assert (found[0] - wanted).abs().max() < 1e-6
        # Halving an inverted face rounds to another level at times.
        assert (found[1] + wanted).abs().max() < 4 / 127.5
        images = found.clone() if stacked else torch.stack(found)
        back = preprocessor.destruct(images, samples, key)
        assert (back[0] - pixels.flip(0)).abs().max() < 1e-4  # BGR
    wanted = to_tensor(arrays['lr16']) / 127.5 - 1
    wanted = wanted.flip(0) if order == 'BGR' else wanted
    assert (data['inputs'][0] - wanted).abs().max() < 1e-6


def test_test_targets(fragment: Config, batch: list, arrays: dict) -> None:
    """All scales stay as they are but for the order, which is BGR."""
    data, _ = preprocess(fragment, batch, False)
    for key, name in PACKED.items():
        found = data['data_samples'].get(key)[0]
        assert found.dtype == torch.uint8
        assert (found == to_tensor(arrays[name]).flip(0)).all()


def test_packing_without_the_orders_is_a_trap(fragment, arrays) -> None:
    """If this fails, the base keeps them: pack_inputs needs no meta_keys."""
    pack = dict(type='PackInputs', data_keys=['gt_x4', 'gt_x2'])
    chain = [TRANSFORMS.build(t) for t in [*fragment.degradation, pack]]
    sample = dict(gt=arrays['hr128'].copy(), gt_channel_order='rgb')
    batch = [Compose(chain)(sample)]
    data, _ = preprocess(fragment, batch, False)
    samples = data['data_samples']
    assert (samples.gt_img[0] == to_tensor(arrays['hr128']).flip(0)).all()
    assert (samples.gt_x4[0] == to_tensor(arrays['hr64'])).all()  # not BGR
