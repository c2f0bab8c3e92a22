# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The gradient norm in the log is the right one, and changes nothing."""

from pathlib import Path
from typing import Any

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.optim import AmpOptimWrapper, OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmfacesr.compat.mends import mend
from mmfacesr.engine.hooks import GradientNormHook, TrainingGuardHook
from mmfacesr.engine.hooks.gradient_norm_hook import MOST_SKIPPED
from mmfacesr.engine.optim_wrappers import Bfloat16OptimWrapper

SLOPES = (3.0, 4.0, 6.0, 8.0)
pytestmark = pytest.mark.filterwarnings('error:Seems like')
NEEDS_SCALER = pytest.mark.skipif(
    not hasattr(torch.amp, 'GradScaler'), reason='no loss scaling on the CPU'
)


class Slopes(Dataset):
    """One number an image, which the model's gradient is made of."""

    def __init__(self, values: tuple[float, ...] = SLOPES) -> None:
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.tensor([float(self.values[index])]))


class Model(BaseModel):
    """Gradients (3x, 4x) for the first weights, 12x for the second: 5x, 12x.

    A gradient that is not finite comes of a finite loss.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Parameter(torch.ones(2))
        self.second = nn.Parameter(torch.ones(1))

    def forward(
        self, inputs: list, mode: str = 'tensor', **kwargs: object
    ) -> dict[str, Tensor]:
        slopes = torch.stack(inputs).mean() * torch.tensor([3.0, 4.0, 12.0])
        weights = torch.cat([self.first, self.second])
        weights.register_hook(slopes.__mul__)
        return dict(loss=weights.sum())


class TwoOptimizers(Model):
    """One optimizer for each."""

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapperDict
    ) -> dict[str, Tensor]:
        loss = self(**self.data_preprocessor(data, True))['loss']
        optim_wrapper['generator'].backward(loss, retain_graph=True)
        optim_wrapper['generator'].step()
        optim_wrapper['discriminator'].step()
        for wrapper in optim_wrapper.values():
            wrapper.zero_grad()
        return dict(loss_gan=loss)


class ScaledOptimWrapper(AmpOptimWrapper):
    """mmengine's, with torch's loss scaler for the CPU."""

    def __init__(self, **settings: Any) -> None:
        OptimWrapper.__init__(self, **settings)
        self.loss_scaler = torch.amp.GradScaler('cpu')
        self._scale_update_param = None
        self.cast_dtype = torch.bfloat16  # mmengine has no other on the CPU


def train(
    work_dir: Path,
    model: BaseModel,
    wrapper: OptimWrapper | OptimWrapperDict,
    slopes: tuple[float, ...] = SLOPES,
    measure: bool = True,
    iterations: int = len(SLOPES),
) -> Runner:
    """One image an iteration, in order; a checkpoint after each."""
    mend()
    hooks = dict(guard=TrainingGuardHook())
    if measure:
        hooks['gradient_norm'] = GradientNormHook()
    runner = Runner(
        model,
        str(work_dir),
        train_dataloader=dict(
            batch_size=1,
            dataset=Slopes(slopes),
            sampler=dict(type='InfiniteSampler', shuffle=False),
            num_workers=0,
        ),
        train_cfg=dict(by_epoch=False, max_iters=iterations),
        optim_wrapper=wrapper,
        param_scheduler=dict(type='ConstantLR', factor=1.0, by_epoch=False),
        default_hooks=dict(
            **hooks,
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(
                type='CheckpointHook',
                interval=1,
                by_epoch=False,
                max_keep_ckpts=1,
            ),
        ),
        log_processor=dict(window_size=1, by_epoch=False),
        default_scope='mmengine',
        experiment_name=f'{work_dir.name}_{measure}',
    )
    runner.train()
    return runner


def norms(runner: Runner, name: str = 'grad_norm') -> list[float]:
    return runner.message_hub.get_scalar(f'train/{name}').data[0].tolist()


def wrapped(
    kind: type, model: Model, clip: dict | None = None, **settings: Any
) -> OptimWrapper:
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1, **settings)
    return kind(optimizer=optimizer, clip_grad=clip)


@pytest.mark.parametrize(
    'kind, clip, fused',
    [
        (OptimWrapper, 'none', False),
        (OptimWrapper, 'norm', False),
        (OptimWrapper, 'value', True),
        (Bfloat16OptimWrapper, 'norm', False),
        pytest.param(ScaledOptimWrapper, 'none', True, marks=NEEDS_SCALER),
        pytest.param(ScaledOptimWrapper, 'norm', False, marks=NEEDS_SCALER),
    ],
)
def test_norm_is_that_before_clipping_and_scaling(
    kind: type, clip: str, fused: bool, tmp_path: Path
) -> None:
    """By hand: sqrt(3**2 + 4**2 + 12**2) = 13 times the slope.

    Nothing that is trained differs from a training without the hook.
    """
    clips = dict(
        none=None,
        norm=dict(max_norm=1.0),
        value=dict(type='value', clip_value=1.0),
    )
    weights = []
    for measure in (True, False):
        model = Model()
        wrapper = wrapped(
            kind,
            model,
            clips[clip] and dict(clips[clip]),
            **(dict(fused=True) if fused else {}),
        )
        runner = train(tmp_path, model, wrapper, measure=measure)
        weights.append(torch.cat([model.first, model.second]))
        if measure:
            assert norms(runner) == pytest.approx([13 * x for x in SLOPES])
    assert torch.equal(*weights) and not torch.equal(weights[0], torch.ones(3))


def test_each_optimizer_has_its_own(tmp_path: Path) -> None:
    model = TwoOptimizers()
    optimizers = dict(
        generator=torch.optim.SGD([model.first], lr=0.1),
        discriminator=torch.optim.SGD([model.second], lr=0.1),
    )
    wrappers = {
        name: OptimWrapper(optimizer=optimizer, clip_grad=dict(max_norm=1.0))
        for name, optimizer in optimizers.items()
    }
    runner = train(tmp_path, model, OptimWrapperDict(**wrappers))
    assert norms(runner, 'generator.grad_norm') == [5 * x for x in SLOPES]
    assert norms(runner, 'discriminator.grad_norm') == [12 * x for x in SLOPES]
    logged = runner.message_hub.log_scalars
    assert 'train/grad_norm' not in logged and 'train/generator.lr' in logged
    (log,) = tmp_path.glob('*/*.log')
    assert 'generator.grad_norm: 40.0000' in log.read_text()


@pytest.mark.parametrize('bad', [float('nan'), float('inf')])
def test_bad_gradient_of_a_finite_loss_ends_the_training(
    bad: float, tmp_path: Path
) -> None:
    """Before anything is saved, and not at the next save only."""
    model = Model()
    with pytest.raises(ValueError, match='in iteration 4 grad_norm is') as end:
        train(tmp_path, model, wrapped(OptimWrapper, model), (1, 2, 3, bad))
    assert f'The last values of grad_norm: 13, 26, 39, {bad:.3g}' in str(
        end.value
    )
    (kept,) = tmp_path.glob('*.pth')
    weights = torch.load(kept, weights_only=False)['state_dict']
    assert kept.name == 'iter_3.pth'
    assert all(value.isfinite().all() for value in weights.values())


@NEEDS_SCALER
def test_skipped_step_is_no_fault(tmp_path: Path) -> None:
    model = Model()
    wrapper = wrapped(ScaledOptimWrapper, model)
    runner = train(tmp_path, model, wrapper, (1, float('inf'), 2, 3))
    assert norms(runner) == pytest.approx([13, 26, 39])
    assert runner.iter == 4 and wrapper.loss_scaler.get_scale() == 2.0**15
    assert model.first.isfinite().all()


@NEEDS_SCALER
def test_training_that_skips_every_step_ends(tmp_path: Path) -> None:
    model = Model()
    wrapper = wrapped(ScaledOptimWrapper, model)
    with pytest.raises(
        ValueError, match='last 40 iterations, up to iter'
    ) as e:
        train(tmp_path, model, wrapper, (float('nan'),), iterations=99)
    assert f'iteration {MOST_SKIPPED}, whatever' in str(e.value)
    assert model.first.tolist() == [1.0, 1.0]
