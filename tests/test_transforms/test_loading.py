# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets.transforms import LoadFaceImage
from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils.images import UnreadableImageError


@pytest.mark.parametrize('key', ['gt', 'img'])
def test_loads_rgb_under_its_key(tmp_path, key):
    image = np.random.default_rng(0).integers(
        0, 256, (16, 24, 3), dtype=np.uint8
    )
    Image.fromarray(image).save(tmp_path / 'a.png')
    load = TRANSFORMS.build(dict(type='LoadFaceImage', key=key))
    results = load({f'{key}_path': str(tmp_path / 'a.png')})
    np.testing.assert_array_equal(results.pop(key), image)
    assert results == {
        f'{key}_path': str(tmp_path / 'a.png'),
        f'ori_{key}_shape': (16, 24, 3),
        f'{key}_channel_order': 'rgb',
        f'{key}_color_type': 'color',
    }


def test_refuses_what_it_cannot_load(tmp_path):
    Image.new('RGB', (4, 4)).save(tmp_path / 'tiny.png')
    (tmp_path / 'empty.png').touch()
    with pytest.raises(UnreadableImageError, match='tiny.png.*8x8.*4x4'):
        LoadFaceImage()(dict(gt_path=str(tmp_path / 'tiny.png')))
    with pytest.raises(UnreadableImageError, match='empty.png'):
        LoadFaceImage()(dict(gt_path=str(tmp_path / 'empty.png')))
    with pytest.raises(ValueError, match="got 'lq'"):
        LoadFaceImage(key='lq')
