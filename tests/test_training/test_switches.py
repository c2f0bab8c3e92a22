# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Switches of a training leave its losses as they are, for every method.

Narrow networks take a few steps from equal weights on equal batches: what is
compared is arithmetic, not learning.
"""

import copy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from short_configs import KINDS, narrowed, shortened
from torch.torch_version import TorchVersion

from mmfacesr.apis.sheets import build_dataset
from mmfacesr.engine import optim_wrappers
from mmfacesr.engine.hooks import ChannelsLastHook
from mmfacesr.engine.hooks.compile_hook import compile_training
from mmfacesr.engine.optim_wrappers import (
    adapt_states,
    enable_amp,
    fuse_optimizers,
)

QUICK = ('dic_gan', 'pfsrnet', 'sparnet_light-attn3d-x8_1xb32')
STEPS = 3
LEARNING_RATE = 1e-4
# Largest difference of a loss, over the sum of its step's losses. Adam's first
# steps go by signs, also of gradients that are rounding; bfloat16 has 8 bits.
FLOAT32, BFLOAT16 = 2e-3, 5e-2
OF_PHASES = 1e-2  # in float32: those of weak bins turn fast
EXACT = 'channels_last', 'fused_optimizer', 'with_cp'
IS_OLD = torch.__version__ < '2.4'
needs_new_torch = pytest.mark.skipif(
    IS_OLD, reason='torch before 2.4 compiles few networks, fuses on no CPU'
)
WITHOUT_CHECKPOINTS = {'DistilledFANHead': 'four layers: nothing to save'}


@pytest.fixture
def read(faces_root: Path, tmp_path: Path, shrink: Callable) -> Callable:
    """Read a config in small, with some switches on."""

    def read(path: Path, *switches: str) -> Config:
        cfg = shortened(path, faces_root, tmp_path, 'switches')
        cfg = narrowed(shrink(cfg))
        cfg.train_dataloader.dataset.pop('indices', None)
        slow_down(cfg.optim_wrapper)
        if 'amp' in switches:
            enable_amp(cfg)
        if 'fused_optimizer' in switches:
            fuse_optimizers(cfg)
        if 'with_cp' in switches:
            cfg.model.generator.with_cp = True
        return cfg

    return read


def slow_down(wrapper: dict) -> None:
    """Give all optimizers a small learning rate."""
    if 'optimizer' in wrapper:
        wrapper['optimizer']['lr'] = LEARNING_RATE
        return
    for one in wrapper.values():
        if isinstance(one, dict):
            slow_down(one)


def losses_of(
    cfg: Config, batches: list[dict], *switches: str
) -> list[dict[str, float]]:
    """Losses of some training steps, and whether weights stay finite."""
    torch.manual_seed(0)
    model = MODELS.build(cfg.model).train()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    if 'channels_last' in switches:
        ChannelsLastHook().before_run(SimpleNamespace(model=model))
    if 'compile' in switches:
        compile_training(model.generator, backend='eager')
    logs = [
        model.train_step(copy.deepcopy(batch), wrapper) for batch in batches
    ]
    assert all(value.isfinite().all() for value in model.state_dict().values())
    return [
        {k: v.item() for k, v in log.items() if k.startswith('loss')}
        for log in logs
    ]


def batches_of(cfg: Config) -> list[dict]:
    """Two faces for each step."""
    dataset = build_dataset(cfg, 'train')
    np.random.seed(0)
    return [
        pseudo_collate([dataset[index] for index in (0, 1)])
        for _ in range(STEPS)
    ]


def difference(found: list[dict], wanted: list[dict]) -> float:
    """Largest difference of two loss curves; see ``FLOAT32``."""
    assert [step.keys() for step in found] == [s.keys() for s in wanted]
    return max(
        abs(step[key] - plain[key]) / sum(map(abs, plain.values()))
        for step, plain in zip(found, wanted)
        for key in plain
    )


@pytest.mark.parametrize(
    'path',
    [
        path
        if path.stem.startswith(QUICK)
        else pytest.param(path, marks=pytest.mark.slow)
        for path in KINDS
    ],
    ids=lambda path: path.stem,
)
def test_loss_curves(path: Path, read: Callable) -> None:
    init_default_scope('mmagic')
    cfg = read(path)
    batches = batches_of(cfg)
    plain = losses_of(cfg, batches)
    assert all(sum(map(abs, step.values())) > 0 for step in plain)
    exact = set(EXACT)
    if cfg.model.generator.type in WITHOUT_CHECKPOINTS:
        exact.remove('with_cp')
    if IS_OLD:
        exact.remove('fused_optimizer')
    found = losses_of(read(path, *exact), batches, *exact)
    has_phases = 'spectral_loss' in cfg.model
    assert difference(found, plain) < (OF_PHASES if has_phases else FLOAT32)
    rounded = losses_of(read(path, 'amp', *exact), batches, *exact)
    assert difference(rounded, plain) < BFLOAT16
    assert rounded != found, 'nothing was rounded'


@pytest.mark.slow
@needs_new_torch
@pytest.mark.parametrize('path', KINDS, ids=lambda path: path.stem)
def test_loss_curves_of_compiled_networks(path: Path, read: Callable) -> None:
    """Traced by torch.compile; kernels, which need a compiler, are not."""
    init_default_scope('mmagic')
    cfg = read(path)
    batches = batches_of(cfg)
    found = losses_of(cfg, batches, 'compile')
    assert difference(found, losses_of(cfg, batches)) < FLOAT32


def small_config(work_dir: Path, read: Callable, *switches: str) -> Config:
    """Two iterations of a narrow network, as `tools/train.py` runs them."""
    path = KINDS[0]
    cfg = read(path, *switches)
    cfg.work_dir = str(work_dir)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.default_hooks.checkpoint.by_epoch = False
    cfg.param_scheduler = []
    return cfg


@needs_new_torch
def test_a_resumed_training_may_change_its_switches(
    tmp_path: Path, read: Callable
) -> None:
    """One step with switches and one without equal two plain steps."""

    def train(folder: str, start: Path | None, *switches: str) -> dict:
        cfg = small_config(tmp_path / folder, read, *switches)
        cfg.compile = dict(backend='eager') if 'compile' in switches else False
        if 'channels_last' in switches:
            cfg.custom_hooks.append(dict(type='ChannelsLastHook'))
        if start:
            cfg.resume, cfg.load_from = True, str(start)
        runner = Runner.from_cfg(cfg)
        runner.train()
        group = runner.optim_wrapper.optimizer.param_groups[0]
        assert bool(group['fused']) == ('fused_optimizer' in switches)
        return torch.load(tmp_path / folder / 'iter_2.pth', weights_only=True)[
            'state_dict'
        ]

    all_switches = 'channels_last', 'fused_optimizer', 'compile'
    plain = train('plain', None)
    switched = train('switched', None, *all_switches)
    off = train('off', tmp_path / 'switched/iter_1.pth')
    on = train('on', tmp_path / 'plain/iter_1.pth', *all_switches)
    for found in (switched, off, on):
        assert list(found) == list(plain)
        for key, value in plain.items():
            torch.testing.assert_close(
                found[key], value, atol=1e-4, rtol=1e-3, msg=key
            )


def adam(weight: torch.Tensor, layout: torch.memory_format) -> tuple:
    """A weight with a gradient, and its fused optimizer."""
    parameter = torch.nn.Parameter(weight.contiguous(memory_format=layout))
    parameter.grad = torch.ones_like(parameter) * parameter.detach()
    wrapper = build_optim_wrapper(
        torch.nn.ParameterList([parameter]),
        dict(optimizer=dict(type='Adam', lr=0.1, fused=True)),
    )
    return parameter, wrapper


@needs_new_torch
def test_states_of_another_layout_are_adapted() -> None:
    """A fused step reads memory in order, whatever the strides say."""
    torch.manual_seed(0)
    weight = torch.randn(4, 6, 3, 3)
    plain, wrapper = adam(weight, torch.contiguous_format)
    wrapper.optimizer.step()
    state = wrapper.state_dict()
    other, resumed = adam(plain.detach(), torch.channels_last)
    other.grad.copy_(plain.grad)
    resumed.load_state_dict(copy.deepcopy(state))
    adapt_states(resumed)
    for one in (wrapper, resumed):
        one.optimizer.step()
    assert other.stride() != plain.stride()
    torch.testing.assert_close(other, plain, atol=1e-6, rtol=1e-6)


@needs_new_torch
def test_compile_and_checkpoints_exclude_each_other(
    tmp_path: Path, read: Callable
) -> None:
    cfg = small_config(tmp_path, read, 'with_cp')
    cfg.compile = True
    with pytest.raises(ValueError, match='compile=True or with_cp=True'):
        Runner.from_cfg(cfg).train()


@needs_new_torch
def test_an_optimizer_that_cannot_be_fused_is_named() -> None:
    cfg = Config(dict(optim_wrapper=dict(optimizer=dict(type='RMSprop'))))
    with pytest.raises(ValueError, match='optim_wrapper.optimizer.*RMSprop'):
        fuse_optimizers(cfg)


@pytest.mark.parametrize('switch', ['compile', 'fused_optimizer'])
def test_what_an_older_torch_cannot_is_refused(
    switch: str, tmp_path: Path, read: Callable, monkeypatch
) -> None:
    monkeypatch.setattr(torch, '__version__', TorchVersion('2.1.2'))
    monkeypatch.setattr(optim_wrappers, 'get_device', lambda: 'cpu')
    with pytest.raises(ValueError, match=f'2.4 or newer for {switch}=True'):
        cfg = small_config(tmp_path, read, switch)
        cfg.compile = True
        Runner.from_cfg(cfg).train()


def test_compiled_in_training_alone() -> None:
    calls = []
    network = torch.nn.Linear(2, 2)
    keys = list(network.state_dict())

    def backend(graph: torch.fx.GraphModule, _: list) -> Callable:
        calls.append(graph)
        return graph.forward

    compile_training(network, backend=backend)
    x = torch.randn(1, 2)
    evaluated = network.eval()(x)
    assert not calls
    assert torch.equal(network.train()(x), evaluated) and calls
    assert list(network.state_dict()) == keys
