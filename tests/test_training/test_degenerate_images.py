# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Sets of images that say nothing: black, white, gray, all alike.

Each method trains on nothing else, validates and tests on them, in small;
single batches of constant images are in ``tests/test_contract.py``.
"""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from PIL import Image
from short_configs import KINDS, length, narrowed, shortened

from mmfacesr.apis.report import KeepMetricsHook
from mmfacesr.faces.table import LandmarkTable

ITERATIONS = 4


def constant(level: int) -> Callable[[Image.Image], Image.Image]:
    """Replace an image by one of a single gray level."""
    return lambda image: Image.new('RGB', image.size, (level,) * 3)


def enlarged(image: Image.Image) -> Image.Image:
    """Replace an image by its 16x16 version, enlarged."""
    small = image.resize((16, 16), Image.BICUBIC)
    return small.resize(image.size, Image.BICUBIC)


SETS: dict[str, Callable[[Image.Image], Image.Image]] = dict(
    black=constant(0), gray=constant(128), white=constant(255)
)
SETS['enlarged'] = enlarged


def write_set(root: Path, source: Path, name: str) -> None:
    """Write the images of a data root anew; their landmarks stay."""
    shutil.copytree(source, root)
    files = sorted([*root.rglob('*.png'), *root.rglob('*.jpg')])
    assert files
    with Image.open(files[0]) as first:
        first.load()
    for file in files:
        if name == 'duplicates':
            first.save(file)
        else:
            with Image.open(file) as image:
                changed = SETS[name](image.convert('RGB'))
            changed.save(file)
    # It would refuse files that have changed since.
    table = LandmarkTable.load(root / 'landmarks68.npz')
    table.sha256[:] = ''
    table.save(root / 'landmarks68.npz')


@pytest.mark.slow
@pytest.mark.parametrize('path', KINDS, ids=lambda path: path.stem)
@pytest.mark.parametrize('name', [*SETS, 'duplicates'])
def test_training_and_metrics_stay_finite(
    path: Path,
    name: str,
    faces_root: Path,
    tmp_path: Path,
    shrink: Callable,
    record_trials: Callable,
) -> None:
    write_set(tmp_path / 'faces', faces_root, name)
    work_dir = tmp_path / 'work'
    cfg = narrowed(shrink(shortened(path, tmp_path / 'faces', work_dir, name)))
    cfg.train_dataloader.batch_size = 2
    cfg.train_dataloader.dataset.pop('indices', None)
    if 'max_iters' in cfg.train_cfg:
        last = max(ITERATIONS, length(cfg))
        cfg.train_cfg.update(max_iters=last, val_interval=last)
    runner = Runner.from_cfg(cfg)
    kept = KeepMetricsHook()
    runner.register_hook(kept)
    runner.train()
    runner.test()
    saved = torch.load(sorted(work_dir.glob('*.pth'))[-1], weights_only=True)[
        'state_dict'
    ]
    bad = [key for key, value in saved.items() if not value.isfinite().all()]
    # A metric of images that all equal their ground truth has no mean.
    wrong = {
        key: value
        for key, value in kept.metrics.items()
        if value is not None and not math.isfinite(value)
    }
    record_trials(
        'Numerical health',
        f'trained on {name} images only',
        1,
        not bad and not wrong and bool(kept.metrics),
    )
    assert kept.metrics and not wrong and not bad
