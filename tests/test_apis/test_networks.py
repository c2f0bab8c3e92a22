# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks of configs, and of texts that nobody vouches for."""

import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from mmfacesr.apis import networks
from mmfacesr.apis.config import known_configs, load_config
from mmfacesr.apis.networks import (
    build_network,
    network_of_text,
    read_settings,
)


def test_only_the_network_is_built() -> None:
    heavy = 'mmagic.models' in sys.modules
    cfg = load_config('pfsrnet_x8_1xb16-200k_celeba', import_modules=False)
    cfg.model.generator.mid_channels = 8
    assert type(build_network(cfg)).__name__ == 'PFSRNet'
    discriminator = build_network(cfg, 'discriminator')
    assert type(discriminator).__name__ == 'PFSRNetDiscriminator'
    assert heavy == ('mmagic.models' in sys.modules)


def test_a_network_of_the_config_s_own_modules(tmp_path: Path) -> None:
    (tmp_path / 'own_parts_of_a_test.py').write_text(
        'from torch import nn\n'
        'from mmengine.registry import MODELS\n'
        '@MODELS.register_module()\n'
        'class NetworkOfATest(nn.Conv2d):\n'
        '    pass\n'
    )
    sys.path.insert(0, str(tmp_path))
    try:
        network = build_network(
            Config(
                dict(
                    default_scope='mmengine',
                    custom_imports=dict(imports=['own_parts_of_a_test']),
                    model=dict(
                        generator=dict(
                            type='NetworkOfATest',
                            in_channels=1,
                            out_channels=2,
                            kernel_size=1,
                        )
                    ),
                )
            )
        )
    finally:
        sys.path.remove(str(tmp_path))
    assert network.out_channels == 2


def test_a_missing_part_is_named() -> None:
    cfg = Config(dict(model=dict(generator=dict(type='PFSRNet'))))
    with pytest.raises(ValueError, match='has a discriminator'):
        build_network(cfg, 'discriminator')
    with pytest.raises(ValueError, match='has a generator'):
        build_network(Config(dict()))


@pytest.mark.parametrize('name', ['dic_gan-x8c48b6_1xb8-80k_celeba'])
def test_the_text_of_a_config_is_its_settings(name: str) -> None:
    (path,) = [path for path in known_configs() if path.stem == name]
    cfg = Config.fromfile(path, import_custom_modules=False)
    assert read_settings(cfg.pretty_text) == cfg.to_dict()


def test_values() -> None:
    text = (
        'a = dict(b=[1, -2.5, (None, True)], c=dict())\n'
        "d = {'e-f': {1: 'x' 'y'}}\n"
    )
    assert read_settings(text) == dict(
        a=dict(b=[1, -2.5, (None, True)], c={}), d={'e-f': {1: 'xy'}}
    )


@pytest.mark.parametrize(
    'text',
    [
        'import os',
        "x = __import__('os').system('true')",
        "open('trace', 'w')",
        "x = [open('trace', 'w')]",
        "x = dict(y=open('trace', 'w'))",
        "x = {'y': open('trace', 'w')}",
        "x = {open('trace', 'w'): 1}",
        "x = open(dict(a='trace'))",
        'x = list(a=1)',
        'x = dict(**y)',
        "x = dict([('a', 1)])",
        'x = {**y}',
        "x = f'{y}'",
        'x = y',
        'x = 9 ** 9 ** 9',
        'x = y = 1',
        'x.y = 1',
        'def f(): pass',
        'x = (',
        'x = \0',
        'x = {[]: 1}',
        'x = ' + '-' * 5000 + '1',
        'x = ' + '[' * 5000 + ']' * 5000,
        'x = "' + 'a' * 1_000_000 + '"',
    ],
    ids=lambda text: text[:24],
)
def test_no_text_is_run(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='plain values as the text .*give'):
        read_settings(text)
    assert list(tmp_path.iterdir()) == []


def text_of(**generator: object) -> str:
    """The text of a config with a generator."""
    return f'model = {dict(generator=generator)!r}\n'


def test_network_of_text_takes_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(networks, 'MAX_PARAMETERS', 900)
    for depth, message in (
        (10**5, 'at most 900 parameters'),
        (10**9, r'settings are at most 1048576, got 1e\+09'),
    ):
        with pytest.raises(ValueError, match=message):
            network_of_text(text_of(type='SPARNet', res_depth=depth))
    network_of_text(text_of(type='SPARNet'))


def test_network_of_text_takes_no_memory() -> None:
    network = network_of_text(text_of(type='PFSRNet', mid_channels=1 << 20))
    assert type(network).__name__ == 'PFSRNet'
    assert {p.device.type for p in network.parameters()} == {'meta'}


@pytest.mark.parametrize(
    'text',
    [
        '',
        'model = None',
        'model = dict(generator=None)',
        text_of(type='os.system', command='touch trace'),
        text_of(type='subprocess.run', args=['touch', 'trace']),
        text_of(type=['PFSRNet']),
        text_of(type='BaseModel'),
        text_of(type='VGGFeatureLoss'),
        text_of(type='mmfacesr.models.networks.PFSRNet'),
        text_of(),
    ],
)
def test_only_our_networks_are_built(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match='generator of mmfacesr'):
        network_of_text(text)
    assert list(tmp_path.iterdir()) == []
