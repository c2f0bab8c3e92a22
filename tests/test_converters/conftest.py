# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Converters are scripts: they are loaded by path and run by their main."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def converter(repo) -> Callable[[str], ModuleType]:
    """Load tools/dataset_converters/<name>/prepare_<name>.py."""

    def load(name: str) -> ModuleType:
        path = repo / f'tools/dataset_converters/{name}/prepare_{name}.py'
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


@pytest.fixture
def run_main(monkeypatch) -> Callable[..., None]:
    """Run a converter's main with command-line arguments."""

    def run(module: ModuleType, *args: str | Path) -> None:
        argv = [module.__name__, *map(str, args)]
        monkeypatch.setattr(sys, 'argv', argv)
        module.run(module.main)

    return run


@pytest.fixture
def make_images() -> Callable[..., None]:
    """Write noise images of (h, w) under the given names."""

    def make(root: Path, names: list[str], size: tuple = (24, 20)) -> None:
        for seed, name in enumerate(names):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(seed).integers(
                0, 256, (*size, 3), dtype=np.uint8
            )
            Image.fromarray(pixels).save(root / name)

    return make
