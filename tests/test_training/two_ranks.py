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
of how much the images of a batch differ. What the hooks saw of the losses is
saved too.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import torch
from mmengine.config import ConfigDict
from mmengine.dist import get_rank, get_world_size, init_dist
from mmengine.hooks import Hook, SyncBuffersHook
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

import mmfacesr.models.runtime  # noqa: F401  registers and mends
from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.models.pfsrnet import discriminator

LOSSES = dict(
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    align_loss=dict(type='MSELoss', loss_weight=0.1),
    data_preprocessor=dict(
        type='DataPreprocessor', mean=[129.795, 108.12, 96.39], std=[255] * 3
    ),
)
ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
SLOW_ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-4))
SGD = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-2))
DIC = dict(
    type='DICGenerator',
    mid_channels=8,
    num_blocks=1,
    num_steps=2,
    hg_mid_channels=16,
)
SPARNET = dict(type='SPARNet', min_ch=4, max_ch=8, res_depth=1)
SEPARATE = dict(type='MMSeparateDistributedDataParallel')
PARTLY_USED = dict(find_unused_parameters=True, **SEPARATE)
GROWING = dict(
    type='ProgressiveRestorer',
    generator=dict(type='PFSRNet', mid_channels=32),
    pixel_loss=dict(type='L1Loss', loss_weight=1.0),
    # Without weights of the head attention comes from the samples.
    landmark_guidance=dict(
        head=dict(type='DistilledFANHead'),
        attention_loss=dict(type='FacialAttentionLoss'),
        heatmap_loss=dict(type='HeatmapLoss'),
    ),
    data_preprocessor=dict(
        type='DataPreprocessor',
        mean=[127.5] * 3,
        std=[127.5] * 3,
        data_keys=['gt_img', 'gt_x4', 'gt_x2'],
    ),
)


def both(wrapper: dict) -> dict:
    """The optimizers of a generator and a discriminator."""
    return dict(
        constructor='MultiOptimWrapperConstructor',
        generator=wrapper,
        discriminator=wrapper,
    )


def growth(*losses: str, iters: int = 1) -> list[dict]:
    """A schedule whose iterations, 4 * iters, see all steps and a fade-in.

    With iters of 1: step 1, step 2, step 3 with alpha 0 and with alpha 1/2.
    """
    weights = dict.fromkeys(losses, 1.0)
    last = dict(iters=2 * iters, fade_iters=2 * iters)
    return [
        dict(size=32, iters=iters, loss_weights=weights),
        dict(size=64, iters=iters, loss_weights=weights),
        dict(size=128, loss_weights=weights, **last),
    ]


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
CASES = dict(
    dic=dict(
        model=dict(type='DICRestorer', generator=DIC, **LOSSES),
        optim_wrapper=ADAM,
        sides=(16, 128),
    ),
    dic_gan=dict(
        model=dict(
            type='DICGANRestorer',
            generator=DIC,
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
        optim_wrapper=both(ADAM),
        wrapper=SEPARATE,
        sides=(16, 128),
    ),
    sparnet=dict(
        model=dict(
            type='BaseEditModel',
            generator=SPARNET,
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=SGD,
        joint_optim=ADAM,  # gradients are small without statistics
        sides=(64, 64),
    ),
    sparnet_hd=dict(
        model=dict(
            type='FaceGANRestorer',
            generator=dict(norm_type='in', spectral_norm=True, **SPARNET),
            discriminator=dict(
                type='SPARNetDiscriminator',
                base_ch=4,
                max_ch=8,
                num_scales=2,
            ),
            pixel_loss=dict(type='L1Loss', loss_weight=100.0),
            feature_matching_loss=dict(type='FeatureMatchingLoss'),
            gan_loss=dict(type='MultiScaleGANLoss', gan_type='hinge'),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=both(SGD),
        joint_optim=both(SLOW_ADAM),  # SGD's rate amplifies 1e-16 to 1
        wrapper=SEPARATE,
        sides=(72, 72),
    ),
    pfsrnet=dict(
        model=dict(
            discriminator=dict(type='PFSRNetDiscriminator', mid_channels=32),
            gan_loss=dict(type='GANLoss', gan_type='wgan', loss_weight=1.0),
            drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
            penalty_weight=10.0,
            schedule=growth('pixel', 'gan', 'attention'),
            **GROWING,
        ),
        # Each rank draws places of its own for the gradient penalty, on equal
        # batches too: two ranks look at two places where one process looks
        # at one. Without it their sum has to be what one process gets; that
        # its gradients reach all ranks is seen on batches of their own.
        same=dict(penalty_weight=0.0),
        joint=dict(schedule=growth('pixel', 'gan', 'attention', iters=5)),
        optim_wrapper=both(ADAM),
        wrapper=PARTLY_USED,
        sides=(16, 128),
        iterations=4,
    ),
    pfsrnet_pixel=dict(
        model=dict(schedule=growth('pixel', 'attention'), **GROWING),
        joint=dict(schedule=growth('pixel', 'attention', iters=5)),
        optim_wrapper=dict(
            constructor='MultiOptimWrapperConstructor', generator=ADAM
        ),
        wrapper=PARTLY_USED,
        sides=(16, 128),
        iterations=4,
    ),
    distilled_fan=dict(
        model=dict(
            type='HeatmapRegressor',
            generator=dict(type='DistilledFANHead', mid_channels=16),
            pixel_loss=dict(type='ForegroundMSELoss', foreground_weight=50.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(32, 32),
    ),
    elsface=dict(
        model=dict(
            type='FaceRestorer',
            generator=dict(
                type='ELSFaceNet',
                lr_size=16,
                mid_channels=8,
                num_heads=2,
                window_size=4,
            ),
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            extra_losses=dict(sharp=dict(type='SharpLoss', loss_weight=0.05)),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[0] * 3, std=[255] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(16, 64),
    ),
    wfen=dict(
        model=dict(
            type='BaseEditModel',
            generator=dict(type='WFEN', mid_channels=8, num_blocks=1),
            pixel_loss=dict(type='L1Loss', loss_weight=1.0),
            data_preprocessor=dict(
                type='DataPreprocessor', mean=[127.5] * 3, std=[127.5] * 3
            ),
        ),
        optim_wrapper=ADAM,
        sides=(64, 64),
    ),
)


def batch(seed: int, sides: tuple[int, int]) -> dict:
    """One input and HR image of noise, also reduced, with heatmaps."""
    draw = torch.Generator().manual_seed(seed)
    lr, hr = sides
    gt = torch.randint(0, 256, (3, hr, hr), generator=draw)
    heatmap = torch.rand(68, 32, 32, generator=draw)
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
    for step in range(count):
        data = batch_of(kind, step, case['sides'])
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
    """Compute in float64, and let a discriminator see one image at a time.

    Adam amplifies float32 where gradients are as small as rounding.
    """
    torch.set_default_dtype(torch.float64)
    with (
        mock.patch.object(Tensor, 'float', Tensor.double),
        mock.patch.object(discriminator, 'batch_deviation', no_deviation),
    ):
        yield


def no_deviation(image: Tensor) -> Tensor:
    """What the discriminator would find in a single image."""
    return image.new_zeros(())


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
