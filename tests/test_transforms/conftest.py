# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Golden arrays of the data transforms."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope='session')
def degraded(golden: Path) -> dict:
    """A face and each step of the blind degradation applied to it."""
    with np.load(golden / 'sparnet/degradation.npz') as file:
        return dict(file)


@pytest.fixture(scope='session')
def celeba(golden: Path) -> dict:
    """A face, a crop of it, and its small and enlarged images."""
    with np.load(golden / 'sparnet/celeba_eval.npz') as file:
        return dict(file)
