# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Golden weights and inputs of WFEN."""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor


@pytest.fixture(scope='session')
def wfen_keys(golden: Path) -> dict[str, dict]:
    """Reference key -> shape, of the network as of every block."""
    read = {
        name: json.loads((golden / f'wfen/keys_{name}.json').read_text())
        for name in ('wfen', 'blocks')
    }
    return {'network': read['wfen'], **read['blocks']}


@pytest.fixture(scope='session')
def wfen_weights(
    golden: Path, fill: ModuleType, wfen_keys: dict
) -> Callable[[str], dict[str, Tensor]]:
    """Golden weights of the network or a block, with the Haar filters."""
    spec = importlib.util.spec_from_file_location(
        'golden_wfen_condition', golden / 'wfen/condition.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def weights(name: str) -> dict[str, Tensor]:
        filled = module.condition(fill.fill_state_dict(wfen_keys[name]))
        return {key: torch.from_numpy(value) for key, value in filled.items()}

    return weights


@pytest.fixture(scope='session')
def wfen_arrays(golden: Path) -> Callable[[str], dict[str, np.ndarray]]:
    """Golden arrays of a file."""

    def read(name: str) -> dict[str, np.ndarray]:
        with np.load(golden / f'wfen/{name}.npz') as file:
            return dict(file)

    return read


@pytest.fixture(scope='session')
def wfen_input(fill: ModuleType) -> Callable[..., Tensor]:
    """Golden input of a shape, in [-1, 1]."""

    def make(shape: tuple, seed: int = 0) -> Tensor:
        return torch.from_numpy(fill.image_batch(tuple(shape), seed) * 2 - 1)

    return make
