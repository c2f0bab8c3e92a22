# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""SPARNet's networks and blocks against golden arrays."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.sparnet import (
    FeatureMatchingLoss,
    SPARNet,
    SPARNetDiscriminator,
)
from mmfacesr.models.sparnet.units import (
    AttentionHourglass,
    FaceAttentionUnit,
    UnitStyle,
)

LIGHT = dict(res_depth=1, att_name='spar3d')
HD = dict(
    max_ch=512,
    in_size=512,
    out_size=512,
    min_feat_size=32,
    norm_type='in',
    spectral_norm=True,
)
# Name -> arguments, parameters, tolerance.
NETWORKS = {
    'sparnet': ({}, 10_518_867, 1e-4),
    'sparnet_light_attn3d': (LIGHT, 5_242_211, 1e-4),
    'sparnethd_attn2d': (HD, 85_793_412, 1e-3),
    'sparnethd_attn3d': ({**HD, 'att_name': 'spar3d'}, 90_093_793, 1e-3),
}


@pytest.fixture(scope='module')
def spectral(golden: Path) -> ModuleType:
    """The module that makes filled spectral norms well conditioned."""
    spec = importlib.util.spec_from_file_location(
        'golden_spectral', golden / 'sparnet/spectral.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shapes_of(golden: Path, name: str) -> dict:
    """Reference key -> shape, in order."""
    return json.loads((golden / f'sparnet/keys_{name}.json').read_text())


def as_image(fill: ModuleType, shape: tuple, seed: int) -> Tensor:
    """A smooth batch in [-1, 1]."""
    return torch.from_numpy(fill.image_batch(shape, seed) * 2 - 1)


def load(network: nn.Module, weights: dict) -> nn.Module:
    """Load arrays strictly, for evaluation."""
    weights = {key: torch.from_numpy(value) for key, value in weights.items()}
    network.load_state_dict(weights)
    return network.eval()


def mean_std(x: Tensor) -> np.ndarray:
    """Mean and population deviation."""
    return np.array([x.double().mean(), x.double().std(correction=0)])


@pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=pytest.mark.slow)
        if name == 'sparnethd_attn2d'
        else name
        for name in NETWORKS
    ],
)
def test_generator_meets_golden_arrays(
    name: str, golden: Path, fill: ModuleType, spectral: ModuleType
) -> None:
    arguments, num_parameters, atol = NETWORKS[name]
    shapes = shapes_of(golden, name)
    weights = spectral.condition(fill.fill_state_dict(shapes))
    network = SPARNet(**arguments)
    assert list(network.state_dict()) == list(shapes)
    assert sum(p.numel() for p in network.parameters()) == num_parameters
    load(network, weights)
    wanted = np.load(golden / f'sparnet/{name}.npz')
    stages = {}
    for part in ('encoder', 'res_layers', 'decoder'):
        for i, unit in getattr(network, part).named_children():
            unit.register_forward_hook(
                lambda _, __, output, key=f'{part}.{i}': stages.update(
                    {key: mean_std(output)}
                )
            )
    image = as_image(fill, (2, 3, 128, 128), 0)
    with torch.no_grad():
        output = network(image).numpy()
    for key, value in zip(wanted['stage_names'], wanted['stage_mean_std']):
        assert np.abs(stages[str(key)] - value).max() < atol, key
    assert np.abs(output - wanted['output']).max() < atol
    maps = network.attention_maps(image)
    for key in ('encoder_1', 'res_0'):
        found = maps[
            key.replace('res', 'res_layers')
            .replace('_0', '.0')
            .replace('_1', '.1')
        ].numpy()
        golden_map = wanted[f'att_{key}']
        found = found[:, : golden_map.shape[1]]
        assert np.abs(found - golden_map).max() < atol


@pytest.mark.parametrize(
    'name',
    [
        'sparnethd_attn2d',
        pytest.param('sparnethd_attn3d', marks=pytest.mark.slow),
    ],
)
def test_stored_vectors_are_used_as_they_are(
    name: str, golden: Path, fill: ModuleType, spectral: ModuleType
) -> None:
    network = SPARNet(**NETWORKS[name][0])
    weights = fill.fill_state_dict(shapes_of(golden, name))
    wanted = np.load(golden / f'sparnet/{name}.npz')
    load(network, weights)
    with torch.no_grad():
        output = network(as_image(fill, (1, 3, 128, 128), 0)).numpy()
    error = np.abs(output[:, :, ::4, ::4] - wanted['raw_output_s4']).max()
    assert error < 1e-3 * wanted['raw_absmax']
    load(network, spectral.condition(weights))
    for key, sigma in zip(wanted['sigma_keys'], wanted['sigma']):
        layer = network.get_submodule(re.sub(r'\.weight.*', '', str(key)))
        ratio = layer.weight_orig.flatten()[0] / layer.weight.flatten()[0]
        assert ratio.item() == pytest.approx(sigma, rel=1e-4), key


@pytest.mark.slow
@pytest.mark.parametrize('name', ['sparnethd_attn2d', 'sparnethd_attn3d'])
def test_full_size_meets_golden_arrays(
    name: str, golden: Path, fill: ModuleType, spectral: ModuleType
) -> None:
    network = SPARNet(**NETWORKS[name][0])
    shapes = shapes_of(golden, name)
    load(network, spectral.condition(fill.fill_state_dict(shapes)))
    wanted = np.load(golden / f'sparnet/{name}.npz')
    with torch.no_grad():
        output = network(as_image(fill, (1, 3, 512, 512), 1))
    error = output.numpy()[:, :, ::16, ::16] - wanted['output_512_s16']
    assert np.abs(error).max() < 1e-3
    assert np.abs(mean_std(output) - wanted['output_512_mean_std']).max() < (
        1e-3
    )


def build_block(name: str) -> nn.Module:
    """Build a block from its golden name."""
    parts = name.split('_')
    if parts[0] == 'hourglass':
        depth, channels, maps = (int(part[1:]) for part in parts[1:4])
        style = UnitStyle(parts[4], 'leakyrelu')
        return AttentionHourglass(depth, channels, maps, style)
    scale, inputs, outputs, depth = parts[1:5]
    # Without a hourglass there is no kind of attention in the name.
    att_name = parts.pop(5) if parts[5].startswith('spar') else 'spar'
    style = UnitStyle(parts[5], parts[6] if len(parts) > 6 else 'leakyrelu')
    return FaceAttentionUnit(
        int(inputs), int(outputs), scale, int(depth[1:]), att_name, style
    )


def test_blocks_meet_golden_arrays(golden: Path, fill: ModuleType) -> None:
    wanted = np.load(golden / 'sparnet/blocks.npz')
    blocks = shapes_of(golden, 'blocks')
    assert len(blocks) == 8
    for name, shapes in blocks.items():
        block = build_block(name)
        assert list(block.state_dict()) == list(shapes), name
        load(block, fill.fill_state_dict(shapes))
        shape = tuple(wanted[f'{name}_input_shape'])
        with torch.no_grad():
            output = block(as_image(fill, shape, 0)).numpy()
        assert np.abs(output - wanted[name]).max() < 1e-5, name


def test_discriminator_meets_golden_arrays(
    golden: Path, fill: ModuleType, spectral: ModuleType
) -> None:
    shapes = shapes_of(golden, 'discriminator')
    network = SPARNetDiscriminator()
    assert list(network.state_dict()) == list(shapes)
    assert sum(p.numel() for p in network.parameters()) == 11_750_403
    load(network, spectral.condition(fill.fill_state_dict(shapes)))
    wanted = np.load(golden / 'sparnet/discriminator_losses.npz')
    results = {}
    with torch.no_grad():
        for seed, name in ((2, 'fake'), (3, 'real')):
            image = as_image(fill, (1, 3, 256, 256), seed)
            scores, features = network(image, return_features=True)
            results[name] = features
            for i, score in enumerate(scores):
                error = score.numpy() - wanted[f'score_{name}_{i}']
                assert np.abs(error).max() < 1e-4
                found = np.array([mean_std(f) for f in features[i]])
                error = found - wanted[f'feat_mean_std_{name}_{i}']
                assert np.abs(error).max() < 1e-4
        matching = FeatureMatchingLoss(loss_weight=10.0)
        loss = matching(results['fake'], results['real'])
    assert loss.item() == pytest.approx(float(wanted['fm']), rel=1e-4)
