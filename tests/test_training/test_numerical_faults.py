# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""NaN and infinity, put wherever they can come from, at every precision.

Each trial trains a tiny network for four iterations, with a checkpoint after
each, and spoils one number in the third.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from mmengine.runner import Runner
from precisions import needs_float16
from torch import Tensor, nn
from torch.utils.data import Dataset

import mmfacesr.models.runtime  # noqa: F401
from mmfacesr.compat.mmagic_base import DataSample
from mmfacesr.engine.hooks import GradientNormHook, TrainingGuardHook
from mmfacesr.engine.module_path import find_module
from mmfacesr.registry import MODELS, OPTIM_WRAPPERS

NAN, INF = float('nan'), float('inf')
SIDE = 8
SPOILED = 2  # iteration, counted from 0
FLOAT16 = pytest.param('float16', marks=needs_float16)


@MODELS.register_module()
class TinyGenerator(nn.Module):
    """Two convolutions; of any method."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(4, 3, 3, padding=1),
        )

    def forward(self, image: Tensor, **progress: object) -> Tensor:
        return self.layers(image)


@MODELS.register_module()
class TinyDiscriminator(TinyGenerator):
    """Scores of places, or one of an image that grows."""

    def forward(self, image: Tensor, **progress: object) -> Tensor:
        scores = self.layers(image).mean(1, keepdim=True)
        return scores.mean((1, 2, 3)) if progress else scores


@OPTIM_WRAPPERS.register_module()
class Float16OnCPU(AmpOptimWrapper):
    """mmengine's, which refuses the CPU, with torch's scaler for it."""

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        OptimWrapper.__init__(self, optimizer)
        self.loss_scaler = torch.amp.GradScaler('cpu', init_scale=2.0**10)
        self._scale_update_param = None

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        with torch.autocast('cpu', dtype=torch.float16):
            yield


WRAPPERS = dict(
    float32='OptimWrapper',
    bfloat16='Bfloat16OptimWrapper',
    float16='Float16OnCPU',
)


class Images(Dataset):
    """Random ones, each its own ground truth at every step."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> dict:
        generator = torch.Generator().manual_seed(index)
        image = 255 * torch.rand(3, SIDE, SIDE, generator=generator)
        sample = DataSample(metainfo=dict(gt_path=f'/faces/{index}.png'))
        sample.set_tensor_data(
            {key: image.clone() for key in ('gt_img', 'gt_x2', 'gt_x4')}
        )
        return dict(inputs=image, data_samples=sample)


def model_of(kind: str) -> dict:
    """Config of a model by the name of its adversarial loss."""
    model = dict(
        generator=dict(type='TinyGenerator'),
        pixel_loss=dict(type='L1Loss', loss_weight=1.0, reduction='mean'),
        data_preprocessor=dict(
            type='DataPreprocessor',
            mean=[127.5] * 3,
            std=[127.5] * 3,
            data_keys=['gt_img', 'gt_x2', 'gt_x4'],
        ),
    )
    if kind == 'pixel':
        return dict(type='BaseEditModel', **model)
    loss, gan_type = kind.split(':')
    model.update(
        discriminator=dict(type='TinyDiscriminator'),
        gan_loss=dict(type=loss, gan_type=gan_type, loss_weight=0.1),
    )
    if gan_type != 'wgan' or loss != 'GANLoss':
        return dict(type='FaceGANRestorer', **model)
    weights = dict(pixel=1, gan=1)
    return dict(
        type='ProgressiveRestorer',
        schedule=[
            dict(size=size, iters=1, loss_weights=weights)
            for size in (SIDE, 2 * SIDE, 4 * SIDE)
        ],
        drift_loss=dict(type='DiscShiftLoss', loss_weight=0.001),
        **model,
    )


KINDS = [
    'pixel',
    # with penalty and drift
    *[f'GANLoss:{k}' for k in ('wgan', 'vanilla', 'lsgan', 'hinge', 'l1')],
    *[
        f'MultiScaleGANLoss:{k}'
        for k in ('hinge', 'vanilla', 'lsgan', 'wgan', 'softwgan')
    ],
]


class SpoilHook(Hook):
    """Puts a value into one place at the third iteration."""

    priority = 'VERY_HIGH'

    def __init__(self, place: str, value: float) -> None:
        self.place, self.value = place, value

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict
    ) -> None:
        if runner.iter == SPOILED:
            what, _, where = self.place.partition(' of ')
            self.handle = getattr(self, what)(runner.model, where, data_batch)

    def after_train_iter(self, runner: Runner, **kwargs: object) -> None:
        if runner.iter == SPOILED and self.handle:
            self.handle.remove()

    def image(self, model: nn.Module, where: str, batch: dict) -> None:
        batch['inputs'][0][0, 3, 3] = self.value

    def target(self, model: nn.Module, where: str, batch: dict) -> None:
        for key in ('gt_img', 'gt_x2', 'gt_x4'):
            batch['data_samples'][0].get(key)[0, 3, 3] = self.value

    def weight(self, model: nn.Module, where: str, batch: dict) -> None:
        parameter = next(find_module(model, where).parameters())
        parameter.data[0, 0, 1, 1] = self.value

    def gradient(self, model: nn.Module, where: str, batch: dict) -> Any:
        parameter = next(find_module(model, where).parameters())
        return parameter.register_hook(lambda gradient: gradient * self.value)

    def loss(self, model: nn.Module, where: str, batch: dict) -> Any:
        return find_module(model, where).register_forward_hook(
            lambda module, inputs, output: output * self.value
        )


PLACES = [
    'image',
    'target',
    'weight of generator',
    'gradient of generator',
    'loss of pixel_loss',
    'weight of discriminator',
    'gradient of discriminator',
    'loss of gan_loss',
]


def places_of(kind: str) -> list[str]:
    return PLACES[:5] if kind == 'pixel' else PLACES


def train(
    work_dir: Path, kind: str, place: str, value: float, precision: str
) -> Runner:
    """Four iterations; the work folder may be one that was used before."""
    wrapper = dict(
        type=WRAPPERS[precision], optimizer=dict(type='Adam', lr=1e-3)
    )
    if kind != 'pixel':
        wrapper = dict(
            constructor='MultiOptimWrapperConstructor',
            generator=wrapper,
            discriminator=wrapper,
        )
    torch.manual_seed(0)
    runner = Runner(
        model_of(kind),
        str(work_dir),
        train_dataloader=dict(
            batch_size=2,
            dataset=Images(),
            sampler=dict(type='InfiniteSampler', shuffle=False),
            num_workers=0,
        ),
        train_cfg=dict(by_epoch=False, max_iters=4),
        optim_wrapper=wrapper,
        default_hooks=dict(
            guard=TrainingGuardHook(),
            gradient_norm=GradientNormHook(),
            checkpoint=dict(
                type='CheckpointHook',
                interval=1,
                by_epoch=False,
                max_keep_ckpts=1,
            ),
        ),
        custom_hooks=[SpoilHook(place, value)],
        default_scope='mmagic',
        log_level='ERROR',
        experiment_name=f'{work_dir.name}',
    )
    runner.train()
    return runner


def outcome(
    work_dir: Path, kind: str, place: str, value: float, precision: str
) -> str:
    """What a trial ended in; nothing where it ended as it should."""
    message = 'trained on'
    try:
        train(work_dir, kind, place, value, precision)
    except ValueError as error:
        message = str(error)
    kept = sorted(path.name for path in work_dir.glob('*.pth'))
    weights = torch.load(work_dir / kept[-1], weights_only=False)['state_dict']
    skipped = precision == 'float16' and place.startswith('gradient')
    wanted, last = (
        ('trained on', 'iter_4.pth')
        if skipped
        else (f'gradients, but in iteration {SPOILED + 1} ', 'iter_2.pth')
    )
    bad = [key for key, v in weights.items() if not v.isfinite().all()]
    if wanted in message and kept == [last] and not bad:
        return ''
    return f'{kind}, {place}, {value}, {precision}: {message}, {kept}, {bad}'


def outcomes(
    record: Callable,
    work_dir: Path,
    kind: str,
    precision: str,
    values: tuple[float, ...],
) -> list[str]:
    """Try every place and value, and record how it went."""
    trials = list(product(places_of(kind), values))
    failed = [
        told
        for i, (place, value) in enumerate(trials)
        if (told := outcome(work_dir / str(i), kind, place, value, precision))
    ]
    record(
        'Numerical health',
        f'NaN or infinity in a training by {precision}',
        len(trials),
        len(trials) - len(failed),
    )
    return failed


def test_it_ends_at_once_and_saves_nothing_bad(
    tmp_path: Path, record_trials: Callable
) -> None:
    kind = 'MultiScaleGANLoss:hinge'
    assert not outcomes(record_trials, tmp_path, kind, 'float32', (NAN,))


@pytest.mark.slow
@pytest.mark.parametrize('precision', ['float32', 'bfloat16', FLOAT16])
@pytest.mark.parametrize('kind', KINDS)
def test_of_every_loss_at_every_precision(
    kind: str, precision: str, tmp_path: Path, record_trials: Callable
) -> None:
    """A step that loss scaling skips is no fault: the training goes on."""
    values = (NAN, INF, -INF)
    assert not outcomes(record_trials, tmp_path, kind, precision, values)
