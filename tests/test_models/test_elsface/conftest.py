# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images and filled networks for the learned metrics of ELSFace."""

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
import torch
import torchvision

COUNT = 3
BUILDERS = dict(
    alexnet=torchvision.models.alexnet,
    inception=lambda: torchvision.models.inception_v3(
        weights=None, init_weights=False
    ),
)


@pytest.fixture(scope='module')
def weights(
    fill: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Path]]:
    """Files of torchvision's networks, filled by key."""
    files = {}
    for name, build in BUILDERS.items():
        with torch.device('meta'):
            shapes = {k: v.shape for k, v in build().state_dict().items()}
        state = {
            key: torch.as_tensor(
                fill.fill(key, shape) * (2**0.5 if len(shape) == 4 else 1)
            )
            for key, shape in shapes.items()
            # LPIPS needs none of AlexNet's large matrices.
            if name != 'alexnet' or key.startswith('features.')
        }
        files[name] = tmp_path_factory.mktemp('weights') / f'{name}.pth'
        torch.save(state, files[name])
    yield files
    for path in files.values():
        path.unlink()


@pytest.fixture(scope='module')
def folder(fill: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the reference compares: restored 0.jpg, ground truth 0.png, ..."""
    images = fill.image_batch((2 * COUNT, 3, 64, 56), seed=5) * 500 - 120
    images = images.transpose(0, 2, 3, 1)
    noise = np.random.RandomState(1).normal(0, 8, images[:COUNT].shape)
    images[:COUNT] += noise  # what a JPEG changes
    root = tmp_path_factory.mktemp('faces')
    np.save(root / 'restored.npy', images[:COUNT])
    for i in range(COUNT):  # OpenCV is handed floats
        cv2.imwrite(str(root / f'{i}.jpg'), images[i])
        cv2.imwrite(str(root / f'{i}.png'), images[COUNT + i])
    return root


@pytest.fixture(scope='module')
def samples(folder: Path) -> list[dict]:
    """As the model hands them over: (3, H, W) BGR in [0, 255]."""
    restored = np.load(folder / 'restored.npy').clip(0, 255)
    return [
        dict(
            gt_img=torch.from_numpy(cv2.imread(str(folder / f'{i}.png')))
            .permute(2, 0, 1)
            .float(),
            output=dict(pred_img=torch.from_numpy(image).permute(2, 0, 1)),
        )
        for i, image in enumerate(restored)
    ]
