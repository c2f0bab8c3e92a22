# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of photos."""

import numpy as np
import pytest

from mmfacesr.utils import photos


@pytest.fixture
def array() -> np.ndarray:
    """(48, 64, 3) uint8, smooth."""
    rows, columns = np.mgrid[0:48, 0:64]
    return np.stack([5 * rows, 4 * columns, rows + columns], 2).astype('u1')


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """What is logged."""
    lines = []
    monkeypatch.setattr(
        photos, 'print_log', lambda text, *_: lines.append(text)
    )
    return lines
