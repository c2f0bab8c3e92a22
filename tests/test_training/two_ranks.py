# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script for torchrun: every kind of training on one process or on several.

    torchrun --nproc-per-node N two_ranks.py OUT KIND[,KIND...] METHOD...

Trains a few iterations on the `same` batch on every rank, or on batches of
their `own`, and saves what every rank holds after the buffers were averaged,
as the configs of networks with batch statistics do it. Or trains 20
iterations on a `joint` batch, dealt to the ranks as samplers deal, in float64
and with batch statistics frozen: they are of the images of a rank, so that
they depend on the number of ranks. So does what PFSRNet's discriminator reads
of how much the images of a batch differ. Where LightCNN-9 judges, a layer
stands for its features, which judges smaller faces, too: float64 is slow. What
the hooks saw of the losses is saved too.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import torch
import torch.nn.functional as F
from mmengine.config import ConfigDict
from mmengine.dist import get_rank, get_world_size, init_dist
from mmengine.hooks import Hook, SyncBuffersHook
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from rank_cases import CASES
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

import mmfacesr.models.runtime  # noqa: F401  registers and mends
from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.models.common import light_cnn
from mmfacesr.models.common.size_requirement import SizeRequirement
from mmfacesr.models.pfsrnet import discriminator


class Losses(Hook):
    """Keeps the losses of every iteration."""

    def __init__(self) -> None:
        self.outputs: dict[str, Tensor] = {}
        self.step = 0

    def after_train_iter(self, *args: object, outputs: dict) -> None:
        for name, value in outputs.items():
            self.outputs[f'log/{self.step}/{name}'] = value.detach().clone()
        self.step += 1


JOINT_BATCH, JOINT_STEPS = 6, 20


def batch(seed: int, sides: tuple[int, int]) -> dict:
    """One input and HR image of noise, also reduced, with heatmaps."""
    draw = torch.Generator().manual_seed(seed)
    lr, hr = sides
    gt = torch.randint(0, 256, (3, hr, hr), generator=draw)
    heatmap = torch.rand(68, hr // 4, hr // 4, generator=draw)
    return dict(
        inputs=[torch.randint(0, 256, (3, lr, lr), generator=draw)],
        data_samples=[
            DataSample(
                gt_img=gt,
                gt_x4=gt[:, ::2, ::2],
                gt_x2=gt[:, ::4, ::4],
                gt_heatmap=heatmap,
            )
        ],
    )


def batch_of(kind: str, step: int, sides: tuple[int, int]) -> dict:
    """The batch of this rank: the 'same', its 'own', its share of 'joint'."""
    if kind != 'joint':
        return batch(step + 100 * get_rank() * (kind == 'own'), sides)
    places = range(JOINT_BATCH)[get_rank() :: get_world_size()]
    samples = [batch(step + 100 * place, sides) for place in places]
    return {key: [sample[key][0] for sample in samples] for key in samples[0]}


def make_runner(case: dict, kind: str) -> Runner:
    """What `train` needs of a runner."""
    torch.manual_seed(0)
    runner = Runner.__new__(Runner)
    runner.cfg = ConfigDict()
    runner._launcher = 'pytorch' if get_world_size() > 1 else 'none'
    runner._distributed = get_world_size() > 1
    runner._experiment_name = 'two_ranks'
    runner._hooks = [Losses()]
    model = MODELS.build({**case['model'], **case.get(kind, {})})
    if runner._distributed:
        model = runner.wrap_model(case.get('wrapper'), model)
    runner.model = model.train()
    for norm in model.modules():
        if kind == 'joint' and isinstance(norm, _BatchNorm):
            norm.eval()
    return runner


def train(case: dict, kind: str) -> dict[str, Tensor]:
    """Some iterations; their losses and the weights of this rank."""
    runner = make_runner(case, kind)
    wrapper = case.get(f'{kind}_optim', case['optim_wrapper'])
    optim = runner.build_optim_wrapper(ConfigDict(wrapper))
    before = [weight.clone() for weight in runner.model.parameters()]
    count = JOINT_STEPS if kind == 'joint' else case.get('iterations', 3)
    sides = case.get(f'{kind}_sides', case['sides'])
    for step in range(count):
        data = batch_of(kind, step, sides)
        outputs = runner.model.train_step(data, optim)
        runner.call_hook('after_train_iter', outputs=outputs)
    SyncBuffersHook().after_train_epoch(runner)
    moved = max(
        (old - new).abs().max()
        for old, new in zip(before, runner.model.parameters())
    )
    return (
        runner._hooks[0].outputs
        | {'moved': moved.detach()}
        | {
            key.replace('module.', ''): value.clone()
            for key, value in runner.model.state_dict().items()
        }
    )


@contextmanager
def frozen_and_precise() -> Iterator[None]:
    """Compute in float64, and let discriminators be quick and see one image.

    Adam amplifies float32 where gradients are as small as rounding.
    """
    torch.set_default_dtype(torch.float64)
    with (
        mock.patch.object(Tensor, 'float', Tensor.double),
        mock.patch.object(discriminator, 'batch_deviation', no_deviation),
        mock.patch.object(light_cnn, 'light_cnn_features', QuickFeatures),
        mock.patch.object(SizeRequirement, 'allows', lambda *_: True),
    ):
        yield


def no_deviation(image: Tensor) -> Tensor:
    """What the discriminator would find in a single image."""
    return image.new_zeros(())


class QuickFeatures(nn.Conv2d):
    """Features of a face of any size, of the shape of LightCNN-9's at 128."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(in_channels, 128, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[-2:]
        size = 8, math.ceil(8 * width / height)
        return F.adaptive_max_pool2d(super().forward(x), size)


def main() -> None:
    """Train the named methods and save what this rank holds."""
    kinds, names = sys.argv[2].split(','), sys.argv[3:]
    torch.set_num_threads(1)
    init_default_scope('mmagic')
    init_dist('pytorch', backend='nccl')
    with frozen_and_precise() if kinds == ['joint'] else nullcontext():
        held = {
            f'{name}/{kind}': train(CASES[name], kind)
            for name in names
            for kind in kinds
        }
    name = f'ranks{get_world_size()}_{get_rank()}.pth'
    torch.save(held, Path(sys.argv[1]) / name)


if __name__ == '__main__':
    main()
