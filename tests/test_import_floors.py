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

PACKAGE = Path(__file__).resolve().parents[1] / 'mmfacesr'

# The longest matching name counts. What a floor holds may import lower
# floors; on floor 1 the parts must not import each other.
FLOORS = {
    0: (
        'version',
        'utils',
        'project_files',
        'config_bases',
        'registry',
        'landmark_schemes',
        'image_formats',
        'landmark_checks',
        'image_io',
        'landmark_table',
        'landmark_drawing',
        'data_root',
        'data_splits',
        'framing',
        'visualization',
        'weights',
        'progressive_schedule',
        'models.module_path',
        'models.frozen_network',
        'models.networks.layers',
        'models.networks.size_requirement',
    ),
    1: (
        'compat',
        'models',
        'models.networks',
        'models.heads',
        'models.losses',
        'evaluation',
        'evaluation.functional',
    ),
    2: (
        'mmagic_base',
        'checkpoint',
        'weights.identify',
        'datasets',
        'evaluation.metrics',
        'engine',
        'conversion',
        'landmark_detection',
        'face_finder',
    ),
    3: ('models.restorers',),
    4: ('apis', 'cli'),
}
PART_FLOORS = {
    f'mmfacesr.{part}': floor
    for floor, parts in FLOORS.items()
    for part in parts
}
HEAVY = ('mmagic', 'diffusers', 'transformers')
DOORS = ('mmfacesr.compat.mmagic_base',)
LIGHT_PARTS = (
    'models.networks',
    'models.heads',
    'models.losses',
    'datasets',
    'evaluation.functional',
    'checkpoint',
    'landmark_detection',
    'landmark_table',
    'face_finder',
    'registry',
)


def part_of(module: str) -> str:
    """The declared part that a module belongs to."""
    names = module.split('.')
    for size in range(len(names), 1, -1):
        part = '.'.join(names[:size])
        if part in PART_FLOORS:
            return part
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
    own = part_of(module)
    floor = PART_FLOORS[own]
    for name in imports_of(module, path):
        if name.split('.')[0] in HEAVY:
            assert module in DOORS, f'{module} imports {name}'
        inside = name == own or name.startswith((f'{own}.', f'{module}.'))
        if inside or not name.startswith('mmfacesr.'):
            continue
        other = PART_FLOORS[part_of(name)]
        assert other < floor or other == floor != 1, (
            f'{module} (floor {floor}) imports {name} (floor {other})'
        )


def test_reader_sees_every_form(tmp_path: Path) -> None:
    source = (
        'import mmagic.models\n'
        'from ..registry import MODELS\n'
        'from .. import version\n'
        'def f():\n'
        '    from .other import thing\n'
        '    from mmfacesr.models import restorers\n'
    )
    path = tmp_path / 'part.py'
    path.write_text(source)
    assert set(imports_of('mmfacesr.models.part', path)) == {
        'mmagic.models',
        'mmfacesr.registry',
        'mmfacesr.version',
        'mmfacesr.models.other',
        'mmfacesr.models.runtime',
    }


def test_light_parts_leave_mmagic_alone() -> None:
    names = [
        module
        for module, _ in module_files()
        if module.startswith(tuple(f'mmfacesr.{p}' for p in LIGHT_PARTS))
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
