# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces of any size arrive at SPARNet as the enlarged input."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image

from mmfacesr.apis.config import load_config
from mmfacesr.registry import TRANSFORMS

CONFIG = 'configs/sparnet/sparnet_attn2d-x8_1xb32-20e_celeba.py'


def fed(repo: Path, path: Path) -> np.ndarray:
    """What restoring feeds the network, (128, 128, 3) uint8 RGB."""
    init_default_scope('mmagic')
    cfg = load_config(str(repo / CONFIG))
    pipeline = Compose([TRANSFORMS.build(t) for t in cfg.inference_pipeline])
    sample = pipeline(dict(gt_path=str(path), file=path.name, crop_size=None))
    return sample['inputs'].permute(1, 2, 0).numpy()


@pytest.mark.parametrize(
    'size, square',
    [
        ((16, 16), (0, 0, 16, 16)),
        ((128, 128), (0, 0, 128, 128)),
        ((178, 218), (0, 20, 178, 198)),  # width, height; central square
    ],
)
def test_a_file_is_enlarged_or_reduced_by_pillow(
    repo: Path, tmp_path: Path, size: tuple, square: tuple
) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (*size[::-1], 3))
    image = Image.fromarray(pixels.astype(np.uint8))
    image.save(tmp_path / 'face.png')
    wanted = image.crop(square).resize((128, 128), Image.BICUBIC)
    found = fed(repo, tmp_path / 'face.png')
    np.testing.assert_array_equal(found, np.array(wanted))


def test_training_and_restoring_feed_the_same(
    repo: Path, golden: Path, tmp_path: Path
) -> None:
    """The LR file of a face becomes the input that its HR face becomes."""
    arrays = np.load(golden / 'sparnet/celeba_eval.npz')
    Image.fromarray(arrays['lr']).save(tmp_path / 'lr.png')
    found = fed(repo, tmp_path / 'lr.png')
    np.testing.assert_array_equal(found, arrays['lr_up'])
