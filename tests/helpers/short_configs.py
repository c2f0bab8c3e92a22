# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every leaf config, made so short and small that a test can run it."""

import json
from pathlib import Path

from mmengine.config import Config

from mmfacesr.apis.config import datasets_of, load_config

LEAVES = sorted(
    path
    for path in Path(__file__).parents[2].glob('configs/*/*.py')
    if path.parent.name != '_base_'
)
ALONE = dict(num_workers=0, persistent_workers=False)
# What makes the networks small, as far as a config names it.
NARROW = dict(
    mid_channels=8,
    num_heads=2,
    hg_mid_channels=16,
    num_blocks=1,
    min_ch=4,
    max_ch=8,
    res_depth=1,
)
UNNAMED = dict(
    PFSRNet=dict(mid_channels=8),
    PFSRNetDiscriminator=dict(mid_channels=8),
    DistilledFANHead=dict(mid_channels=8),
    SPARNetDiscriminator=dict(base_ch=4, max_ch=8),
)
"""The same of networks whose configs leave it at the default."""
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


def networks_of(path: Path) -> str:
    """A key that configs of the same restorer and networks share."""
    model = Config.fromfile(path, import_custom_modules=False).model
    networks = {key: model.get(key) for key in ('generator', 'discriminator')}
    return json.dumps([model.type, networks], sort_keys=True, default=str)


KINDS: list[Path] = list({kind_of(path): path for path in LEAVES}.values())

WIDE: set[Path] = set({networks_of(path): path for path in LEAVES}.values())
"""One config of each of the networks."""


def shortened(path: Path, root: Path, work_dir: Path, run: str) -> Config:
    """The config with two iterations, or epochs, of one face."""
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
        cfg.train_dataloader.dataset.indices = 1
    else:
        cfg.train_cfg.update(max_iters=length(cfg), val_interval=length(cfg))
    for dataset in datasets_of(cfg, ['val_dataloader', 'test_dataloader']):
        # Some draw their faces at each validation.
        dataset['num_faces' if 'num_faces' in dataset else 'indices'] = 1
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
        if network:
            network.update(UNNAMED.get(network.type, {}))
    return cfg
