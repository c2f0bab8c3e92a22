# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ground truth that a pipeline would enlarge."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.logging import MMLogger
from PIL import Image

from mmfacesr.datasets import FaceFolder

STEPS = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=32),
]


@pytest.fixture
def build(tmp_path: Path) -> Callable[..., str]:
    """Build a dataset of images of such sides; the log."""

    def build(*sides: int, **settings: object) -> str:
        for number, side in enumerate(sides):
            Image.new('RGB', (side, side + 40)).save(
                tmp_path / f'{number}.png'
            )
        MMLogger._instance_dict.clear()
        log = tmp_path / 'log.txt'
        MMLogger.get_instance('resolution', log_file=str(log), file_mode='w')
        FaceFolder(str(tmp_path), **{'pipeline': STEPS, **settings})
        return log.read_text()

    return build


def test_large_enough(build: Callable) -> None:
    assert 'enlarged' not in build(32, 33, 500)


def test_few_small_ones_are_counted(build: Callable) -> None:
    text = build(31, 32, 40, 8)
    assert '2 of 4 faces' in text and '0.png, 3.png' in text


def test_most_of_the_set_is_refused(build: Callable) -> None:
    with pytest.raises(ValueError, match='3 of 5.*32 pixels.*0.png, 1.png'):
        build(31, 16, 8, 40, 40)


def test_crop_counts(build: Callable) -> None:
    with pytest.raises(ValueError, match='2 of 2.*crop_size'):
        build(40, 40, crop_size=24)
    assert 'enlarged' not in build(40, 40, crop_size=36)


def test_what_is_no_ground_truth_may_be_small(build: Callable) -> None:
    reduce = [dict(type='ResizeFace', size=32, only_reduce=True)]
    for settings in (
        dict(image_key='img'),
        dict(pipeline=[]),
        dict(pipeline=reduce),
    ):
        assert 'enlarged' not in build(8, 8, **settings)


def test_damaged_files_are_left_to_the_reader(
    build: Callable, tmp_path: Path
) -> None:
    (tmp_path / '9.png').write_bytes(b'no image')
    assert 'enlarged' not in build(32)
