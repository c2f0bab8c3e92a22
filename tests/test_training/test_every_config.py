# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every leaf config runs: training, validation, checkpoint, resume, test."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmfacesr.apis.config import datasets_of, load_config
from mmfacesr.apis.report import KeepMetricsHook

LEAVES = sorted(
    path
    for path in Path(__file__).parents[2].glob('configs/*/*.py')
    if path.parent.name != '_base_'
)
ALONE = dict(num_workers=0, persistent_workers=False)
# What makes the networks narrow, as far as a config names it.
NARROW = dict(
    mid_channels=8,
    num_heads=2,
    hg_mid_channels=16,
    num_blocks=1,
    min_ch=4,
    max_ch=8,
)
UNNAMED_WIDTH = ('PFSRNet', 'PFSRNetDiscriminator', 'DistilledFANHead')
"""Networks with `mid_channels` that their configs leave at the default."""
LENGTH = dict(ProgressiveRestorer=4)
"""Iterations of a run by the restorer; otherwise two."""
GROWTH = ((1, 0), (1, 0), (4, 4))
"""Iterations and fade-in of each step: iteration 3 has step 3, alpha 1/4."""


def kind_of(path: Path) -> tuple[str, str, bool]:
    """What differs in how configs train: restorer, network and loop."""
    cfg = Config.fromfile(path, import_custom_modules=False)
    return cfg.model.type, cfg.model.generator.type, by_epoch(cfg)


def by_epoch(cfg: Config) -> bool:
    """Whether the config counts epochs."""
    return cfg.train_cfg.type == 'EpochBasedTrainLoop'


def length(cfg: Config) -> int:
    """Iterations or epochs of a shortened run."""
    return LENGTH.get(cfg.model.type, 2)


LONG = ('hd', '6k_synthetic')
KINDS: list[Path] = list({kind_of(path): path for path in LEAVES}.values())


def shortened(path: Path, root: Path, work_dir: Path, run: str) -> Config:
    """The config with few iterations of one face, or two short epochs."""
    cfg = load_config(
        str(path),
        dict(
            data_root=str(root),
            work_dir=str(work_dir),
            experiment_name=f'{path.stem}_{run}',
            train_dataloader=dict(batch_size=1, **ALONE),
            val_dataloader=dict(batch_size=1, **ALONE),
            test_dataloader=dict(batch_size=1, **ALONE),
            default_hooks=dict(checkpoint=dict(interval=1)),
        ),
    )
    if by_epoch(cfg):
        cfg.train_cfg.update(max_epochs=2, val_interval=2)
        cfg.train_dataloader.dataset.indices = 2
    else:
        cfg.train_cfg.update(max_iters=length(cfg), val_interval=length(cfg))
    for dataset in datasets_of(cfg, ['val_dataloader']):
        if 'num_faces' in dataset:  # that are drawn at each validation
            dataset.num_faces = 2
    for step, (iters, fade) in zip(cfg.model.get('schedule', ()), GROWTH):
        step.update(iters=iters, fade_iters=fade)
    if cfg.model.get('feature_loss'):  # no weights can be fetched offline
        cfg.model.feature_loss.loss_weight = 0
    return cfg


def narrowed(cfg: Config) -> Config:
    """The config with networks that are quick to train."""
    generator = cfg.model.generator
    generator.update({k: v for k, v in NARROW.items() if k in generator})
    for network in (generator, cfg.model.get('discriminator')):
        if network and network.type in UNNAMED_WIDTH:
            network.mid_channels = NARROW['mid_channels']
    return cfg


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
    def make(run: str) -> Config:
        return shrink(shortened(path, faces_root, tmp_path, run))

    check_runs(make, tmp_path)
