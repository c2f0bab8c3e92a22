# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script for torchrun: one step of each model wrapper on two CPU ranks."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import torch
from mmengine.config import Config
from mmengine.dist import all_reduce, get_rank
from mmengine.hooks import CheckpointHook, Hook
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.runner import Runner
from toy import LR, ToyModel, ToyPair, make_runner

from mmfacesr.compat.mends import mend


def sgd() -> dict:
    return dict(optimizer=dict(type='SGD', lr=LR))


def train(work_dir: Path, model: ToyModel, **settings: object) -> dict:
    """Train one step on this rank's batch; return the weights it holds."""
    runner = make_runner(
        work_dir,
        model,
        1,
        launcher='pytorch',
        env_cfg=dict(dist_cfg=dict(backend='nccl')),
        **settings,
    )
    runner.train()
    return dict(runner.model.module.state_dict())


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PairConstructor:
    """One optimizer for each child, as MMagic's constructor makes."""

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: None) -> None:
        self.cfg = optim_wrapper_cfg

    def __call__(self, model: BaseModel) -> OptimWrapperDict:
        model = getattr(model, 'module', model)
        return OptimWrapperDict(
            **{
                name: build_optim_wrapper(getattr(model, name), wrapper)
                for name, wrapper in self.cfg.items()
            }
        )


class Witness(Hook):
    """Sees what an iteration gave."""

    def after_train_iter(self, *args: object, outputs: dict) -> None:
        self.outputs = {k: v.detach().clone() for k, v in outputs.items()}


def losses_seen(call_hook: Callable) -> dict:
    """What hooks see of losses 0 and 1, and of one that rank 1 has NaN."""
    runner = Runner.__new__(Runner)
    runner._hooks = [Witness()]
    rank = get_rank()
    loss = torch.tensor(float(rank), requires_grad=True)
    odd = torch.tensor(torch.nan if rank else 1.0)
    call_hook(runner, 'after_train_iter', outputs=dict(loss=loss, odd=odd))
    return runner._hooks[0].outputs


def saved_statistics() -> dict:
    """What is there to save of a norm of ranks 0 and 1."""
    norm = torch.nn.BatchNorm1d(2)
    for buffer in (norm.running_mean, norm.running_var):
        buffer.copy_(torch.tensor([0.0, 1.0]) + get_rank())
    norm.num_batches_tracked.fill_(get_rank())
    hook = CheckpointHook()
    hook._save_checkpoint_with_step = lambda *args, **kwargs: None
    hook._save_checkpoint(SimpleNamespace(model=norm, iter=0, epoch=0))
    return dict(
        averaged=torch.cat([norm.running_mean, norm.running_var]),
        counted=norm.num_batches_tracked,
    )


def first_gradient_is_right(channels_last: bool) -> bool:
    """Whether it is the mean over the ranks, channels-last from `wrap_model`
    on or from the first iteration on."""
    runner = Runner.__new__(Runner)
    runner.cfg = Config(dict(channels_last=channels_last))
    runner._launcher, runner._distributed = 'pytorch', True
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 8, 3)
    model = runner.wrap_model(None, layer)
    model.to(memory_format=torch.channels_last)  # as hooks do
    images = torch.rand(2, 3, 8, 8) + get_rank()
    wanted = torch.autograd.grad(layer(images).square().mean(), layer.weight)
    all_reduce(wanted[0], op='mean')
    super(type(model), model).forward(images).square().mean().backward()
    return torch.allclose(layer.weight.grad, wanted[0])


def main() -> None:
    mend()
    out = Path(sys.argv[1])
    pair = dict(constructor='PairConstructor', net=sgd(), other=sgd())
    weights = dict(
        single=train(out / 'single', ToyModel(), optim_wrapper=sgd()),
        # a config with sync_bn on and a SyncBN layer, as for GPUs
        sync_bn=train(
            out / 'sync_bn',
            ToyModel(with_sync_bn=True),
            optim_wrapper=sgd(),
            cfg=Config(dict(sync_bn='torch')),
        ),
        separate=train(
            out / 'separate',
            ToyPair(),
            optim_wrapper=pair,
            cfg=Config(
                dict(
                    model_wrapper_cfg=dict(
                        type='MMSeparateDistributedDataParallel'
                    )
                )
            ),
        ),
    )
    weights['losses'] = losses_seen(Runner.call_hook)
    weights['losses_of_base'] = losses_seen(Runner.call_hook.__wrapped__)
    weights |= saved_statistics()
    weights['late'] = first_gradient_is_right(False)
    weights['in_time'] = first_gradient_is_right(True)
    weights['backend'] = torch.distributed.get_backend()
    torch.save(weights, out / f'rank_{os.environ["RANK"]}.pth')


if __name__ == '__main__':
    main()
