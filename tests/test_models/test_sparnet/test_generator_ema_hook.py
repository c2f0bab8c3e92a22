# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The averaged generator, its spectral norms and its place in checkpoints."""

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.sparnet import SPARNet
from mmfacesr.models.sparnet.generator_ema_hook import GeneratorEMAHook
from mmfacesr.models.sparnet.spectral_norm import SpectralNormConv2d

SMALL = dict(
    min_ch=4, max_ch=8, res_depth=1, norm_type='in', spectral_norm=True
)
NUM_STEPS = 4


class Model(nn.Module):
    """A generator beside a part that is not averaged."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = SPARNet(**SMALL)
        self.discriminator = nn.Linear(2, 2)


def runner_of(model: nn.Module, resume: bool = False) -> SimpleNamespace:
    return SimpleNamespace(model=model, iter=0, _resume=resume)


def change(model: Model) -> None:
    """What a training step does to weights and vectors."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        model.generator.train()(torch.randn(1, 3, 48, 48))


def trained() -> tuple[Model, GeneratorEMAHook, list[dict]]:
    """A model after some steps, its hook and the weights of every step."""
    torch.manual_seed(0)
    model, hook = Model(), GeneratorEMAHook(momentum=0.3)
    runner, history = runner_of(model), []
    hook.before_run(runner)
    for _ in range(NUM_STEPS):
        change(model)
        hook.after_train_iter(runner, 0)
        history.append(copy.deepcopy(model.generator.state_dict()))
    return model, hook, history


def layers(network: nn.Module) -> list[SpectralNormConv2d]:
    return [m for m in network.modules() if isinstance(m, SpectralNormConv2d)]


def test_average_by_hand() -> None:
    _, hook, history = trained()
    for name, found in hook.ema_model.module.named_parameters():
        wanted = history[0][name]
        for weights in history[1:]:
            wanted = 0.7 * wanted + 0.3 * weights[name]
        torch.testing.assert_close(found, wanted, msg=name)


def test_spectral_norms_are_those_of_the_averaged_weights() -> None:
    model, hook, history = trained()
    for name, layer in hook.ema_model.module.named_modules():
        if not isinstance(layer, SpectralNormConv2d):
            continue
        assert layer.weight_u.norm() == pytest.approx(1, abs=1e-5)
        assert layer.weight_v.norm() == pytest.approx(1, abs=1e-5)
        norm = torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        assert 1 <= norm.item() + 1e-5 < 1.35, name
    # Averaging alone, as mmengine does it, shortens the vectors.
    average = sum(weights['encoder.0.conv2d.weight_u'] for weights in history)
    assert (average / NUM_STEPS).norm() < 0.99


def test_validation_sees_the_average_and_training_goes_on() -> None:
    model, hook, history = trained()
    runner = runner_of(model)
    average = copy.deepcopy(hook.ema_model.module.state_dict())
    discriminator = model.discriminator.weight.clone()
    hook.before_val_epoch(runner)
    for key, value in model.generator.state_dict().items():
        assert torch.equal(value, average[key]), key
    hook.after_val_epoch(runner)
    for key, value in model.generator.state_dict().items():
        assert torch.equal(value, history[-1][key]), key
    assert torch.equal(model.discriminator.weight, discriminator)


def saved(model: Model, hook: GeneratorEMAHook) -> dict:
    """A checkpoint as the runner makes it."""
    checkpoint = dict(state_dict=copy.deepcopy(model.state_dict()))
    hook.before_save_checkpoint(runner_of(model), checkpoint)
    return copy.deepcopy(checkpoint)


def test_checkpoint_holds_the_average_as_its_weights() -> None:
    model, hook, _ = trained()
    checkpoint = saved(model, hook)
    network = SPARNet(**SMALL)
    load_weights(network, checkpoint)
    for key, value in hook.ema_model.module.state_dict().items():
        assert torch.equal(network.state_dict()[key], value), key
    assert torch.equal(
        checkpoint['state_dict']['discriminator.weight'],
        model.discriminator.weight,
    )


def test_resumed_equals_uninterrupted() -> None:
    model, hook, history = trained()
    again, other = Model(), GeneratorEMAHook(momentum=0.3)
    runner = runner_of(again, resume=True)
    checkpoint = saved(model, hook)
    other.before_run(runner)
    other.after_load_checkpoint(runner, checkpoint)
    again.load_state_dict(checkpoint['state_dict'])
    for key, value in again.generator.state_dict().items():
        assert torch.equal(value, history[-1][key]), key
    for each_model, each_hook in ((model, hook), (again, other)):
        torch.manual_seed(1)
        change(each_model)
        each_hook.after_train_iter(runner_of(each_model), 0)
    theirs = other.ema_model.state_dict()
    for key, value in hook.ema_model.state_dict().items():
        assert torch.equal(value, theirs[key]), key


def test_average_starts_from_loaded_weights() -> None:
    model, hook, _ = trained()
    again, other = Model(), GeneratorEMAHook(momentum=0.3)
    runner = runner_of(again)
    other.before_run(runner)
    other.after_load_checkpoint(runner, saved(model, hook))
    for key, value in hook.ema_model.module.state_dict().items():
        assert torch.equal(other.ema_model.module.state_dict()[key], value)
