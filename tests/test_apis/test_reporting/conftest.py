# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluations of drawn faces, some with names that a browser might run."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.utils.images import write_image

SIZE = 64
HOSTILE = '<img src=x onerror=alert(1)>'
NAMES = ('anna', 'ben', HOSTILE, 'dora', 'emil\'"&<script>', 'fay', 'gus')
METHODS = {'Near': 3, f'Far {HOSTILE}': 9}
"""Name -> standard deviation of the noise that it leaves."""


def resized(face: np.ndarray, size: int) -> np.ndarray:
    image = Image.fromarray(face).resize((size, size), Image.BICUBIC)
    return np.asarray(image)


def evaluate_set(root: Path, names: tuple[str, ...] = NAMES) -> list[Path]:
    """Draw faces, spoil them in two ways, evaluate both.

    The first method is better but for one face, the last, which it has
    without any error.
    """
    rng = np.random.default_rng(0)
    for seed, name in enumerate(names):
        face = render_face(seed, SIZE)[0]
        write_image(root / 'hr' / f'{name}.png', face)
        write_image(root / 'lr' / f'{name}.png', resized(face, SIZE // 8))
        for number, sigma in enumerate(METHODS.values()):
            swap = 12 if seed == 1 and number == 0 else sigma
            noise = rng.normal(0, swap, face.shape)
            found = np.clip(face + noise, 0, 255).astype(np.uint8)
            last = number == 0 and name == names[-1]
            write_image(
                root / f'sr{number}' / f'{name}.png', face if last else found
            )
    for number, method in enumerate(METHODS):
        evaluate_folders(
            root / f'sr{number}',
            root / 'hr',
            root / f'out{number}',
            root / 'lr',
            ['rgb', 'fsrnet'],
            method=method,
        )
    return [root / 'out0', root / 'out1']


@pytest.fixture(scope='session')
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two evaluations of seven faces; not to be changed."""
    return evaluate_set(tmp_path_factory.mktemp('evaluated'))


@pytest.fixture
def own(evaluated: list[Path], tmp_path: Path) -> list[Path]:
    """A copy that a test may change."""
    shutil.copytree(evaluated[0].parent, tmp_path / 'moved')
    return [tmp_path / 'moved' / folder.name for folder in evaluated]
