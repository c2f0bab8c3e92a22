# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Loads the modules of the installer, which are no package."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

SETUP = Path(__file__).parents[2] / 'tools' / 'setup'


def load(name: str) -> ModuleType:
    sys.path.insert(0, str(SETUP))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(SETUP))


@pytest.fixture(scope='session')
def commands() -> ModuleType:
    return load('commands')


@pytest.fixture(scope='session')
def mmcv_ops() -> ModuleType:
    return load('mmcv_ops')


@pytest.fixture(scope='session')
def checks() -> ModuleType:
    return load('checks')


@pytest.fixture(scope='session')
def install() -> ModuleType:
    return load('install')


@pytest.fixture(scope='session')
def stacks() -> ModuleType:
    return load('stacks')


@pytest.fixture(scope='session')
def licenses() -> ModuleType:
    return load('licenses')


@pytest.fixture(scope='session')
def sbom() -> ModuleType:
    return load('sbom')


@pytest.fixture(scope='session')
def verify() -> ModuleType:
    return load('verify')
