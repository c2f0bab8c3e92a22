# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Golden weights and inputs of SFMNet."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from mmfacesr.models.sfmnet import SFMNet
from mmfacesr.models.sfmnet.layouts import SFMNET_AUTHORS


@pytest.fixture(scope='session')
def sfmnet_keys(golden: Path) -> dict[str, dict]:
    """Reference key -> shape: of the network, blocks and discriminators."""
    read = {
        name: json.loads((golden / f'sfmnet/keys_{name}.json').read_text())
        for name in ('sfmnet', 'blocks', 'discriminators')
    }
    return {
        'network': read['sfmnet'],
        **read['blocks'],
        **read['discriminators'],
    }


@pytest.fixture(scope='session')
def sfmnet_weights(
    golden: Path, fill: ModuleType, sfmnet_keys: dict
) -> Callable[[str], dict[str, Tensor]]:
    """Golden weights under the authors' names."""
    spec = importlib.util.spec_from_file_location(
        'golden_sfmnet_condition', golden / 'sfmnet/condition.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def weights(name: str) -> dict[str, Tensor]:
        plain = fill.fill_state_dict(sfmnet_keys[name])
        filled = module.condition(plain)
        if name == 'frequency_block_plain_8':
            filled |= {k: v for k, v in plain.items() if '_fuse.' in k}
        return {key: torch.from_numpy(value) for key, value in filled.items()}

    return weights


@pytest.fixture(scope='session')
def sfmnet_arrays(golden: Path) -> Callable[[str], dict[str, np.ndarray]]:
    """Golden arrays of a file."""

    def read(name: str) -> dict[str, np.ndarray]:
        with np.load(golden / f'sfmnet/{name}.npz') as file:
            return dict(file)

    return read


@pytest.fixture(scope='session')
def sfmnet_input(fill: ModuleType) -> Callable[..., Tensor]:
    """Golden input of a shape, float64 in [0, 1]."""

    def make(shape: tuple, seed: int = 0) -> Tensor:
        return torch.from_numpy(fill.image_batch(tuple(shape), seed)).double()

    return make


@pytest.fixture(scope='session')
def golden_sfmnet(sfmnet_weights: Callable) -> SFMNet:
    """The released network with golden weights, in float64."""
    network, weights = SFMNet().eval(), sfmnet_weights('network')
    network.load_state_dict(
        {key: weights[SFMNET_AUTHORS.key(key)] for key in network.state_dict()}
    )
    return network.double()
