# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's LR images: OpenCV's cubic rule, and the inputs of restoring."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

from mmfacesr.utils.images import write_image

REPO = Path(__file__).resolve().parents[2]
TAPS = np.array([-3, 19, 19, -3])  # over 32, half a pixel off, a = -0.75
SCALES = [4, 8]
Load = Callable[..., dict]


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A face of noise: it has every overshoot there is."""
    draw = np.random.RandomState(seed)
    return draw.randint(0, 256, (height, width, 3)).astype('u1')


@cache
def pipeline_of(config: str, name: str) -> Compose:
    """A pipeline of a config."""
    import mmfacesr.compat.mmagic_base  # noqa: F401
    import mmfacesr.datasets  # noqa: F401  registers

    init_default_scope('mmagic')
    path = REPO / f'configs/elsface/elsface_{config}_1xb16-40e_celeba.py'
    cfg = Config.fromfile(path, import_custom_modules=False)
    return Compose([TRANSFORMS.build(t) for t in cfg[name]])


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Send an image through a pipeline of a config, as a file."""

    def load(image: np.ndarray, config: str, name: str) -> dict:
        path = tmp_path / 'face.png'
        write_image(path, image)
        return pipeline_of(config, name)(
            dict(gt_path=str(path), file='face.png', crop_size=None)
        )

    return load


def lr_of(sample: dict) -> np.ndarray:
    """(h, w, 3) uint8 of a packed sample."""
    assert sample['inputs'].dtype == torch.uint8
    return sample['inputs'].permute(1, 2, 0).numpy()


def opencv(image: np.ndarray, side: int) -> np.ndarray:
    """The image reduced by OpenCV itself."""
    return cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)


def pillow(image: np.ndarray, side: int) -> np.ndarray:
    """The image reduced by Pillow itself."""
    return np.array(
        Image.fromarray(image).resize((side, side), Image.Resampling.BICUBIC)
    )


@pytest.mark.parametrize('scale', SCALES)
def test_degradation_is_opencvs(scale: int, load: Load) -> None:
    image = noise(128, 128)
    sample = load(image, f'x{scale}', 'pipeline')
    found = lr_of(sample)
    assert (found == opencv(image, 128 // scale)).all()
    target = sample['data_samples'].gt_img.permute(1, 2, 0).numpy()
    assert (target == image).all()
    assert sample['data_samples'].img_channel_order == 'rgb'
    assert (found != pillow(image, 128 // scale)).any(), 'no antialias'


@pytest.mark.parametrize('scale', SCALES)
def test_degradation_is_a_weighted_mean_of_blocks(
    scale: int, load: Load
) -> None:
    """Of 4x4 pixels: the whole block of x4, the center of one of x8."""
    seen = np.zeros(2)
    for seed in range(4):
        image = noise(128, 128, seed)
        side, edge = 128 // scale, (scale - 4) // 2
        blocks = image.astype(int).reshape(side, scale, side, scale, 3)
        center = blocks[:, edge : edge + 4, :, edge : edge + 4]
        exact = np.einsum('aibjc,i,j->abc', center, TAPS, TAPS) / 32**2
        wanted = np.clip(np.rint(exact), 0, 255)
        found = lr_of(load(image, f'x{scale}', 'pipeline'))
        # OpenCV's versions may differ in how they round a half.
        half = exact % 1 == 0.5
        assert (found == wanted)[~half].all()
        assert np.abs(found - wanted).max() <= 1
        seen += [(exact < 0).sum(), (exact > 255).sum()]
    assert seen.all(), 'values are cut at both ends'


@pytest.mark.parametrize('scale', SCALES)
def test_input_of_its_size_is_left_alone(scale: int, load: Load) -> None:
    image = noise(128 // scale, 128 // scale)
    sample = load(image, f'x{scale}', 'inference_pipeline')
    assert (lr_of(sample) == image).all()


@pytest.mark.parametrize('scale', SCALES)
def test_crop_becomes_the_input_of_training(scale: int, load: Load) -> None:
    image = noise(128, 128)
    found = lr_of(load(image, f'x{scale}', 'inference_pipeline'))
    assert (found == lr_of(load(image, f'x{scale}', 'pipeline'))).all()


@pytest.mark.parametrize('scale', SCALES)
def test_photo_is_reduced_by_way_of_128_pixels(scale: int, load: Load) -> None:
    image = noise(500, 400)
    found = lr_of(load(image, f'x{scale}', 'inference_pipeline'))
    face = pillow(image[50:450], 128)
    assert (found == opencv(face, 128 // scale)).all()
    assert (found != opencv(image[50:450], 128 // scale)).any()


@pytest.mark.parametrize('scale', SCALES)
def test_small_face_is_reduced_once(scale: int, load: Load) -> None:
    image = noise(96, 100)
    found = lr_of(load(image, f'x{scale}', 'inference_pipeline'))
    assert (found == opencv(image[:, 2:98], 128 // scale)).all()


@pytest.mark.parametrize('scale', SCALES)
def test_bicubic_variant_is_pillows(scale: int, load: Load) -> None:
    name, side = f'x{scale}-bicubic', 128 // scale
    image = noise(128, 128)
    for pipeline in ('pipeline', 'inference_pipeline'):
        found = lr_of(load(image, name, pipeline))
        assert (found == pillow(image, side)).all()
    small = noise(side, side)
    found = lr_of(load(small, name, 'inference_pipeline'))
    assert (found == small).all()
