# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""MMagic's import on the installed stack, with and without the mends."""

import importlib
import json
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Optional

import numpy as np
import pytest

from mmfacesr.compat import mmagic_imports
from mmfacesr.compat.mends import mend

HERE = Path(__file__).resolve().parent
GONE = 'this mend is no longer needed'


@pytest.fixture(scope='module')
def bare(run: Callable[..., str]) -> dict[str, Optional[str]]:
    """How MMagic's faults show on the installed versions."""
    out = run([str(HERE / 'unmended_mmagic.py')])
    return json.loads(out.splitlines()[-1])


@pytest.fixture(scope='module')
def mended(run: Callable[..., str]) -> dict:
    """A fresh process that imports MMagic through our door."""
    out = run(
        [
            '-W',
            'error',
            '-c',
            """
import json, sys, time
start = time.time()
from mmfacesr.compat import mmagic_base
seconds = time.time() - start
first = mmagic_base.DataPreprocessor(non_image_keys='mine')
second = mmagic_base.DataPreprocessor()
print()
print(json.dumps(dict(
    seconds=seconds,
    names=[n for n in mmagic_base.__all__ if not hasattr(mmagic_base, n)],
    models='mmagic.models' in sys.modules,
    first=first._NON_IMAGE_KEYS,
    second=second._NON_IMAGE_KEYS)))
""",
        ]
    )
    return json.loads(out.splitlines()[-1])


def test_faults_of_the_base(bare: dict[str, Optional[str]]) -> None:
    assert '2.2.0' in bare['ceiling'], GONE
    assert bare['models'], f'{GONE}: neither a failure nor a warning'
    assert bare.get('leaked_keys', 'leaked'), GONE
    assert 'prepare' in (bare.get('plain_metric', 'prepare') or ''), GONE


@pytest.mark.parametrize('moved', sorted(mmagic_imports.MOVED_MODULES))
def test_moved_modules_are_where_we_say(
    moved: str, bare: dict[str, Optional[str]], run: Callable[..., str]
) -> None:
    if bare[moved] is None:
        pytest.skip(f'the installed diffusers still has {moved}')
    run(
        [
            '-c',
            'import importlib; from mmfacesr.compat.mends import mend; '
            f'mend(); importlib.import_module({moved!r})',
        ]
    )


def test_import_is_silent_and_complete(mended: dict) -> None:
    # Python ran with every warning as an error
    assert mended['models'] and mended['names'] == []


def test_preprocessor_keeps_its_keys(mended: dict) -> None:
    assert mended['first'] == ['noise', 'mine']
    assert mended['second'] == ['noise']


def test_numpy_name(unmended: dict[str, Optional[str]]) -> None:
    assert 'bool8' in str(unmended['numpy_bool8']), GONE
    mend()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert np.bool8 is np.bool_


def test_moved_module_is_one_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mend()
    mend()
    (tmp_path / 'toypackage/new').mkdir(parents=True)
    (tmp_path / 'toypackage/__init__.py').write_text('')
    (tmp_path / 'toypackage/new/__init__.py').write_text('')
    (tmp_path / 'toypackage/new/part.py').write_text('value = object()')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(
        mmagic_imports.MOVED_MODULES, 'toypackage.part', 'toypackage.new.part'
    )
    former = importlib.import_module('toypackage.part')
    today = importlib.import_module('toypackage.new.part')
    assert former is today
    assert today.__spec__.name == 'toypackage.new.part'
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('toypackage.other')


def test_newer_mmcv_is_accepted(run: Callable[..., str]) -> None:
    run(
        [
            '-c',
            'import mmcv; mmcv.__version__ = "2.2.0"; '
            'from mmfacesr.compat.mends import mend; mend(); '
            'import mmagic; assert mmcv.__version__ == "2.2.0"',
        ]
    )


def test_mending_twice_changes_nothing() -> None:
    from mmengine.runner import Runner

    mend()
    mended, finders = Runner.wrap_model, list(sys.meta_path)
    mend()
    assert Runner.wrap_model is mended
    assert sys.meta_path == finders
