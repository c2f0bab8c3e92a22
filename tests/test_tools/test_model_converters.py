# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The converters of weights as programs, and their files in MMagic."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmfacesr.apis.networks import build_network
from mmfacesr.checkpoint import load_weights
from mmfacesr.models.pfsrnet import DistilledFANHead
from mmfacesr.weights.files import hash_file
from mmfacesr.weights.layouts import with_prefix
from mmfacesr.weights.reading import read_weights_file

CONVERT = 'model_converters/convert.py'
PUBLISH = 'model_converters/publish.py'
DIC = dict(
    mid_channels=8, num_blocks=2, hg_mid_channels=16, num_fusion_blocks=1
)
GENERATOR = dict(type='PFSRNet', mid_channels=8)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config file with a small generator."""
    path = tmp_path / 'small.py'
    path.write_text(f'model = dict(generator={GENERATOR})\n')
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A training checkpoint with that generator."""
    state = build_network(Config(dict(model=dict(generator=GENERATOR))))
    path = tmp_path / 'iter_9.pth'
    torch.save(
        dict(
            meta=dict(iter=9),
            state_dict=with_prefix('generator.', state.state_dict()),
            optimizer=dict(name='Adam'),
        ),
        path,
    )
    return path


def test_convert(
    run_tool: Callable, config: Path, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / 'b.ckpt'
    command = (CONVERT, config, source, target)
    status, out, err = run_tool(*command, '--to', 'pfsrnet-authors')
    assert (status, err) == (0, '')
    for text in (
        str(source),
        'sha256 ' + hash_file(source).sha256,
        'generator: layout mmfacesr',
        f'layout pfsrnet-authors: {target}',
        f'{hash_file(target).sha256}, {target.stat().st_size:,} bytes',
    ):
        assert text in out
    assert read_weights_file(target)['step'] == 3
    before = target.read_bytes()
    status, _, err = run_tool(*command)
    assert status == 1 and '--force' in err
    status, _, err = run_tool(*command, '--force', '--sha256', '0' * 8)
    assert status == 1 and '00000000' in err
    assert target.read_bytes() == before
    status, _, err = run_tool(*command, '--force', '--part', 'generator')
    assert status == 0 and read_weights_file(target)['meta']


def test_publish(
    run_tool: Callable, config: Path, source: Path, tmp_path: Path
) -> None:
    folder = tmp_path / 'out'
    command = (PUBLISH, source, folder, '--name', 'face')
    status, out, _ = run_tool(*command)
    assert status == 0 and 'plain; NOT checked' in out and '--config' in out
    (path,) = folder.iterdir()
    assert f'Weights: https://HOST/FOLDER/{path.name}\n' in out
    assert f'Weights SHA256: {hash_file(path).sha256}\n' in out
    status, out, err = run_tool(
        *command, '--config', config, '--format', 'safetensors'
    )
    assert (status, err) == (0, '') and 'plain; they fit PFSRNet' in out
    (path,) = folder.glob('face-*.safetensors')
    load_weights(
        build_network(Config(dict(model=dict(generator=GENERATOR)))), path
    )
    status, _, err = run_tool(*command)
    assert status == 1 and '--force' in err
    assert run_tool(*command, '--force')[0] == 0
    status, _, err = run_tool(*command, '--weights', 'ema')
    assert status == 1 and 'ema' in err


def test_convert_takes_a_pickled_module(
    run_tool: Callable, tmp_path: Path
) -> None:
    source, target = tmp_path / 'a.pth', tmp_path / 'b.safetensors'
    net = DistilledFANHead()
    torch.save(net, source)
    status, out, _ = run_tool(
        CONVERT, 'distilled-fan_1xb16-11k_celeba', source, target
    )
    assert status == 0 and hash_file(source).sha256 in out
    other = DistilledFANHead()
    load_weights(other, target)
    for key, value in net.state_dict().items():
        assert torch.equal(other.state_dict()[key], value), key


@pytest.mark.parametrize('tool', [CONVERT, PUBLISH])
def test_help_teaches(run_tool: Callable, tool: str) -> None:
    status, out, _ = run_tool(tool, '--help')
    assert status == 0 and f'python tools/{tool} ' in out
    assert run_tool(tool)[0] == 2


@pytest.mark.parametrize('discriminator', [False, True])
def test_mmagic_takes_its_layout_strictly(
    run_tool: Callable, tmp_path: Path, discriminator: bool
) -> None:
    import mmfacesr.compat.mmagic_base  # noqa: F401, it mends what importing needs

    models = pytest.importorskip('mmagic.models')
    generator = dict(type='DICNet', in_channels=3, out_channels=3, **DIC)
    gan = dict(
        discriminator=dict(type='LightCNN', in_channels=3),
        gan_loss=dict(
            type='GANLoss',
            gan_type='vanilla',
            loss_weight=0.005,
            real_label_val=1.0,
            fake_label_val=0,
        ),
    )
    with DefaultScope.overwrite_default_scope('mmagic'):
        dic = models.DIC(
            generator=generator,
            pixel_loss=dict(type='L1Loss'),
            align_loss=dict(type='MSELoss'),
            **(gan if discriminator else {}),
        )
    config = tmp_path / 'dic.py'
    config.write_text(
        f"model = dict(generator=dict(type='DICGenerator', **{DIC}), "
        "discriminator=dict(type='DICDiscriminator'))\n"
    )
    cfg = Config.fromfile(config)
    ours = dict(generator=build_network(cfg))
    if discriminator:
        ours['discriminator'] = build_network(cfg, 'discriminator')
    source, target = tmp_path / 'a.pth', tmp_path / 'b.pth'
    torch.save({k: v.state_dict() for k, v in ours.items()}, source)
    status, out, err = run_tool(
        CONVERT, config, source, target, '--to', 'mmagic'
    )
    assert (status, err) == (0, '')
    assert discriminator != ('no discriminator was written' in out)
    content = torch.load(target, weights_only=True)
    dic.load_state_dict(content['state_dict'], strict=True)
    for part, network in ours.items():
        for key, value in getattr(dic, part).state_dict().items():
            assert torch.equal(value, network.state_dict()[key]), key
