# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Configs of others that inherit from ours by package name."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config

import mmfacesr  # noqa: F401 (all that it takes)

BASE = 'dic/dic_x8c48b6_1xb8-150k_celeba.py'
GONE = 'this mend is no longer needed'
READ = """
import sys
{imports}
assert 'torch' not in sys.modules
config = Config.fromfile(sys.argv[1], import_custom_modules=False)
sys.stdout.write(config.model.type)
"""


def child_of(base: str, folder: Path) -> Path:
    path = folder / 'child.py'
    path.write_text(f"_base_ = ['mmfacesr::{base}']\nmine = _base_.model\n")
    return path


def test_fault_of_the_base(unmended: dict[str, str]) -> None:
    assert 'mmfacesr' in str(unmended['config_package']), GONE


@pytest.mark.filterwarnings('error')
def test_base_by_package_is_the_base_by_path(
    repo: Path, tmp_path: Path
) -> None:
    """No `_scope_` is written into it: no registry of ours has one."""
    inherited, plain = (
        Config.fromfile(path, import_custom_modules=False).to_dict()
        for path in (child_of(BASE, tmp_path), repo / 'configs' / BASE)
    )
    assert inherited == {**plain, 'mine': plain['model']}


@pytest.mark.parametrize(
    'imports',
    [
        'import mmfacesr\nfrom mmengine.config import Config',
        'from mmengine import Config\nimport mmfacesr.version',
        'import mmfacesr.registry\nfrom mmengine import Config',
    ],
    ids=['before mmengine', 'after mmengine', 'a module that needs mmengine'],
)
def test_importing_us_is_enough(
    run: Callable, tmp_path: Path, imports: str
) -> None:
    program = tmp_path / 'program.py'
    program.write_text(READ.format(imports=imports))
    child = child_of(BASE, tmp_path)
    assert run(['-W', 'error', str(program), str(child)]) == 'DICRestorer'


def test_importing_us_imports_nothing_of_the_base(run: Callable) -> None:
    program = "import sys, mmfacesr; print('mmengine' in sys.modules)"
    assert run(['-c', program]).strip() == 'False'


def test_other_packages_are_left_to_mmengine(tmp_path: Path) -> None:
    path = tmp_path / 'child.py'
    path.write_text("_base_ = 'mmnosuch::a/b.py'")
    with pytest.raises(AssertionError, match='mmnosuch'):
        Config.fromfile(path)


def test_wrong_base_is_named_with_what_is_like_it(tmp_path: Path) -> None:
    child = child_of('dic/dic_x8c48b6_1xb8-150k_celebb.py', tmp_path)
    with pytest.raises(FileNotFoundError, match='celebb.py') as error:
        Config.fromfile(child)
    assert f'Like it: {BASE}' in str(error.value)
