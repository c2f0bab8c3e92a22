# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""load_weights: known layouts, strictness and safety."""

import copy
import hashlib
import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.checkpoint import (
    LoadRecord,
    WeightsError,
    load_start,
    load_weights,
)
from mmfacesr.models.dic import DICDiscriminator, DICGenerator
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.weights import matching

SMALL = dict(
    mid_channels=8, num_blocks=2, hg_mid_channels=16, num_fusion_blocks=1
)


@pytest.fixture
def net() -> DICGenerator:
    """A small generator."""
    return DICGenerator(**SMALL)


@pytest.fixture
def weights() -> dict[str, Tensor]:
    """State dict of another small generator."""
    return DICGenerator(**SMALL).state_dict()


def below(prefix: str, state: dict) -> dict:
    """Put a prefix before every key."""
    return {prefix + key: value for key, value in state.items()}


def assert_loaded(module: nn.Module, weights: dict) -> None:
    """Compare all weights."""
    own = module.state_dict()
    assert own.keys() == weights.keys()
    for key, value in own.items():
        assert torch.equal(value, weights[key]), key


@pytest.mark.parametrize('name', ['dic', 'light_cnn'])
def test_rules_are_the_table_of_the_authors_keys(
    golden: Path, name: str
) -> None:
    table = json.loads((golden / f'dic/{name}_key_map.json').read_text())
    assert {DIC_AUTHORS.key(ours): ours for ours in table.values()} == table


@pytest.mark.parametrize(
    'wrap',
    [
        lambda w: w,
        lambda w: {'state_dict': w, 'meta': {'epoch': 1}},
        lambda w: {'params': w},
        lambda w: below('generator.', w),
        lambda w: below('module.generator.', w),
        lambda w: {
            'state_dict': below('generator.', w)
            | below('discriminator.', DICDiscriminator().state_dict())
            | {'step_counter': torch.tensor(3)},
            'optimizer': {'state': {0: {'exp_avg': torch.zeros(3)}}},
        },
    ],
    ids=['plain', 'mmengine', 'params', 'restorer', 'ddp', 'gan'],
)
def test_our_layout(net: DICGenerator, weights: dict, wrap: object) -> None:
    record = load_weights(net, wrap(weights))
    assert record == LoadRecord('mmfacesr', 'state dict', None)
    assert_loaded(net, weights)


@pytest.mark.parametrize('wrapper', ['state_dict', 'netG'])
def test_authors_layout(
    net: DICGenerator, weights: dict, wrapper: str
) -> None:
    discriminator = DICDiscriminator()
    wanted = {k: v + 1 for k, v in discriminator.state_dict().items()}
    theirs = {
        wrapper: {DIC_AUTHORS.key(k): v for k, v in weights.items()},
        'netD': {DIC_AUTHORS.key(k): v for k, v in wanted.items()},
    }
    assert load_weights(net, theirs).layout == 'dic-authors'
    assert_loaded(net, weights)
    assert load_weights(discriminator, theirs).layout == 'dic-authors'
    assert_loaded(discriminator, wanted)


def test_hourglass_out_of_a_generator(
    net: DICGenerator, weights: dict
) -> None:
    part = {
        key.removeprefix('hour_glass.'): value
        for key, value in weights.items()
        if key.startswith('hour_glass.')
    }
    authors = {DIC_AUTHORS.key(key): value for key, value in weights.items()}
    for source in (
        part,
        below('generator.', weights),
        authors,
        {
            k.removeprefix('HG.'): v
            for k, v in authors.items()
            if k.startswith('HG.')
        },
    ):
        nn.init.zeros_(net.hour_glass.first_conv.weight)
        load_weights(net.hour_glass, source)
        assert_loaded(net.hour_glass, part)


@pytest.mark.parametrize('prefix', ['generator_ema.', 'generator_ema.module.'])
def test_averaged_weights_are_preferred(
    net: DICGenerator, weights: dict, prefix: str
) -> None:
    plain = {key: torch.zeros_like(value) for key, value in weights.items()}
    load_weights(net, below('generator.', plain) | below(prefix, weights))
    assert_loaded(net, weights)


CHOICES = {
    'second network': lambda plain, mean: {
        'state_dict': below('generator.', plain)
        | below('generator_ema.module.', mean)
        | {'generator_ema.steps': torch.tensor(3)}
    },
    'second network and hook': lambda plain, mean: {
        'state_dict': below('generator.', plain)
        | below('generator_ema.', mean),
        'ema_state_dict': below('module.generator.', plain),
    },
    'hook': lambda plain, mean: {
        'state_dict': below('generator.', mean),
        'ema_state_dict': below('module.generator.', plain),
    },
    'params': lambda plain, mean: {'params': plain, 'params_ema': mean},
    'model': lambda plain, mean: {'model': plain, 'model_ema': mean},
    'other layout': lambda plain, mean: {
        'netG': plain,
        'netG_ema': {DIC_AUTHORS.key(k): v for k, v in mean.items()},
    },
}
"""Plain and averaged weights, as trainers put them into one file."""


@pytest.mark.parametrize('name', CHOICES)
def test_what_is_taken_depends_on_names_alone(
    net: DICGenerator, weights: dict, name: str
) -> None:
    """Not on the order, nor on what else is there."""
    plain = {key: torch.zeros_like(value) for key, value in weights.items()}
    parts = {
        f'other{i}.conv.{k}': torch.ones(2) for i in range(40) for k in 'ab'
    }
    discriminator = below('discriminator.', DICDiscriminator().state_dict())
    content = CHOICES[name](plain, weights)
    for beside in ({}, {'discriminator': discriminator | parts, 'iter': 3}):
        both = {**beside, **content}
        for source in (both, backwards(both)):
            nn.init.ones_(net.conv_first[0].weight)
            load_weights(net, source)
            assert_loaded(net, weights)


def backwards(content: dict) -> dict:
    """The same entries in the other order."""
    return {
        key: backwards(value) if isinstance(value, dict) else value
        for key, value in reversed(content.items())
    }


@pytest.mark.parametrize('fault', ['missing', 'unknown', 'shape'])
@pytest.mark.parametrize('mean', ['generator_ema.', 'generator_ema.module.'])
def test_an_average_that_does_not_fit_is_not_passed_over(
    net: DICGenerator, weights: dict, mean: str, fault: str
) -> None:
    averaged = below(mean, weights)
    if fault == 'missing':
        averaged.popitem()
    elif fault == 'unknown':
        averaged[f'{mean}more'] = torch.ones(1)
    else:
        averaged[f'{mean}conv_first.0.bias'] = torch.ones(3)
    with pytest.raises(WeightsError, match="averaged.*beside 'generator.'"):
        load_weights(net, below('generator.', weights) | averaged)


def test_many_parts_hide_none() -> None:
    """Parts with the same names as the one that fits."""
    wanted = nn.Linear(3, 5)
    content = {f'a{i}': nn.Linear(2, 2).state_dict() for i in range(40)}
    content['wanted'] = wanted.state_dict()
    module = nn.Linear(3, 5)
    load_weights(module, content)
    assert_loaded(module, wanted.state_dict())


def test_what_counting_flops_left_is_dropped(
    net: DICGenerator, weights: dict, capsys: pytest.CaptureFixture
) -> None:
    counted = dict(weights) | {
        f'{place}{name}': torch.zeros(1)
        for place in ('', 'conv_first.', 'conv_first.0.')
        for name in ('total_ops', 'total_params')
    }
    for source in (counted, {'state_dict': below('generator.', counted)}):
        nn.init.zeros_(net.conv_first[0].weight)
        load_weights(net, source)
        assert_loaded(net, weights)
        assert '6 keys of a FLOP counter' in capsys.readouterr().out
    # Counted here, too.
    net.conv_first.register_buffer('total_ops', torch.ones(1))
    load_weights(net, weights)
    assert net.conv_first.total_ops == 1


@pytest.mark.parametrize('value', [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float16])
def test_no_weights_of_a_diverged_training(
    net: DICGenerator, weights: dict, value: float, dtype: torch.dtype
) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    weights = {
        k: v.to(dtype) if v.is_floating_point() else v.clone()
        for k, v in weights.items()
    }
    weights['conv_first.0.bias'][-1] = value
    with pytest.raises(
        WeightsError, match=r'1 tensors \(a.conv_first.0.bias\)'
    ):
        load_weights(net, {'a': weights})
    # Of many a few are named.
    bad = {
        key: value.fill_(torch.nan) if value.is_floating_point() else value
        for key, value in weights.items()
    }
    with pytest.raises(WeightsError, match=r'\d+ tensors .*, \.\.\.\)'):
        load_weights(net, bad)
    assert_loaded(net, before)


def test_a_sum_that_overflows_is_no_infinity() -> None:
    large = {'weight': torch.full((2, 2), 60_000.0).half()}
    layer = nn.Linear(2, 2, bias=False)
    load_weights(layer, large)
    assert layer.weight.sum() == 240_000


def test_a_discriminator_of_nan_does_not_start_anew(
    net: DICGenerator, weights: dict
) -> None:
    model = nn.Module()
    model.generator, model.discriminator = net, DICDiscriminator()
    content = copy.deepcopy(model.state_dict())
    key = next(k for k in content if k.startswith('discriminator.'))
    content[key].view(-1)[0] = torch.nan
    with pytest.raises(WeightsError, match=re.escape(key)):
        load_start(model, content)


def test_keys_cannot_steer_a_terminal(
    net: DICGenerator, weights: dict
) -> None:
    weights['\x1b[2J\nevil'] = torch.ones(1)
    with pytest.raises(WeightsError) as caught:
        load_weights(net, weights)
    assert str(caught.value).isprintable()
    assert r'1 unknown (\x1b[2J\nevil)' in str(caught.value)


def test_two_tensors_of_one_name_are_refused(
    net: DICGenerator, weights: dict
) -> None:
    with pytest.raises(WeightsError, match="two named 'a.conv_first"):
        load_weights(net, below('a.', weights) | {'a': weights})


def test_two_equal_parts_are_refused(net: DICGenerator, weights: dict) -> None:
    with pytest.raises(WeightsError, match='2 fitting .*a.*b'):
        load_weights(net, {'a': weights, 'b': weights})


@pytest.mark.parametrize(
    'spoil, message',
    [
        (
            lambda w: w.pop('conv_first.0.weight'),
            r'1 missing \(conv_first.0.weight\)',
        ),
        (lambda w: w.update(extra=torch.zeros(1)), r'1 unknown \(extra\)'),
        (
            lambda w: w.update({'conv_first.0.bias': torch.zeros(31)}),
            r'conv_first.0.bias \(31,\) for \(32,\)',
        ),
        (lambda w: w.clear(), '0 foreign'),
    ],
)
def test_nothing_is_half_loaded(
    net: DICGenerator, weights: dict, spoil: object, message: str
) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    spoil(weights)
    with pytest.raises(WeightsError, match=message):
        load_weights(net, weights)
    assert_loaded(net, before)


def test_long_lists_are_cut(net: DICGenerator) -> None:
    large = DICGenerator(**(SMALL | dict(mid_channels=16))).state_dict()
    with pytest.raises(WeightsError, match=r'\d{2} of another.*, \.\.\.\)'):
        load_weights(net, large)


def test_counters_of_batch_norm_may_be_absent() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2))
    state = {k: v + 1 for k, v in module.state_dict().items()}
    del state['1.num_batches_tracked']
    load_weights(module, state)
    assert torch.equal(module[1].running_var, state['1.running_var'])
    del state['1.running_var']
    with pytest.raises(WeightsError, match='1 missing'):
        load_weights(module, state)


def test_file_and_hash(
    net: DICGenerator, weights: dict, tmp_path: Path
) -> None:
    path = tmp_path / 'dic.pth'
    torch.save({'state_dict': below('generator.', weights)}, path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    for given in (None, digest, digest[:8].upper()):
        assert load_weights(net, path, given) == LoadRecord(
            'mmfacesr', str(path), digest
        )
    assert_loaded(net, weights)
    for wrong, message in (
        ('0' * 64, f'{digest} instead of 0+'),
        (digest[:7], '8 to 64 hex digits'),
    ):
        with pytest.raises(WeightsError, match=message):
            load_weights(net, path, wrong)
    with pytest.raises(WeightsError, match='got a state dict'):
        load_weights(net, weights, digest)


def test_files_that_are_no_checkpoint(
    net: DICGenerator, weights: dict, tmp_path: Path
) -> None:
    before = {key: value.clone() for key, value in net.state_dict().items()}
    torch.save(weights, tmp_path / 'whole.pth')
    whole = (tmp_path / 'whole.pth').read_bytes()
    (tmp_path / 'cut.pth').write_bytes(whole[: len(whole) // 2])
    for name in ('cut.pth', 'none.pth'):
        with pytest.raises(WeightsError, match=f'Expected .*{name}'):
            load_weights(net, tmp_path / name)
    assert_loaded(net, before)


def test_other_kinds_of_numbers_are_refused() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.clone()
    for dtype in (torch.int64, torch.complex64):
        state = {k: v.to(dtype) for k, v in layer.state_dict().items()}
        with pytest.raises(WeightsError, match='of another kind of number'):
            load_weights(layer, state)
    assert torch.equal(layer.weight, before)
    half = {k: v.half() for k, v in layer.state_dict().items()}
    load_weights(layer, half)
    assert torch.equal(layer.weight, before.half().float())


def test_a_complex_counter_is_refused() -> None:
    norm = nn.BatchNorm2d(1)
    state = norm.state_dict() | dict(num_batches_tracked=torch.tensor(1j))
    with pytest.raises(WeightsError, match='num_batches_tracked .*complex'):
        load_weights(norm, state)


def test_of_thousands_of_parts_few_are_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without a bound each would be compared with all tensors: hours."""
    compared = []
    faults = matching._faults
    monkeypatch.setattr(
        matching,
        '_faults',
        lambda part, *rest: compared.append(part) or faults(part, *rest),
    )
    parts = {f'part{i}.bias': torch.zeros(2) for i in range(1000)}
    with pytest.raises(WeightsError, match='1 missing .weight.'):
        matching.find_weights(nn.Linear(2, 2), parts)
    assert 0 < len(compared) <= 16 * 2


@pytest.mark.parametrize(
    'prefix', ['', 'module.', 'generator.', 'generator_ema.module.']
)
@pytest.mark.parametrize(
    'wrapper',
    ['state_dict', 'model_state_dict', 'netG', 'params', 'params_ema'],
)
def test_wrappers_and_prefixes(wrapper: str, prefix: str) -> None:
    source, target = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
    for value in (*source.parameters(), source.running_var):
        value.data.uniform_(1, 2)
    content = {wrapper: below(prefix, source.state_dict()), 'epoch': 1}
    if wrapper == 'params_ema':
        content['params'] = target.state_dict()
    load_weights(target, content)
    assert_loaded(target, source.state_dict())
