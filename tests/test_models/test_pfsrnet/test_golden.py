# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet and its discriminator against golden arrays; released files."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.checkpoint import WeightsError, load_weights
from mmfacesr.models.pfsrnet import PFSRNet, PFSRNetDiscriminator

NETWORKS = {
    'generator': (PFSRNet, 8_969_097),
    'discriminator': (PFSRNetDiscriminator, 8_065_537),
}
# Name in the golden file -> step, alpha.
CASES = {
    'step1': (1, 1.0),
    'step2': (2, 1.0),
    'step2_a030': (2, 0.3),
    'step3': (3, 1.0),
    'step3_a030': (3, 0.3),
}
CLOSE = dict(rtol=1e-4, atol=1e-5)


def filled(
    name: str, golden: Path, fill: ModuleType, unit: bool = False
) -> dict[str, Tensor]:
    """Weights of a network; if ``unit``, equalized ones as at the start."""
    path = golden / f'pfsrnet/{name}_keys.json'
    weights = fill.fill_state_dict(json.loads(path.read_text()))
    for key, value in weights.items():
        if unit and key.endswith('weight_orig'):
            scale = np.sqrt(np.prod(value.shape[1:]))
            weights[key] = (value.astype('f8') * scale).astype('f4')
    return {key: torch.from_numpy(value) for key, value in weights.items()}


def arrays_of(name: str, golden: Path, prefix: str) -> dict[str, Tensor]:
    """Golden arrays that begin with a prefix, without it."""
    arrays = np.load(golden / f'pfsrnet/{name}.npz')
    return {
        key.removeprefix(prefix): torch.from_numpy(arrays[key])
        for key in arrays
        if key.startswith(prefix or ('step', 'input'))
    }


@pytest.mark.parametrize('name', NETWORKS)
def test_keys_shapes_and_number_of_parameters(name: str, golden: Path) -> None:
    build, num_parameters = NETWORKS[name]
    network = build()
    path = golden / f'pfsrnet/{name}_keys.json'
    wanted = json.loads(path.read_text())
    own = {key: list(v.shape) for key, v in network.state_dict().items()}
    assert list(own.items()) == list(wanted.items()), 'also in order'
    assert sum(p.numel() for p in network.parameters()) == num_parameters


@torch.no_grad()
@pytest.mark.parametrize('prefix', ['', 'unit_'])
def test_generator_meets_golden_arrays(
    prefix: str, golden: Path, fill: ModuleType
) -> None:
    network = PFSRNet().eval()
    network.load_state_dict(filled('generator', golden, fill, bool(prefix)))
    wanted = arrays_of('generator', golden, prefix)
    lr = torch.from_numpy(fill.image_batch((2, 3, 16, 16), 0) * 2 - 1)
    wanted.pop('input', None)
    assert len(wanted) == (2 if prefix else 5)
    for key, value in wanted.items():
        torch.testing.assert_close(
            network(lr, *CASES[key]), value, **CLOSE, msg=key
        )


@torch.no_grad()
@pytest.mark.parametrize('prefix', ['', 'unit_'])
def test_discriminator_meets_golden_arrays(
    prefix: str, golden: Path, fill: ModuleType
) -> None:
    network = PFSRNetDiscriminator().eval()
    weights = filled('discriminator', golden, fill, bool(prefix))
    network.load_state_dict(weights)
    wanted = arrays_of('discriminator', golden, prefix)
    inputs = arrays_of('discriminator', golden, 'input')
    for key, (step, alpha) in CASES.items():
        image = inputs[str(step)]
        for found, value in (
            (network(image, step, alpha), wanted[key]),
            (network.features(image, step, alpha), wanted[f'{key}_feat']),
        ):
            torch.testing.assert_close(found, value, **CLOSE, msg=key)


def test_discriminator_sees_the_image(golden: Path, fill: ModuleType) -> None:
    """What makes the arrays called ``unit_`` worth their place."""
    wanted = arrays_of('discriminator', golden, 'unit_')
    assert wanted['step3'].sub(wanted['step3_a030']).abs().min() > 1e-3
    assert wanted['step3'].diff().abs() > 1e-3


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('counters', [True, False])
def test_released_layouts_are_loaded(
    prefix: str, counters: bool, golden: Path, fill: ModuleType, tmp_path: Path
) -> None:
    weights = filled('generator', golden, fill)
    content = dict(
        step=3,
        alpha=1,
        iteration=100_000,
        model_state_dict={
            prefix + key: value
            for key, value in weights.items()
            if counters or not key.endswith('num_batches_tracked')
        },
    )
    torch.save(content, tmp_path / 'released.ckpt')
    network = PFSRNet()
    record = load_weights(network, tmp_path / 'released.ckpt')
    assert record.layout == 'mmfacesr'
    for key, value in network.state_dict().items():
        assert torch.equal(value, weights[key]), key
    del content['model_state_dict'][f'{prefix}to_rgb.0.bias']
    with pytest.raises(WeightsError, match=r'1 missing \(to_rgb.0.bias\)'):
        load_weights(network, content)


def test_discriminator_of_a_checkpoint_is_loaded(
    golden: Path, fill: ModuleType
) -> None:
    weights = filled('discriminator', golden, fill)
    network = PFSRNetDiscriminator()
    load_weights(network, dict(step=1, alpha=0.5, model_state_dict=weights))
    for key, value in network.state_dict().items():
        assert torch.equal(value, weights[key]), key


def test_weights_of_another_network_are_refused(
    golden: Path, fill: ModuleType
) -> None:
    weights = filled('generator', golden, fill)
    narrow = PFSRNet(mid_channels=16)
    before = narrow.state_dict()['step1.0.weight'].clone()
    with pytest.raises(WeightsError, match='of another shape'):
        load_weights(narrow, {'model_state_dict': weights})
    assert torch.equal(narrow.state_dict()['step1.0.weight'], before)
    with pytest.raises(WeightsError, match='PFSRNetDiscriminator'):
        load_weights(PFSRNetDiscriminator(), {'model_state_dict': weights})
