# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every method learns eight faces by heart.

Nothing stands between a network and its data: what is measured on the faces
trained on passes what such small faces allow. No mirroring, all eight in each
batch if not said otherwise. Gradients are clipped: at high rates those of DIC
leap, and what was learned is lost. An average of weights follows within ten
iterations.
"""

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from mmfacesr.apis.config import load_config

SIZE = 64
"""8x8 to 64x64: a quarter of the work."""
SMALLER = 40
SMALLEST = 32
ABOVE = 30.0
"""PSNR in dB, RGB, border 8, on the faces trained on."""
WARM_UP = 20
ALONE = dict(num_workers=0, persistent_workers=False)


class Way(NamedTuple):
    """How a method learns them."""

    config: str
    iterations: int
    lr: float
    generator: dict[str, Any] = {}
    discriminator: dict[str, Any] = {}
    schedule: list[dict] = []
    size: int = SIZE
    batch_size: int = 8
    faces_of: str = ''
    """Config whose pipeline of validation makes the pairs."""


SPARNET = dict(
    in_size=SMALLEST,
    out_size=SMALLEST,
    min_feat_size=16,
    min_ch=32,
    max_ch=64,
    res_depth=1,
)
GROWTH = [
    dict(size=SIZE // 4, iters=30, loss_weights=dict(pixel=10)),
    dict(
        size=SIZE // 2,
        iters=30,
        fade_iters=10,
        loss_weights=dict(pixel=10, attention=50),
    ),
    dict(
        size=SIZE,
        iters=190,
        fade_iters=10,
        loss_weights=dict(pixel=10, attention=50),
    ),
]
WAYS = dict(
    dic=Way(
        'dic/dic-small_x8c16b2_1xb4-500_synthetic',
        800,
        2e-3,
        dict(mid_channels=32, num_blocks=1, num_steps=2, hg_mid_channels=32),
        batch_size=4,
    ),
    sparnet=Way(
        'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba',
        250,
        2e-3,
        SPARNET,
        size=SMALLER,  # it takes no less than 34
    ),
    sparnet_light=Way(
        'sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic',
        180,
        2e-3,
        SPARNET,
        size=SMALLER,
    ),
    sparnet_hd=Way(
        'sparnet/sparnet-hd_attn2d_1xb2-10e_ffhq',
        200,
        2e-3,
        SPARNET,
        dict(base_ch=8, max_ch=16, num_scales=1),
        size=SMALLER,
        # Its own degradation takes no less than 127.
        faces_of='sparnet/sparnet_attn2d-x8_1xb32-20e_celeba',
    ),
    pfsrnet=Way(
        'pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic',
        250,
        2e-3,
        schedule=GROWTH,
    ),
    elsface=Way(
        'elsface/elsface-small_x8c30_1xb1-2500_synthetic',
        1100,
        1e-3,
        dict(lr_size=SIZE // 8, window_size=4),
        batch_size=4,
    ),
    wfen=Way(
        'wfen/wfen-small_x8c16b2_1xb2-1200_synthetic',
        500,
        2e-3,
        size=SMALLEST,
    ),
    sfmnet=Way(
        'sfmnet/sfmnet-small_x8c16b1_1xb2-1200_synthetic',
        850,
        2e-3,
        size=SMALLEST,
    ),
)


def small(cfg: Config, size: int) -> None:
    """Make the faces small, do not mirror, reduce each in one way."""
    validation = cfg.val_dataloader.dataset.pipeline
    training = cfg.train_dataloader.dataset.pipeline
    kinds = [step['type'] for step in training]
    if not {'DrawHeatmaps', 'LoadLandmarks'} & set(kinds):
        cfg.train_dataloader.dataset.pipeline = training = validation
    for pipeline in (training, validation):
        for step in pipeline:
            if step['type'] == 'ResizeFace':
                factor, step['size'] = size / step['size'], size
            elif step['type'] == 'DrawHeatmaps':
                step['size'] = int(step['size'] * factor)
            elif step['type'] == 'RandomFlipFace':
                step['prob'] = 0.0
            elif isinstance(step.get('scale'), tuple):
                step['scale'] = (size, size)


def take_faces(cfg: Config, other: str) -> None:
    """Make the pairs as another config does."""
    pipeline = load_config(
        f'configs/{other}.py'
    ).val_dataloader.dataset.pipeline
    for split in ('train', 'val'):
        cfg[f'{split}_dataloader'].dataset.pipeline = pipeline


def train_briefly(cfg: Config, way: Way) -> None:
    """Count iterations, warm up, end at a low rate, clip."""
    last = way.iterations
    cfg.train_cfg = dict(
        type='IterBasedTrainLoop', max_iters=last, val_interval=last
    )
    cfg.log_processor = dict(by_epoch=False)
    cfg.default_hooks.checkpoint.update(interval=last, by_epoch=False)
    wrapper = cfg.optim_wrapper.get('generator', cfg.optim_wrapper)
    wrapper.optimizer.update(lr=way.lr, betas=(0.9, 0.99))
    wrapper.clip_grad = dict(max_norm=1.0)
    linear, cosine = (
        dict(type=kind, by_epoch=False)
        for kind in ('LinearLR', 'CosineAnnealingLR')
    )
    for hook in cfg.custom_hooks:
        if 'momentum' in hook:
            hook.momentum = 0.1
    cfg.param_scheduler = [
        dict(**linear, start_factor=0.1, end=WARM_UP),
        dict(**cosine, begin=WARM_UP, end=last, eta_min=1e-5),
    ]


def to_overfit(way: Way, root: Path, work_dir: Path) -> Config:
    """The config of a method, for eight faces that are also validated."""
    cfg = load_config(
        f'configs/{way.config}.py',
        dict(
            data_root=str(root),
            work_dir=str(work_dir),
            experiment_name='overfit',
            train_dataloader=dict(
                batch_size=way.batch_size,
                drop_last=False,
                # An iterator that ends waits 2 s before the next one.
                sampler=dict(type='SeededInfiniteSampler', shuffle=True),
                **ALONE,
            ),
            val_dataloader=dict(
                batch_size=8, dataset=dict(split='train'), **ALONE
            ),
        ),
    )
    cfg.model.generator.update(way.generator)
    if way.schedule:
        cfg.model.schedule = way.schedule
    if way.discriminator:
        cfg.model.discriminator.update(way.discriminator)
    if cfg.model.get('feature_loss'):  # no weights can be fetched offline
        cfg.model.feature_loss.loss_weight = 0
    if way.faces_of:
        take_faces(cfg, way.faces_of)
    small(cfg, way.size)
    train_briefly(cfg, way)
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize('name', WAYS)
def test_eight_faces(name: str, faces_root: Path, tmp_path: Path) -> None:
    runner = Runner.from_cfg(to_overfit(WAYS[name], faces_root, tmp_path))
    runner.train()
    psnr = runner.message_hub.get_scalar('val/PSNR').current()
    assert psnr > ABOVE
