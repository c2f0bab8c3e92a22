# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script for torchrun: DIC and DICGAN on one process or on two.

    torchrun --nproc-per-node N two_ranks.py OUT

Trains three iterations on the same batch on every rank, then on batches of
their own, and saves what every rank holds.
"""

import sys
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from mmengine.dist import get_rank, get_world_size, init_dist
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor

import mmfacesr.models.restorers  # noqa: F401  registers and mends
from mmfacesr.mmagic_base import DataSample

LOSSES = dict(
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    align_loss=dict(type='MSELoss', loss_weight=0.1),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[129.795, 108.12, 96.39], std=[255] * 3
    ),
)
ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
CASES = dict(
    dic=dict(model=dict(type='DICRestorer', **LOSSES), optim_wrapper=ADAM),
    dic_gan=dict(
        model=dict(
            type='DICGANRestorer',
            discriminator=dict(type='DICDiscriminator'),
            gan_loss=dict(
                type='GANLoss',
                gan_type='vanilla',
                loss_weight=0.005,
                real_label_val=1.0,
                fake_label_val=0,
            ),
            **LOSSES,
        ),
        optim_wrapper=dict(
            constructor='MultiOptimWrapperConstructor',
            generator=ADAM,
            discriminator=ADAM,
        ),
        wrapper=dict(type='MMSeparateDistributedDataParallel'),
    ),
)


def batch(seed: int) -> dict:
    """One LR and HR image of noise with heatmaps."""
    draw = torch.Generator().manual_seed(seed)
    gt = torch.randint(0, 256, (3, 128, 128), generator=draw)
    heatmap = torch.rand(68, 32, 32, generator=draw)
    return dict(
        inputs=[torch.randint(0, 256, (3, 16, 16), generator=draw)],
        data_samples=[DataSample(gt_img=gt, gt_heatmap=heatmap)],
    )


def train(case: dict, own_batches: bool) -> dict[str, Tensor]:
    """Three iterations; the weights that this rank holds then."""
    torch.manual_seed(0)
    generator = dict(
        type='DICGenerator',
        mid_channels=8,
        num_blocks=1,
        num_steps=2,
        hg_mid_channels=16,
    )
    runner = Runner.__new__(Runner)
    runner.cfg = ConfigDict()
    runner._launcher = 'pytorch' if get_world_size() > 1 else 'none'
    runner._distributed = get_world_size() > 1
    runner._experiment_name = 'two_ranks'
    model = MODELS.build({**case['model'], 'generator': generator})
    if runner._distributed:
        model = runner.wrap_model(case.get('wrapper'), model)
    runner.model = model.train()
    optim = runner.build_optim_wrapper(ConfigDict(case['optim_wrapper']))
    for step in range(3):
        model.train_step(batch(step + 100 * get_rank() * own_batches), optim)
    return {
        key.replace('module.', ''): value.clone()
        for key, value in model.state_dict().items()
    }


def main() -> None:
    """Train all cases and save the weights of this rank."""
    torch.set_num_threads(1)
    init_default_scope('mmagic')
    init_dist('pytorch', backend='nccl')
    weights = {
        f'{name}/{kind}': train(case, kind == 'own')
        for name, case in CASES.items()
        for kind in ('same', 'own')
    }
    name = f'ranks{get_world_size()}_{get_rank()}.pth'
    torch.save(weights, Path(sys.argv[1]) / name)


if __name__ == '__main__':
    main()
