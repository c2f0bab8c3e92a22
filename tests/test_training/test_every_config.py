# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every leaf config runs: training, validation, checkpoint, resume, test."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from short_configs import (
    KINDS,
    LEAVES,
    WIDE,
    by_epoch,
    length,
    narrowed,
    shortened,
)

from mmfacesr.apis.report import KeepMetricsHook

LONG = ('hd', 'synthetic')
"""Slow, or trained by `make quickstart` as well."""


def check_runs(make: Callable[[str], Config], work_dir: Path) -> None:
    """Train, interrupt, resume and test; resumed equals uninterrupted."""
    cfg = make('whole')
    kind, last = 'epoch' if by_epoch(cfg) else 'iter', length(cfg)
    end, start = (work_dir / f'{kind}_{n}.pth' for n in (last, last - 1))
    Runner.from_cfg(cfg).train()
    whole = torch.load(end, weights_only=True)
    end.unlink()
    cfg = make('resumed')
    cfg.resume, cfg.load_from = True, str(start)
    runner = Runner.from_cfg(cfg)
    runner.train()
    resumed = torch.load(end, weights_only=True)
    for state in {'state_dict', 'ema_state_dict'} & whole.keys():
        for key, value in whole[state].items():
            assert torch.equal(value, resumed[state][key]), key
    assert not any('feature_loss' in key for key in whole['state_dict'])
    kept = KeepMetricsHook()
    runner.register_hook(kept)
    runner.test()
    assert kept.metrics and all(v == v for v in kept.metrics.values())


@pytest.mark.parametrize(
    'path',
    [
        pytest.param(path, marks=pytest.mark.slow)
        if any(word in path.stem for word in LONG)
        else path
        for path in KINDS
    ],
    ids=lambda path: path.stem,
)
def test_every_kind_runs(
    path: Path, faces_root: Path, tmp_path: Path, shrink: Callable
) -> None:
    def make(run: str) -> Config:
        cfg = shortened(path, faces_root, tmp_path, f'narrow_{run}')
        return narrowed(shrink(cfg))

    check_runs(make, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize('path', LEAVES, ids=lambda path: path.stem)
def test_runs(
    path: Path, faces_root: Path, tmp_path: Path, shrink: Callable
) -> None:
    """Every network at its full width once, the other configs in small."""

    def make(run: str) -> Config:
        cfg = shrink(shortened(path, faces_root, tmp_path, run))
        return cfg if path in WIDE else narrowed(cfg)

    check_runs(make, tmp_path)
