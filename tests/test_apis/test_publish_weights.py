# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""publish_weights: one set of weights, checked, named by its hash."""

import copy
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import EMAHook
from safetensors import safe_open
from torch import Tensor

from mmfacesr.apis import publish_weights as module
from mmfacesr.apis.publish_weights import publish_weights
from mmfacesr.checkpoint import load_weights
from mmfacesr.models.pfsrnet import DistilledFANHead
from mmfacesr.models.sparnet.generator_ema_hook import GeneratorEMAHook
from mmfacesr.version import __version__
from mmfacesr.weights import WeightsError, files
from mmfacesr.weights.files import checksum_in_name, hash_file
from mmfacesr.weights.layouts import with_prefix
from mmfacesr.weights.reading import read_weights_file

# Of few tensors, which is what checking takes its time by.
GENERATOR = dict(type='DistilledFANHead', num_keypoints=4)
CONFIG = Config(
    dict(
        model=dict(type='HeatmapRegressor', generator=GENERATOR),
        data_root='/home/anna/faces',
        lr=1e-4,
        sizes=[16, (32, -1)],
    )
)
PRIVATE = (
    'anna',
    'host7',
    '2026',
    'Adam',
    'exp_avg',
    'generator',
    'discriminator',
)


def state(fill: float) -> dict[str, Tensor]:
    """Weights of a small generator, all of one value."""
    weights = DistilledFANHead(num_keypoints=4).state_dict()
    return {k: torch.full_like(v, fill) for k, v in weights.items()}


def training_checkpoint(**changes: object) -> dict:
    """What a training writes."""
    return (
        dict(
            meta=dict(
                epoch=0,
                iter=150,
                cfg=CONFIG.pretty_text,
                experiment_name='head_x8_20260102_030405',
                time='20260102_030405',
                hostname='host7',
            ),
            state_dict=with_prefix('generator.', state(1))
            | with_prefix('discriminator.discriminator.', state(2))
            | {'step_counter': torch.tensor(150)},
            message_hub=dict(
                log_scalars={}, runtime_info=dict(cfg='/home/anna')
            ),
            optimizer=dict(
                state={0: dict(exp_avg=torch.zeros(3))}, name='Adam'
            ),
        )
        | changes
    )


def with_average(checkpoint: dict, kind: str) -> dict:
    """Add an average of 3 to a checkpoint whose plain weights are 1."""
    weights = checkpoint['state_dict']
    if kind == 'mmagic':
        weights |= with_prefix('generator_ema.', state(3))
    elif kind == 'mmagic-gan':
        weights |= with_prefix('generator_ema.module.', state(3))
        weights['generator_ema.steps'] = torch.tensor(9)
    elif kind == 'ours':
        average = with_prefix('module.', state(3)) | {'steps': torch.tensor(9)}
        checkpoint['ema_state_dict'] = average
        GeneratorEMAHook()._swap_ema_state_dict(checkpoint)
    else:
        average = {
            key: torch.full_like(value, 3) for key, value in weights.items()
        }
        checkpoint['ema_state_dict'] = with_prefix('module.', average)
        EMAHook()._swap_ema_state_dict(checkpoint)
    return checkpoint


@pytest.fixture
def save(tmp_path: Path) -> Callable[[dict], Path]:
    """Save a checkpoint in a folder of its own."""

    def save(checkpoint: dict) -> Path:
        path = tmp_path / 'run/iter_150.pth'
        path.parent.mkdir(exist_ok=True)
        torch.save(checkpoint, path)
        return path

    return save


def value_of(path: Path) -> float:
    """The one value of all weights in a published file, loaded strictly."""
    network = DistilledFANHead(num_keypoints=4)
    load_weights(network, path)
    values = {
        item.item()
        for value in network.state_dict().values()
        for item in value.unique()
    }
    (value,) = values
    return value


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_generator_alone(tmp_path: Path, save: Callable, suffix: str) -> None:
    done = publish_weights(
        save(training_checkpoint()), tmp_path / 'out', suffix=suffix
    )
    assert (done.chosen, done.network, done.unchecked) == (
        'plain',
        'DistilledFANHead',
        '',
    )
    assert os.listdir(tmp_path / 'out') == [done.path.name]
    digits = checksum_in_name(done.path.name).sha256
    assert done.hashes == hash_file(done.path)
    assert done.path.name == f'head_x8-{digits}{suffix}'
    assert len(digits) == 8 and done.hashes.sha256.startswith(digits)
    assert value_of(done.path) == 1
    raw = done.path.read_bytes()
    assert not [text for text in PRIVATE if text.encode() in raw]
    metadata = dict(
        mmfacesr_version=__version__,
        weights='plain',
        network='DistilledFANHead',
        config='head_x8',
        epoch='0',
        iter='150',
    )
    if suffix == '.pth':
        content = read_weights_file(done.path)
        assert content.keys() == {'meta', 'state_dict'}
        assert content['meta'] == metadata
        assert content['state_dict'].keys() == state(1).keys()
    else:
        with safe_open(done.path, 'pt') as file:
            assert file.metadata() == metadata | dict(format='pt')


def test_half_the_size(tmp_path: Path, save: Callable) -> None:
    """Rounded as NumPy rounds; what float16 cannot hold is refused."""
    checkpoint = training_checkpoint()
    weights = checkpoint['state_dict']['generator.conv.weight']
    weights.normal_(generator=torch.Generator().manual_seed(0))
    rounded = weights.numpy().astype(np.float16)
    path = save(checkpoint)
    whole = publish_weights(path, tmp_path / 'whole', suffix='.safetensors')
    done = publish_weights(
        path, tmp_path / 'half', suffix='.safetensors', half=True
    )
    with safe_open(done.path, 'np') as file:
        np.testing.assert_array_equal(file.get_tensor('conv.weight'), rounded)
    network = DistilledFANHead(num_keypoints=4)
    load_weights(network, done.path)
    found = network.state_dict()['conv.weight']
    np.testing.assert_array_equal(found, rounded.astype(np.float32))
    sizes = [item.path.stat().st_size for item in (done, whole)]
    assert sizes[0] < 0.6 * sizes[1]
    weights[0] = 1e5
    with pytest.raises(WeightsError, match=r'conv.weight'):
        publish_weights(save(checkpoint), tmp_path / 'large', half=True)
    assert not (tmp_path / 'large').exists()


def test_counters_may_be_absent(tmp_path: Path, save: Callable) -> None:
    checkpoint = training_checkpoint()
    counters = [k for k in checkpoint['state_dict'] if k.endswith('_tracked')]
    for key in counters:
        del checkpoint['state_dict'][key]
    done = publish_weights(save(checkpoint), tmp_path)
    found = read_weights_file(done.path)['state_dict']
    missing = state(1).keys() - found.keys()
    assert {f'generator.{key}' for key in missing} < set(counters)
    assert len(missing) == 3
    load_weights(DistilledFANHead(num_keypoints=4), done.path)


def test_keys_are_the_network_s_own(tmp_path: Path, save: Callable) -> None:
    weights = with_prefix('generator.module.', state(1))
    done = publish_weights(
        save(training_checkpoint(state_dict=weights)), tmp_path
    )
    found = read_weights_file(done.path)['state_dict']
    assert found.keys() == state(1).keys()


def test_hub_finds_damage_by_the_name(tmp_path: Path, save: Callable) -> None:
    done = publish_weights(save(training_checkpoint()), tmp_path)
    with done.path.open('r+b') as file:
        file.seek(-1, os.SEEK_END)
        file.write(b'x')
    digits = checksum_in_name(done.path.name)
    assert digits.fault(hash_file(done.path))


@pytest.mark.parametrize(
    'kind', ['ours', 'mmengine', 'mmagic', 'mmagic-gan', None]
)
@pytest.mark.parametrize('weights', ['auto', 'plain', 'ema'])
def test_which_weights(
    tmp_path: Path, save: Callable, kind: str | None, weights: str
) -> None:
    checkpoint = training_checkpoint()
    if kind:
        with_average(checkpoint, kind)
    if kind == 'mmagic-gan':  # not even a network can help to find them
        checkpoint['meta'] = {}
    source = save(checkpoint)
    if kind is None and weights == 'ema':
        with pytest.raises(WeightsError, match='ema weights .* found none'):
            publish_weights(source, tmp_path, weights=weights)
        return
    done = publish_weights(source, tmp_path, weights=weights)
    averaged = kind is not None and weights != 'plain'
    assert done.chosen == ('ema' if averaged else 'plain')
    assert value_of(done.path) == (3 if averaged else 1)
    content = read_weights_file(done.path)
    assert content['meta']['weights'] == done.chosen
    assert content['state_dict'].keys() == state(1).keys()


def test_the_same_file_every_time(tmp_path: Path, save: Callable) -> None:
    one = training_checkpoint()
    other = copy.deepcopy(one)
    other['meta'] |= dict(
        time='20270101_000000',
        experiment_name='head_x8_20270101_000000',
        hostname='host8',
    )
    other['optimizer'] = {}
    first = publish_weights(save(one), tmp_path / 'a')
    second = publish_weights(save(other), tmp_path / 'b')
    assert first.path.name == second.path.name
    assert first.path.read_bytes() == second.path.read_bytes()
    with pytest.raises(WeightsError, match='exists'):
        publish_weights(save(one), tmp_path / 'a')
    publish_weights(save(one), tmp_path / 'a', force=True)


@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_a_diverged_training_is_refused(
    tmp_path: Path, save: Callable, value: float
) -> None:
    checkpoint = training_checkpoint()
    checkpoint['state_dict']['generator.conv.bias'][1] = value
    with pytest.raises(WeightsError, match=r'1 tensors \(conv.bias\)'):
        publish_weights(save(checkpoint), tmp_path / 'out')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('where', ['given', 'carried'])
def test_weights_must_fit_the_config(
    tmp_path: Path, save: Callable, where: str
) -> None:
    checkpoint = training_checkpoint()
    other = Config(dict(model=dict(generator=dict(type='DistilledFANHead'))))
    if where == 'carried':
        checkpoint['meta']['cfg'] = other.pretty_text
    cfg = other if where == 'given' else None
    with pytest.raises(WeightsError, match='of another shape'):
        publish_weights(save(checkpoint), tmp_path / 'out', cfg)
    del checkpoint['state_dict']['generator.conv.bias']
    with pytest.raises(WeightsError, match=r'1 missing \(conv.bias'):
        publish_weights(save(checkpoint), tmp_path / 'out', CONFIG)
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize(
    'text, reason',
    [
        (None, 'carries no config'),
        ('import os', 'Import'),
        ("model = dict(generator=dict(type='os.system'))", 'os.system'),
    ],
)
def test_without_a_config_it_says_so(
    tmp_path: Path, save: Callable, text: str | None, reason: str
) -> None:
    checkpoint = training_checkpoint(meta=dict(cfg=text) if text else None)
    done = publish_weights(save(checkpoint), tmp_path)
    assert done.network is None and reason in done.unchecked
    assert done.path.name.startswith('iter_150-')
    assert 'network' not in read_weights_file(done.path)['meta']
    assert value_of(done.path) == 1


@pytest.mark.parametrize(
    'given, wanted', [('my-net', 'my-net'), (None, 'small')]
)
def test_names(
    tmp_path: Path, save: Callable, given: str | None, wanted: str
) -> None:
    path = tmp_path / 'small.py'
    path.write_text(f'model = dict(generator={GENERATOR})')
    cfg = Config.fromfile(path)
    done = publish_weights(
        save(training_checkpoint()), tmp_path, cfg, name=given
    )
    assert done.path.name.startswith(f'{wanted}-')
    assert read_weights_file(done.path)['meta']['config'] == 'small'


@pytest.mark.parametrize('name', ['../x', 'a b', '.x', '-x', 'a/b'])
def test_names_that_are_refused(
    tmp_path: Path, save: Callable, name: str
) -> None:
    with pytest.raises(WeightsError, match='letters, digits'):
        publish_weights(
            save(training_checkpoint()), tmp_path / 'out', name=name
        )


def test_a_strange_run_gives_no_name(tmp_path: Path, save: Callable) -> None:
    checkpoint = training_checkpoint()
    checkpoint['meta']['experiment_name'] = '/home/anna/of host7'
    done = publish_weights(save(checkpoint), tmp_path)
    assert done.path.name.startswith('iter_150-')
    assert b'anna' not in done.path.read_bytes()


@pytest.mark.parametrize(
    'content',
    [
        state(1),
        dict(state_dict=with_prefix('backbone.', state(1))),
        dict(state_dict={}, ema_state_dict={}),
    ],
)
def test_what_is_no_training(
    tmp_path: Path, save: Callable, content: dict
) -> None:
    with pytest.raises(WeightsError, match=r'training checkpoint.*convert.py'):
        publish_weights(save(content), tmp_path / 'out')


def test_a_fault_in_writing_is_found(
    tmp_path: Path, save: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = module.weights_bytes

    def spoiled(weights: dict, *args: object) -> bytes:
        return make(weights | {'conv.bias': torch.zeros(32)}, *args)

    for user in (module, files):
        monkeypatch.setattr(user, 'weights_bytes', spoiled)
    with pytest.raises(WeightsError, match='conv.bias back'):
        publish_weights(save(training_checkpoint()), tmp_path / 'out')
    assert os.listdir(tmp_path / 'out') == []
