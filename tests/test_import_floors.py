# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Imports point down, and only one file opens the door to MMagic."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from mmfacesr.models import ROOMS

PACKAGE = Path(__file__).resolve().parents[1] / 'mmfacesr'
MOST_ENTRIES = 14

# Lowest first. A part imports itself and parts of lower floors; the longest
# name that fits a module counts. 'models.*' are the rooms of the methods:
# what their __init__ imports is light, the other modules are 'runtime'.
FLOORS = (
    ('version', 'registry', 'utils'),
    ('weights',),
    ('faces',),
    ('datasets', 'evaluation.functional'),
    ('evaluation',),
    ('models.common',),
    ('models.*',),
    ('models',),
    ('checkpoint',),
    # From here on MMagic may be imported, through compat.mmagic_base.
    ('compat',),
    ('engine', 'evaluation.metrics', 'models.common.restorers'),
    ('models.* runtime',),
    ('models.runtime',),
    ('apis',),
    ('deploy',),
    ('apis.restoring.starting',),
    # Commands.
    (
        'apis.restoring.command',
        'apis.evaluating.command',
        'apis.comparing.command',
        'apis.reporting.command',
        'apis.lr_images.command',
        'apis.robustness.command',
        'apis.videos.command',
        'apis.web.command',
    ),
    ('apis.cli',),
)
FLOOR_OF = {part: i for i, parts in enumerate(FLOORS) for part in parts}
HEAVY = ('mmagic', 'diffusers', 'transformers')
DOOR = 'compat.mmagic_base'


def module_files() -> dict[str, Path]:
    """Module below mmfacesr -> its file; mmfacesr itself is the roof."""
    found = {}
    for path in sorted(PACKAGE.rglob('*.py')):
        names = path.relative_to(PACKAGE).with_suffix('').parts
        names = names[:-1] if names[-1] == '__init__' else names
        found['.'.join(names)] = path
    del found['']
    return found


MODULES = module_files()


def imports_of(module: str, path: Path) -> Iterator[str]:
    """Full names of what a file imports, also inside functions."""
    package = ['mmfacesr', *module.split('.')]
    if path.name != '__init__.py':
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level]
            base = '.'.join(
                (above if node.level else [])
                + ([node.module] if node.module else [])
            )
            for alias in node.names:
                # `from package import module` names a module, else a thing
                name = f'{base}.{alias.name}'
                is_module = name.removeprefix('mmfacesr.') in MODULES
                yield name if is_module else base


def own_imports(module: str) -> set[str]:
    """Modules below mmfacesr that a module of it imports."""
    return {
        name.removeprefix('mmfacesr.')
        for name in imports_of(module, MODULES[module])
        if name.startswith('mmfacesr.')
    }


@cache
def light_modules(room: str) -> set[str]:
    """The room's __init__ and all modules of the room that it reaches."""
    found, new = set(), {f'models.{room}'}
    while new:
        found |= new
        reached = set().union(*map(own_imports, new))
        new = {m for m in reached if m.startswith(f'models.{room}.')} - found
    return found


def part_of(module: str) -> tuple[str, int]:
    """The part that a module belongs to, and the part's floor."""
    names = module.split('.')
    if names[0] == 'models' and names[1:] and names[1] in ROOMS:
        part = f'models.{names[1]}'
        if module in light_modules(names[1]):
            return part, FLOOR_OF['models.*']
        return f'{part} runtime', FLOOR_OF['models.* runtime']
    for size in range(len(names), 0, -1):
        part = '.'.join(names[:size])
        if part in FLOOR_OF:
            return part, FLOOR_OF[part]
    raise AssertionError(f'{module} has no floor: add its part to FLOORS')


@pytest.mark.parametrize('module', MODULES)
def test_imports_point_down(module: str) -> None:
    part, floor = part_of(module)
    for name in own_imports(module):
        other, below = part_of(name)
        assert other == part or below < floor, (
            f'{module} (floor {floor}) imports {name} (floor {below})'
        )


def test_rooms_do_not_import_each_other() -> None:
    for room in ROOMS:
        others = tuple(f'models.{other}.' for other in ROOMS if other != room)
        for module in MODULES:
            if f'{module}.'.startswith(f'models.{room}.'):
                found = [
                    n
                    for n in own_imports(module)
                    if f'{n}.'.startswith(others)
                ]
                assert found == [], module


def test_one_door_to_mmagic() -> None:
    users = {
        module
        for module, path in MODULES.items()
        for name in imports_of(module, path)
        if name.split('.')[0] in HEAVY
    }
    assert users == {DOOR}


def test_reader_sees_every_form(tmp_path: Path) -> None:
    source = (
        'import mmagic.models\n'
        'from ..registry import MODELS\n'
        'from .. import version\n'
        'def f():\n'
        '    from .other import thing\n'
        '    from mmfacesr.models import runtime\n'
    )
    path = tmp_path / 'part.py'
    path.write_text(source)
    assert set(imports_of('models.part', path)) == {
        'mmagic.models',
        'mmfacesr.registry',
        'mmfacesr.version',
        'mmfacesr.models.other',
        'mmfacesr.models.runtime',
    }


def loaded_by(*names: str) -> set[str]:
    """Modules that a fresh interpreter holds after importing names."""
    script = (
        'import importlib, json, sys\n'
        f'for name in {names!r}: importlib.import_module(name)\n'
        'print()\n'
        'print(json.dumps(sorted(sys.modules)))'
    )
    path = [str(PACKAGE.parent), os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [sys.executable, '-c', script],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(path).strip(os.pathsep),
        },
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert set(names) <= loaded
    return loaded


def test_floors_below_compat_leave_mmagic_alone() -> None:
    names = [
        f'mmfacesr.{module}'
        for module in MODULES
        if part_of(module)[1] < FLOOR_OF['compat']
    ]
    assert 'mmfacesr.checkpoint' in names
    # Not even mmengine.optim, which asks an installed transformers for one of
    # its optimizers.
    heavy = ('mmagic.models', 'mmagic.evaluation', 'diffusers', 'transformers')
    assert [n for n in loaded_by(*names) if n.startswith(heavy)] == []


def test_front_door_imports_little() -> None:
    heavy = {'torch', 'mmengine', 'mmcv', 'mmagic', 'cv2', 'numpy'}
    assert heavy & loaded_by('mmfacesr') == set()


def test_few_entries_at_the_top() -> None:
    entries = [
        path.name
        for path in PACKAGE.iterdir()
        if path.name != '__pycache__' and not path.name.startswith('.')
    ]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)
