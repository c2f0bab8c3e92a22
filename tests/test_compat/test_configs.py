# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Configs of others that inherit from ours by package name."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmfacesr.compat import mend

GONE = 'this mend is no longer needed'


def test_fault_of_the_base(unmended: dict[str, str]) -> None:
    assert 'mmfacesr' in str(unmended['config_package']), GONE


def test_base_is_found_by_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend()
    package = tmp_path / 'mmfacesr'
    (package / '.mim/configs/_base_').mkdir(parents=True)
    (package / '.mim/configs/_base_/base.py').write_text('a = 1')
    (package / '.mim/model-index.yml').write_text('Import: []')
    # where the package is installed is pip's matter, not the table's
    monkeypatch.setattr(
        'mmengine.config.config.get_installed_path', lambda name: str(package)
    )
    monkeypatch.setattr(
        'mmengine.config.config.is_installed', lambda name: True
    )
    (tmp_path / 'leaf.py').write_text("_base_ = 'mmfacesr::_base_/base.py'")
    assert Config.fromfile(tmp_path / 'leaf.py').a == 1
