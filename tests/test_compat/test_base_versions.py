# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The message about missing packages names each with its remedy."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError

import pytest

from mmfacesr.compat import base_versions
from mmfacesr.compat.base_versions import check_base


def test_this_environment_passes() -> None:
    check_base()


def test_all_faults_are_listed_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def version(name: str) -> str:
        if name == 'mmagic':
            raise PackageNotFoundError(name)
        return {'torch': '1.13.1', 'mmcv': '2.0.1', 'mmengine': '0.10.7'}[name]

    monkeypatch.setattr(base_versions, 'version', version)
    with pytest.raises(ImportError) as error:
        check_base()
    text = str(error.value)
    assert 'torch >= 2.1, got 1.13.1' in text
    assert 'mmagic >= 1.2, got nothing: pip install' in text
    assert 'mmcv >= 2.1, got 2.0.1: pip install mmcv-lite' in text
    assert 'mmengine' not in text.replace('OpenMMLab', '')


def test_without_mmcv_its_installation_is_named(
    run: Callable[..., str],
) -> None:
    out = run(
        [
            '-c',
            'import importlib.metadata, sys\n'
            'found = importlib.metadata.version\n'
            'def version(name):\n'
            '    if name.startswith("mmcv"):\n'
            '        raise importlib.metadata.PackageNotFoundError(name)\n'
            '    return found(name)\n'
            'importlib.metadata.version = version\n'
            'sys.modules["mmcv"] = None\n'
            'for name in ("mends", "mmagic_base"):\n'
            '    try:\n'
            '        __import__(f"mmfacesr.compat.{name}")\n'
            '        sys.modules["mmfacesr.compat.mends"].mend()\n'
            '    except ImportError as error:\n'
            '        print(error)',
        ]
    )
    assert out.count('pip install mmcv-lite==2.1.0') == 2


@pytest.mark.parametrize('installed', ['mmcv', 'mmcv-lite'])
def test_mmcv_with_and_without_ops(
    installed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        if name.startswith('mmcv') and name != installed:
            raise PackageNotFoundError(name)
        return '99'

    monkeypatch.setattr(base_versions, 'version', version)
    check_base()
