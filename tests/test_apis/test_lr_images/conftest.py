# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Drawn faces, and folders of what is made of them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets.synthetic_faces import render_face

COUNT = 12
Write = Callable[..., Path]


@pytest.fixture(scope='session')
def faces() -> list[np.ndarray]:
    """A dozen snapshots, (128, 128, 3) uint8."""
    return [
        render_face(seed, 128, look='snapshot')[0] for seed in range(COUNT)
    ]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write images into a folder, in order; the folder."""

    def write(
        name: str, images: list[np.ndarray], ending: str = 'png', **how: object
    ) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for place, image in enumerate(images):
            pixels = np.ascontiguousarray(image)
            path = folder / f'{place:02}.{ending}'
            Image.fromarray(pixels).save(path, **how)
        return folder

    return write


@pytest.fixture
def hr(write: Write, faces: list[np.ndarray]) -> Path:
    return write('hr', faces)


@pytest.fixture(scope='session')
def lr(faces: list[np.ndarray]) -> list[np.ndarray]:
    """The faces by Pillow bicubic, (16, 16, 3)."""
    return [
        np.array(Image.fromarray(face).resize((16, 16), Image.BICUBIC))
        for face in faces
    ]
