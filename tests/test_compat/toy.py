# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A model of a few weights and mmengine's own Runner around it."""

from pathlib import Path
from typing import Any, Optional

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

LR = 0.1


class ToyData(Dataset):
    """Eight fixed pairs; numbers differ so that order matters."""

    metainfo = dict(name='toy')

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict:
        x = torch.linspace(-1, 1, 3) * (index + 1) / 4
        return dict(x=x, y=x.sum(0, keepdim=True) + index)


class ToyModel(BaseModel):
    """Linear regression, by mmengine's own train_step."""

    def __init__(self, with_sync_bn: bool = False) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.net = nn.Linear(3, 1)
        self.norm = nn.SyncBatchNorm(3) if with_sync_bn else nn.Identity()

    def forward(self, x: Tensor, y: Tensor, mode: str = 'tensor') -> Any:
        pred = self.net(self.norm(x))
        return dict(loss=(pred - y).square().mean())

    def init_weights(self) -> None:
        """Keep the weights of the constructor."""


class ToyPair(ToyModel):
    """Two separately optimised modules, as a GAN has."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.Linear(1, 1)

    def train_step(self, data: dict, optim_wrapper: OptimWrapperDict) -> dict:
        data = self.data_preprocessor(data, True)
        net_loss = (self.net(data['x']) - data['y']).square().mean()
        optim_wrapper['net'].update_params(net_loss)
        other_loss = self.other(data['y']).square().mean()
        optim_wrapper['other'].update_params(other_loss)
        return dict(net=net_loss, other=other_loss)


class Interrupt(Hook):
    """Stops the process's training as Ctrl-C does, after a checkpoint."""

    priority = 'LOWEST'

    def __init__(self, iters: int) -> None:
        self.iters = iters

    def after_train_iter(
        self, runner: Runner, *args: Any, **kwargs: Any
    ) -> None:
        if runner.iter + 1 == self.iters:
            raise KeyboardInterrupt


def make_runner(
    work_dir: Path,
    model: nn.Module,
    max_iters: int,
    optim_wrapper: Optional[dict] = None,
    **settings: Any,
) -> Runner:
    """Build a quiet Runner with batches of two and a checkpoint at the end."""
    one = dict(optimizer=dict(type='Adam', lr=LR))
    return Runner(
        model,
        str(work_dir),
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            collate_fn=dict(type='default_collate'),
            dataset=ToyData(),
            sampler=dict(type='InfiniteSampler', shuffle=True),
        ),
        train_cfg=dict(by_epoch=False, max_iters=max_iters),
        optim_wrapper=optim_wrapper or one,
        param_scheduler=[
            dict(type='CosineAnnealingLR', T_max=10, by_epoch=False)
        ],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False),
        ),
        log_processor=dict(window_size=3, by_epoch=False),
        randomness=dict(seed=5),
        experiment_name=f'{work_dir.parent.name}_{work_dir.name}',
        default_scope='mmengine',
        log_level='ERROR',
        **settings,
    )
