# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of the command."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where downloads go; not made yet."""
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path / 'weights'))
    return tmp_path / 'weights'
