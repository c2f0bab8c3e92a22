# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Memory over a training: what one iteration took is free for the next."""

from collections.abc import Callable
from pathlib import Path

import pytest
from memory import KIB, settled_memory, slope_of
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.apis.config import load_config

CONFIG = 'configs/sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py'
SIDE = 40  # pixels; the smallest faces of this network have 34
ITERATIONS = 2000
WARM_UP = 200  # two validations
EVERY = 40
MOST = 1.0  # KiB an iteration: 0.15 GB after 150,000
pytestmark = pytest.mark.skipif(
    not Path('/proc/self/smaps_rollup').exists(), reason='needs Linux'
)


def tiny_config(faces_root: Path, work_dir: Path) -> Config:
    """Validations every 100 iterations, checkpoints every 200."""
    generator = dict(min_ch=4, max_ch=4, res_depth=0, in_size=32, out_size=32)
    options = {
        'data_root': str(faces_root),
        'train_dataloader.batch_size': 1,
        'train_dataloader.num_workers': 0,
        'val_dataloader.num_workers': 0,
        'train_cfg.max_iters': ITERATIONS,
        'train_cfg.val_interval': 100,
        'default_hooks.checkpoint.interval': 200,
        'log_level': 'WARNING',
        **{f'model.generator.{k}': v for k, v in generator.items()},
    }
    cfg = load_config(CONFIG, options)
    for split in ('train', 'val'):
        dataset = cfg[f'{split}_dataloader'].dataset
        dataset.crop_size = None
        for step in dataset.pipeline:
            if step.type == 'ResizeFace':
                step.size = SIDE
            elif step.type == 'Resize' and not isinstance(step.scale, float):
                step.scale = (SIDE, SIDE)
    cfg.work_dir = str(work_dir)
    return cfg


class MeasureHook(Hook):
    """Notes the memory of the process."""

    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.found: list[float] = []

    def after_train_iter(self, runner: Runner, *_: object, **__: object):
        """Between validations, never at one."""
        if runner.iter % EVERY == EVERY // 2:
            self.found.append(settled_memory() / KIB)


@pytest.mark.slow
def test_two_thousand_iterations(
    repo: Path,
    faces_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_trials: Callable,
) -> None:
    monkeypatch.chdir(repo)
    runner = Runner.from_cfg(tiny_config(faces_root, tmp_path))
    hook = MeasureHook()
    runner.register_hook(hook)
    runner.train()
    slope = slope_of(hook.found[WARM_UP // EVERY :], EVERY)
    record_trials(
        'Load',
        'iterations of a training, a validation every 100',
        ITERATIONS,
        ITERATIONS if slope.high < MOST else 0,
        figures=f'memory {slope} KiB an iteration after {WARM_UP}',
    )
    assert len(hook.found) == ITERATIONS // EVERY
    assert slope.high < MOST, hook.found
