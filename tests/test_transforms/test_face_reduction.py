# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The input of a single face, aligned or not."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

from mmfacesr.datasets.transforms import CropFace, ReduceFace, ResizeFace
from mmfacesr.utils.images import write_image

CONFIG = 'configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py'


@pytest.fixture(scope='module')
def arrays(golden: Path) -> dict[str, np.ndarray]:
    return dict(np.load(golden / 'pfsrnet/pipeline.npz'))


def pipeline() -> Compose:
    """The config's own list for a single image."""
    import mmfacesr.compat.mmagic_base  # noqa: F401
    import mmfacesr.datasets  # noqa: F401  registers

    init_default_scope('mmagic')
    cfg = Config.fromfile(CONFIG, import_custom_modules=False)
    return Compose([TRANSFORMS.build(t) for t in cfg.inference_pipeline])


def lr_of(sample: dict) -> np.ndarray:
    """(16, 16, 3) of a packed sample."""
    return sample['inputs'].permute(1, 2, 0).numpy()


def test_celeba_file_becomes_the_input_of_training(
    arrays: dict, tmp_path: Path
) -> None:
    write_image(tmp_path / 'face.png', arrays['image'])
    sample = pipeline()(dict(gt_path=str(tmp_path / 'face.png')))
    np.testing.assert_array_equal(lr_of(sample), arrays['lr16'])


def test_box_frames_a_face_in_a_photo(arrays: dict, tmp_path: Path) -> None:
    photo = np.full((300, 400, 3), 7, np.uint8)
    photo[30:248, 90:268] = arrays['image']
    write_image(tmp_path / 'photo.png', photo)
    box = (90, 50, 268, 228)  # what a face finder says, here the crop itself
    sample = pipeline()(dict(gt_path=str(tmp_path / 'photo.png'), box=box))
    np.testing.assert_array_equal(lr_of(sample), arrays['lr16'])


def test_small_file_stays_as_it_is(arrays: dict, tmp_path: Path) -> None:
    write_image(tmp_path / 'lr.png', arrays['lr16'])
    sample = pipeline()(dict(gt_path=str(tmp_path / 'lr.png')))
    np.testing.assert_array_equal(lr_of(sample), arrays['lr16'])


@pytest.mark.parametrize(
    'side, stages',
    [
        (178, (128, 64, 32, 16)),
        (128, (64, 32, 16)),
        (100, (64, 32, 16)),
        (31, (16,)),
        (9, (16,)),
    ],
)
def test_stages(side: int, stages: tuple) -> None:
    rng = np.random.default_rng(side)
    face = rng.integers(0, 256, (side, side, 3), np.uint8)
    image = Image.fromarray(face)
    for stage in stages:
        image = image.resize((stage, stage), Image.Resampling.BILINEAR)
    results = ReduceFace().transform(dict(gt=face))
    np.testing.assert_array_equal(results['gt'], np.array(image))


def test_reduced_at_once_differs(arrays: dict) -> None:
    results = dict(gt=arrays['image'])
    for step in (CropFace(), ResizeFace(16, interpolation='bilinear')):
        results = step.transform(results)
    assert (results['gt'] != arrays['lr16']).mean() > 0.1


def test_refusals() -> None:
    with pytest.raises(ValueError, match='square face, got 8x16'):
        ReduceFace().transform(dict(gt=np.zeros((8, 16, 3), np.uint8)))
    for size, first in ((16, 100), (0, 0), (16, 8)):
        with pytest.raises(ValueError, match='power of two'):
            ReduceFace(size, first)
