# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Imports point down, and only one file opens the door to MMagic."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmfacesr.models import METHODS

PACKAGE = Path(__file__).resolve().parents[1] / 'mmfacesr'
DOOR = 'mmfacesr.compat.mmagic_base'
HEAVY = ('mmagic', 'diffusers', 'transformers')
MOST_ENTRIES = 14

# A module imports what stands in a line above its own, and its own package.
FLOORS = (
    ('version', 'registry', 'utils'),
    ('weights', 'faces'),
    ('compat', 'datasets', 'evaluation.functional'),
    ('models.common',),
    tuple(f'models.{room}' for room in METHODS),
    ('models', 'evaluation'),
    ('models.identify', 'evaluation.metrics'),
    ('checkpoint',),
    ('engine', 'models.common.restorers'),
    tuple(
        f'models.{room}.{name}'
        for room, method in METHODS.items()
        for name in method.runtime
    ),
    ('models.runtime',),
    ('apis',),
)
# The longest matching name counts.
FLOOR_OF = {
    f'mmfacesr.{name}': floor
    for floor, names in enumerate(FLOORS)
    for name in names
}
LIGHT_FLOORS = 8
"""Floors below this one do without MMagic, but for these places."""
NEED_THE_BASE = (
    'mmfacesr.compat',
    'mmfacesr.evaluation.metrics',
    'mmfacesr.models.common.module_path',  # mmengine.model, for hooks
)


def place_of(module: str) -> str:
    """The declared place that a module belongs to."""
    names = module.split('.')
    for size in range(len(names), 1, -1):
        place = '.'.join(names[:size])
        if place in FLOOR_OF:
            return place
    raise AssertionError(f'{module} has no floor: declare it in FLOORS')


def module_files() -> list[tuple[str, Path]]:
    """All modules of the package but its root, with their files."""
    found = []
    for path in sorted(PACKAGE.rglob('*.py')):
        names = path.relative_to(PACKAGE.parent).with_suffix('').parts
        if names[-1] == '__init__':
            names = names[:-1]
        if len(names) > 1:
            found.append(('.'.join(names), path))
    return found


def imports_of(module: str, path: Path) -> Iterator[str]:
    """Full names of what a file imports, also inside functions."""
    package = module.split('.')
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
                file = PACKAGE.parent / name.replace('.', '/')
                is_module = file.is_dir() or file.with_suffix('.py').is_file()
                yield name if is_module else base


@pytest.mark.parametrize(
    'module, path',
    [pytest.param(*file, id=file[0]) for file in module_files()],
)
def test_imports_point_down(module: str, path: Path) -> None:
    own = place_of(module)
    for name in imports_of(module, path):
        if name.split('.')[0] in HEAVY:
            assert module == DOOR, f'{module} imports {name}'
        if not name.startswith('mmfacesr.'):
            continue
        other = place_of(name)
        assert other == own or FLOOR_OF[other] < FLOOR_OF[own], (
            f'{module} (floor {FLOOR_OF[own]}) imports {name} '
            f'(floor {FLOOR_OF[other]})'
        )


def room_of(module: str) -> str | None:
    """The method whose room a module is in."""
    names = module.split('.')
    is_room = names[1] == 'models' and len(names) > 2 and names[2] in METHODS
    return names[2] if is_room else None


@pytest.mark.parametrize('room', METHODS)
def test_rooms_do_not_import_each_other(room: str) -> None:
    for module, path in module_files():
        if room_of(module) == room:
            others = {
                room_of(name)
                for name in imports_of(module, path)
                if name.startswith('mmfacesr.')
            }
            assert others <= {room, None}, module


def test_front_door_imports_little() -> None:
    names = set(imports_of('mmfacesr', PACKAGE / '__init__.py'))
    assert {name for name in names if name.startswith('mmfacesr')} == {
        'mmfacesr.apis',
        'mmfacesr.compat.config_bases',
        'mmfacesr.version',
    }


def test_few_entries_at_the_top() -> None:
    entries = [
        path.name
        for path in PACKAGE.iterdir()
        if path.name != '__pycache__' and not path.name.startswith('.')
    ]
    assert len(entries) <= MOST_ENTRIES, sorted(entries)


def test_reader_sees_every_form(tmp_path: Path) -> None:
    source = (
        'import mmagic.models\n'
        'from ..registry import MODELS\n'
        'from .. import version\n'
        'def f():\n'
        '    from .other import thing\n'
        '    from mmfacesr.models import common\n'
    )
    path = tmp_path / 'part.py'
    path.write_text(source)
    assert set(imports_of('mmfacesr.models.part', path)) == {
        'mmagic.models',
        'mmfacesr.registry',
        'mmfacesr.version',
        'mmfacesr.models.other',
        'mmfacesr.models.common',
    }


def test_light_parts_leave_mmagic_alone() -> None:
    names = [
        module
        for module, _ in module_files()
        if FLOOR_OF[place_of(module)] < LIGHT_FLOORS
        and not module.startswith(NEED_THE_BASE)
        and module not in behind_the_door()
    ]
    # Not even mmengine.optim, which asks an installed transformers for one of
    # its optimizers.
    script = (
        'import importlib, json, sys\n'
        f'for name in {names!r}: importlib.import_module(name)\n'
        'print()\n'
        'print(json.dumps(sorted(sys.modules)))'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        env={
            **os.environ,
            'PYTHONPATH': os.pathsep.join(
                [str(PACKAGE.parent), os.environ.get('PYTHONPATH', '')]
            ).strip(os.pathsep),
        },
        text=True,
        stdout=subprocess.PIPE,
        check=True,
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert set(names) <= set(loaded)
    heavy = ('mmagic.models', 'mmagic.evaluation', 'diffusers', 'transformers')
    assert [name for name in loaded if name.startswith(heavy)] == []


def behind_the_door() -> set[str]:
    """Modules of the rooms that import the door themselves."""
    return {
        module
        for module, path in module_files()
        if room_of(module) and DOOR in imports_of(module, path)
    }
