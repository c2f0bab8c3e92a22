# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``--amp`` without a GPU."""

from types import ModuleType

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.engine import optim_wrappers
from mmfacesr.engine.optim_wrappers import Bfloat16OptimWrapper, enable_amp
from mmfacesr.registry import OPTIM_WRAPPERS

GONE = 'this mend is no longer needed'


@pytest.fixture
def device(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> str:
    """Pretend that mmengine trains on this device."""
    monkeypatch.setattr(optim_wrappers, 'get_device', lambda: request.param)
    return request.param


def test_fault_of_the_base(unmended: dict[str, str]) -> None:
    assert 'only available' in str(unmended['amp_on_cpu']), GONE


@pytest.mark.parametrize('device', ['cpu'], indirect=True)
def test_computes_in_bfloat16_keeps_float32(device: str) -> None:
    torch.manual_seed(0)
    net = nn.Linear(4, 4)
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='Bfloat16OptimWrapper',
            optimizer=torch.optim.SGD(net.parameters(), lr=1.0),
        )
    )
    start, x = net.weight.detach().clone(), torch.rand(2, 4)
    with wrapper.optim_context(net):
        out = net(x)
    assert out.dtype == torch.bfloat16
    assert net(x).dtype == torch.float32
    wrapper.update_params(out.float().sum())
    assert net.weight.dtype == torch.float32
    # the gradient of a sum is the input, rounded to 8 significant bits
    torch.testing.assert_close(
        start - net.weight, x.sum(0).expand(4, 4), rtol=2**-7, atol=2**-7
    )


def test_state_of_a_scaled_run_is_accepted(toy: ModuleType) -> None:
    net = toy.ToyModel()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.5)
    wrapper = Bfloat16OptimWrapper(optimizer=optimizer)
    state = wrapper.state_dict()
    assert 'loss_scaler' not in state
    state['param_groups'][0]['lr'] = 0.25
    wrapper.load_state_dict({**state, 'loss_scaler': dict(scale=8.0)})
    assert wrapper.get_lr()['lr'] == [0.25]


@pytest.mark.parametrize(
    'device, wanted',
    [('cpu', 'Bfloat16OptimWrapper'), ('cuda', 'AmpOptimWrapper')],
    indirect=['device'],
)
def test_every_wrapper_is_switched(device: str, wanted: str) -> None:
    one = dict(optimizer=dict(type='Adam'))
    single = Config(dict(optim_wrapper=dict(type='OptimWrapper', **one)))
    default = Config(
        dict(
            optim_wrapper=dict(
                constructor='DefaultOptimWrapperConstructor', **one
            )
        )
    )
    multi = Config(
        dict(
            optim_wrapper=dict(
                constructor='MultiOptimWrapperConstructor',
                generator=one,
                discriminator=dict(type=wanted, **one),
            )
        )
    )
    for cfg in (single, default, multi):
        enable_amp(cfg)
    wrappers = [
        single.optim_wrapper,
        default.optim_wrapper,
        multi.optim_wrapper.generator,
        multi.optim_wrapper.discriminator,
    ]
    assert [wrapper.type for wrapper in wrappers] == [wanted] * 4
    scales = [wrapper.get('loss_scale') for wrapper in wrappers]
    assert scales == [None if device == 'cpu' else 'dynamic'] * 4


@pytest.mark.parametrize('device', ['cpu'], indirect=True)
@pytest.mark.parametrize(
    'wrapper, message',
    [
        (dict(type='ApexOptimWrapper', optimizer={}), 'ApexOptimWrapper'),
        (dict(type='AmpOptimWrapper', optimizer={}), 'AmpOptimWrapper'),
        (None, 'training config'),
    ],
)
def test_other_wrappers_are_refused(
    device: str, wrapper: dict, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        enable_amp(Config(dict(optim_wrapper=wrapper)))


@pytest.mark.parametrize('device', ['cpu'], indirect=True)
@pytest.mark.parametrize('native', [True, False])
def test_slow_cpu_is_warned_about(
    device: str, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = []
    monkeypatch.setattr(optim_wrappers, 'has_native_bfloat16', lambda: native)
    monkeypatch.setattr(
        optim_wrappers, 'print_log', lambda text, **_: lines.append(text)
    )
    enable_amp(Config(dict(optim_wrapper=dict(optimizer={}))))
    assert len(lines) == (0 if native else 1)
