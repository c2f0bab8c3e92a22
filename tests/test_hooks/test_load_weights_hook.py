# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""`load_from` and `init_cfg`: any layout, all of it or an error."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.model import BaseModel, PretrainedInit
from mmengine.registry import build_from_cfg
from mmengine.runner import Runner
from torch import nn

from mmfacesr.checkpoint import WeightsError, load_start
from mmfacesr.engine.hooks import LoadWeightsHook
from mmfacesr.engine.pretrained_init import StrictPretrainedInit
from mmfacesr.models.dic import DICDiscriminator, DICGenerator
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.models.sparnet.generator_ema_hook import GeneratorEMAHook
from mmfacesr.registry import WEIGHT_INITIALIZERS

SMALL = dict(mid_channels=8, num_blocks=1, hg_mid_channels=16)


class Restorer(BaseModel):
    """A GAN restorer's parts; a buffer counts its steps."""

    def __init__(self, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.generator = DICGenerator(**SMALL)
        self.discriminator = DICDiscriminator()
        self.register_buffer('step_counter', torch.tensor(0))

    def forward(self) -> None:
        """Nothing is run here."""


def theirs(module: nn.Module) -> dict:
    """Weights of a DIC module as its authors name them."""
    return {DIC_AUTHORS.key(k): v for k, v in module.state_dict().items()}


def differing(one: nn.Module, other: nn.Module) -> set[str]:
    """Parts whose weights differ."""
    weights = other.state_dict()
    return {
        key.split('.')[0]
        for key, value in one.state_dict().items()
        if not torch.equal(value, weights[key])
    }


def runner_of(model: nn.Module, resume: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        model=model, _resume=resume, _load_from='iter_1.pth'
    )


def test_both_parts_of_a_gan_are_found() -> None:
    wanted, model = Restorer(), Restorer()
    content = dict(
        netG=theirs(wanted.generator), netD=theirs(wanted.discriminator)
    )
    assert load_start(model, content).layout == 'dic-authors'
    assert not differing(model, wanted)


def test_missing_discriminator_starts_anew(
    capsys: pytest.CaptureFixture,
) -> None:
    wanted, model = Restorer(), Restorer()
    load_start(model, dict(state_dict=theirs(wanted.generator)))
    assert differing(model, wanted) == {'discriminator'}
    assert 'no discriminator: it starts anew' in capsys.readouterr().out


def test_counters_start_anew() -> None:
    wanted, model = Restorer(), Restorer()
    wanted.step_counter += 7
    load_start(model, dict(state_dict=wanted.state_dict()))
    assert differing(model, wanted) == {'step_counter'}


def test_without_the_generator_nothing_is_loaded() -> None:
    wanted, model, before = Restorer(), Restorer(), Restorer()
    before.load_state_dict(model.state_dict())
    content = dict(netD=theirs(wanted.discriminator))
    with pytest.raises(WeightsError, match='weights of a DICGenerator'):
        load_start(model, content)
    assert not differing(model, before)


def test_runner_starts_from_the_authors_file(tmp_path: Path) -> None:
    """Through mmengine's own loading, as `load_from` goes."""
    wanted, model = Restorer(), Restorer()
    torch.save(theirs(wanted.generator), tmp_path / 'authors.pth')
    runner = Runner(
        model,
        str(tmp_path),
        default_hooks=dict(weights=LoadWeightsHook()),
        load_from=str(tmp_path / 'authors.pth'),
        experiment_name='start',
    )
    runner.load_or_resume()
    assert differing(model, wanted) == {'discriminator'}


def test_an_average_starts_from_the_loaded_weights(tmp_path: Path) -> None:
    wanted = Restorer()
    torch.save(theirs(wanted.generator), tmp_path / 'authors.pth')
    average = GeneratorEMAHook()
    runner = Runner(
        Restorer(),
        str(tmp_path),
        default_hooks=dict(weights=LoadWeightsHook()),
        custom_hooks=[average],
        load_from=str(tmp_path / 'authors.pth'),
        experiment_name='average',
    )
    average.before_run(runner)
    runner.load_or_resume()
    assert not differing(average.ema_model.module, wanted.generator)


def test_file_of_another_network_is_refused() -> None:
    model = Restorer()
    with pytest.raises(WeightsError, match='weights of a DICGenerator'):
        LoadWeightsHook().after_load_checkpoint(
            runner_of(model), dict(state_dict=nn.Linear(2, 2).state_dict())
        )


def test_resume_wants_every_weight() -> None:
    model, hook = Restorer(), LoadWeightsHook()
    runner = runner_of(model, resume=True)
    checkpoint = dict(
        state_dict=model.state_dict(),
        optimizer={},
        message_hub={},
        meta=dict(iter=1, epoch=0),
    )
    whole = dict(checkpoint)
    hook.after_load_checkpoint(runner, checkpoint)
    assert checkpoint == whole, 'left as it is'
    del checkpoint['state_dict']['step_counter']
    with pytest.raises(WeightsError, match=r'1 missing \(step_counter\)'):
        hook.after_load_checkpoint(runner, checkpoint)


def test_no_resume_of_a_diverged_training() -> None:
    model, hook = Restorer(), LoadWeightsHook()
    checkpoint = dict(
        state_dict=model.state_dict(),
        optimizer={},
        message_hub={},
        meta=dict(iter=1, epoch=0),
    )
    hook.after_load_checkpoint(runner_of(model, resume=True), checkpoint)
    checkpoint['state_dict']['generator.conv_first.0.bias'][0] = torch.nan
    with pytest.raises(WeightsError, match='generator.conv_first.0.bias'):
        hook.after_load_checkpoint(runner_of(model, resume=True), checkpoint)


def test_init_cfg_takes_any_layout(tmp_path: Path) -> None:
    wanted = Restorer()
    path = tmp_path / 'authors.pth'
    torch.save(dict(netG=theirs(wanted.generator)), path)
    model = Restorer(dict(type='Pretrained', checkpoint=str(path)))
    model.init_weights()
    assert differing(model, wanted) == {'discriminator'}
    model = Restorer(
        dict(type='Pretrained', checkpoint=str(path), prefix='netG')
    )
    with pytest.raises(ValueError, match="no prefix .* got 'netG'"):
        model.init_weights()


def test_init_cfg_of_others_is_left_alone(tmp_path: Path) -> None:
    layer = nn.Linear(2, 2)
    torch.save(dict(bias=torch.ones(2)), tmp_path / 'part.pth')
    cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'part.pth'))
    init = build_from_cfg(cfg, WEIGHT_INITIALIZERS)
    assert isinstance(init, StrictPretrainedInit)
    assert isinstance(init, PretrainedInit)
    weight = layer.weight.clone()
    init(layer)
    assert torch.equal(layer.bias, torch.ones(2)), 'not strict, as ever'
    assert torch.equal(layer.weight, weight)
