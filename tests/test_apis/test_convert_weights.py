# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""convert_weights: every layout there and back, nothing half-done."""

import copy
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.apis import convert_weights as module
from mmfacesr.apis.convert_weights import check_equal, convert_weights
from mmfacesr.apis.networks import build_network
from mmfacesr.checkpoint import load_weights
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import hash_file, write_weights_file
from mmfacesr.weights.layouts import find_layout
from mmfacesr.weights.reading import read_weights_file

DIC = dict(
    type='DICGenerator',
    mid_channels=8,
    num_blocks=2,
    hg_mid_channels=16,
    num_fusion_blocks=1,
)
DIC_CRITIC = dict(type='DICDiscriminator')
ELSFACE = dict(type='ELSFaceNet', mid_channels=6, num_heads=2)
PFSRNET = dict(type='PFSRNet', mid_channels=8)
PFSRNET_CRITIC = dict(type='PFSRNetDiscriminator', mid_channels=8)
SPARNET = dict(
    type='SPARNet',
    min_ch=4,
    max_ch=4,
    in_size=32,
    out_size=32,
    min_feat_size=32,
    bottleneck_size=16,
    res_depth=1,
)
SPARNET_HD = dict(**SPARNET, norm_type='in', spectral_norm=True)
HOURGLASS = dict(type='FeedbackHourglassHead', mid_channels=16)
LAYOUTS = [
    (DIC, None, 'dic-authors', 'dic-authors'),
    (DIC, DIC_CRITIC, 'dic-authors', 'dic-authors'),
    (PFSRNET, PFSRNET_CRITIC, 'mmagic', 'mmfacesr'),
    (HOURGLASS, None, 'dic-authors', 'dic-authors'),
    (ELSFACE, None, 'elsface-authors', 'elsface-authors'),
    (PFSRNET, None, 'pfsrnet-authors', 'mmfacesr'),
    (PFSRNET, None, 'pfsrnet-authors-distributed', 'mmfacesr'),
    (
        SPARNET_HD,
        None,
        'spectral-norm-parametrized',
        'spectral-norm-parametrized',
    ),
]
"""Generator, discriminator, layout to write, layout that is read then."""


def config(generator: dict, discriminator: dict | None = None) -> Config:
    """A config with as much of a model as a conversion looks at."""
    model = dict(type='BaseEditModel', generator=generator)
    if discriminator:
        model['discriminator'] = discriminator
    return Config(dict(model=model))


def filled(cfg: Config) -> dict[str, nn.Module]:
    """The networks of a config, all values random, buffers too."""
    parts = [p for p in ('generator', 'discriminator') if p in cfg.model]
    networks = {part: build_network(cfg, part) for part in parts}
    for network in networks.values():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.normal_()
            else:
                value.fill_(5)
    return networks


@pytest.mark.parametrize(
    'generator, discriminator, layout, found',
    LAYOUTS,
    ids=[f'{a["type"]}-{c}-{bool(b)}' for a, b, c, _ in LAYOUTS],
)
def test_there_and_back(
    tmp_path: Path,
    generator: dict,
    discriminator: dict,
    layout: str,
    found: str,
) -> None:
    cfg = config(generator, discriminator)
    networks = filled(cfg)
    theirs = tmp_path / 'theirs.pth'
    content = find_layout(layout, networks['generator']).content(networks)
    write_weights_file(theirs, content)

    parts = {}
    for part in networks:
        ours = tmp_path / f'{part}.pth'
        done = convert_weights(cfg, theirs, ours, part=part)
        assert done.read == {part: found}
        assert done.layout == 'mmfacesr' and done.path == ours
        assert done.hashes == hash_file(ours)
        written = read_weights_file(ours)
        assert written['meta']['network'] == cfg.model[part].type
        assert written['meta']['source_sha256'] == hash_file(theirs).sha256
        assert (
            written['state_dict'].keys() == networks[part].state_dict().keys()
        )
        check_equal(ours, {part: networks[part]})
        parts |= {f'{part}.{k}': v for k, v in written['state_dict'].items()}

    both = tmp_path / 'both.pth'
    torch.save(parts, both)
    back = tmp_path / 'back.pth'
    done = convert_weights(cfg, both, back, layout)
    assert done.read == dict.fromkeys(networks, 'mmfacesr')
    assert back.read_bytes() == theirs.read_bytes()
    assert sorted(os.listdir(tmp_path)) == sorted(
        ['theirs.pth', 'both.pth', 'back.pth', *(f'{p}.pth' for p in networks)]
    )


@pytest.mark.parametrize('generator', [ELSFACE, SPARNET_HD])
def test_safetensors(tmp_path: Path, generator: dict) -> None:
    cfg = config(generator)
    networks = filled(cfg)
    source = tmp_path / 'a.pth'
    torch.save(networks['generator'].state_dict(), source)
    for target in ('b.safetensors', 'c.pth'):
        done = convert_weights(cfg, source, tmp_path / target)
        check_equal(done.path, networks)
        source = done.path
    if generator is SPARNET_HD:
        target = tmp_path / 'd.safetensors'
        convert_weights(cfg, source, target, 'sparnet-authors')
        check_equal(target, networks)


def test_a_discriminator_of_its_own_file(tmp_path: Path) -> None:
    cfg = config(PFSRNET, PFSRNET_CRITIC)
    networks = filled(cfg)
    source = tmp_path / 'training.pth'
    torch.save(
        {
            'state_dict': {
                f'{part}.{key}': value
                for part, network in networks.items()
                for key, value in network.state_dict().items()
            }
        },
        source,
    )
    for part in (None, 'discriminator'):
        target = tmp_path / f'{part}.pth'
        done = convert_weights(
            cfg, source, target, 'pfsrnet-authors', part=part
        )
        part = part or 'generator'
        assert done.read == {part: 'mmfacesr'} and not done.left_out
        check_equal(target, {part: networks[part]})


@pytest.mark.parametrize(
    'part, place', [('generator', 'state_dict'), ('discriminator', 'netD')]
)
def test_one_part_where_both_could_be(
    tmp_path: Path, part: str, place: str
) -> None:
    cfg = config(DIC, DIC_CRITIC)
    networks = filled(cfg)
    source = tmp_path / 'a.pth'
    torch.save({k: v.state_dict() for k, v in networks.items()}, source)
    target = tmp_path / 'b.pth'
    done = convert_weights(cfg, source, target, 'dic-authors', part)
    assert done.read.keys() == {part}
    assert read_weights_file(target).keys() == {place}


def test_a_missing_discriminator_is_said(tmp_path: Path) -> None:
    cfg = config(DIC, DIC_CRITIC)
    networks = filled(config(DIC))
    torch.save(networks['generator'].state_dict(), tmp_path / 'a.pth')
    done = convert_weights(
        cfg, tmp_path / 'a.pth', tmp_path / 'b.pth', 'dic-authors'
    )
    assert done.read.keys() == {'generator'}
    assert 'DICDiscriminator' in done.left_out['discriminator']
    assert read_weights_file(done.path).keys() == {'state_dict'}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of a small PFSRNet in a folder of its own."""
    path = tmp_path / 'from/a.pth'
    path.parent.mkdir()
    torch.save(build_network(config(PFSRNET)).state_dict(), path)
    return path


@pytest.mark.parametrize(
    'options, message',
    [
        (dict(cfg=config(ELSFACE)), 'Expected the weights of a ELSFaceNet'),
        (dict(layout='dic-authors'), 'one of mmfacesr, .*pfsrnet-authors'),
        (dict(part='discriminator'), 'whose model has a discriminator'),
        (dict(sha256='0' * 8), '00000000'),
        (dict(source='missing.pth'), 'missing.pth'),
        (dict(name='a.onnx'), r'ending in \.pth'),
        (dict(name='a.safetensors', layout='mmagic'), 'write it as .pth'),
    ],
)
def test_refused(
    tmp_path: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict,
    message: str,
) -> None:
    # What else the weights could belong to is not of interest here.
    monkeypatch.setattr(
        'mmfacesr.checkpoint.configs_that_fit', lambda _: [], raising=False
    )
    target = tmp_path / 'to' / options.pop('name', 'a.pth')
    options = dict(cfg=config(PFSRNET), source=source) | options
    with pytest.raises(ValueError, match=message):
        convert_weights(target=target, **options)
    assert not target.parent.exists() or os.listdir(target.parent) == []


def test_a_target_is_kept_unless_forced(source: Path, tmp_path: Path) -> None:
    target = tmp_path / 'a.pth'
    target.write_text('mine')
    with pytest.raises(WeightsError, match='exists'):
        convert_weights(config(PFSRNET), source, target)
    assert target.read_text() == 'mine'
    convert_weights(config(PFSRNET), source, target, force=True)
    load_weights(build_network(config(PFSRNET)), target)


@pytest.mark.parametrize(
    'spoil',
    [
        lambda weights: weights['to_rgb.0.bias'].add_(1e-7),
        lambda weights: weights['to_rgb.0.bias'].fill_(-0.0),
        lambda weights: weights['step1.1.num_batches_tracked'].add_(1),
        lambda weights: weights.pop('step1.1.num_batches_tracked'),
    ],
    ids=['value', 'sign', 'counter', 'missing'],
)
def test_a_fault_in_writing_is_found(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable,
) -> None:
    state = torch.load(source, weights_only=True)
    state['to_rgb.0.bias'].zero_()
    torch.save(state, source)
    write = module.write_weights_file

    def spoiled(path: Path, content: dict, **options: object) -> object:
        content = copy.deepcopy(dict(content))
        spoil(content)
        return write(path, content, **options)

    monkeypatch.setattr(module, 'write_weights_file', spoiled)
    with pytest.raises(WeightsError, match='a fault of mmfacesr'):
        convert_weights(config(PFSRNET), source, tmp_path / 'b.pth')
    assert os.listdir(tmp_path) == ['from']


@pytest.mark.parametrize('value', [torch.nan, torch.inf])
def test_nan_is_refused(value: float, source: Path, tmp_path: Path) -> None:
    state = torch.load(source, weights_only=True)
    state['to_rgb.0.bias'][1] = value
    torch.save(state, source)
    with pytest.raises(WeightsError, match=r'1 tensors \(to_rgb.0.bias\)'):
        convert_weights(config(PFSRNET), source, tmp_path / 'b.pth')
    assert not (tmp_path / 'b.pth').exists()
