# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which files may name a method: its room, its configs and its tests."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from mmfacesr.models import METHODS

ROOT = Path(__file__).resolve().parents[1]
REGISTRATION = ROOT / 'mmfacesr/models/__init__.py'
# `SPARNetHD` -> SPAR, Net, HD; `dic_x8` -> dic, x, 8.
WORD = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+')
LONGEST = 6


def names_of_methods() -> set[str]:
    """Lower-case names of the methods and of their classes."""
    exported = {
        name.lower()
        for room in METHODS
        for name in import_module(f'mmfacesr.models.{room}').__all__
        if name.lower().startswith(room)
    }
    return exported | {*METHODS, 'dicgan', 'sparnethd', 'sparnetlight'}


NAMES = names_of_methods()
GENERIC = sorted(
    path
    for folder in ('mmfacesr', 'tools')
    for path in (ROOT / folder).rglob('*.py')
    if not any(path.is_relative_to(REGISTRATION.parent / r) for r in METHODS)
    and path != REGISTRATION
)
SHARED_CONFIGS = sorted((ROOT / 'configs/_base_').rglob('*.py'))


def named_in(text: str) -> set[str]:
    """The methods that a text or an identifier names."""
    words = [word.lower() for word in WORD.findall(text)]
    return NAMES & {
        ''.join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, start + LONGEST + 1)
    }


def docstrings_of(tree: ast.AST) -> set[ast.Constant]:
    """Texts that stand alone: they may cite a paper or give an example."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Identifiers, modules and texts of a program, with their lines."""
    documentation = docstrings_of(tree)
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and type(node.value) is str
        if is_text and node not in documentation:
            yield node.lineno, node.value
        for _, value in ast.iter_fields(node):
            if isinstance(value, str) and not isinstance(node, ast.Constant):
                yield getattr(node, 'lineno', 0), value


def named_in_file(path: Path) -> list[str]:
    """Where a file names a method."""
    tree = ast.parse(path.read_text(encoding='utf-8'))
    return [
        f'{path.relative_to(ROOT)}:{line}: {text!r}'
        for line, text in texts_of(tree)
        if named_in(text)
    ]


@pytest.mark.parametrize(
    'path', GENERIC, ids=lambda path: str(path.relative_to(ROOT))
)
def test_generic_code_names_no_method(path: Path) -> None:
    assert named_in_file(path) == []


@pytest.mark.parametrize('path', SHARED_CONFIGS, ids=lambda path: path.stem)
def test_shared_configs_name_no_method(path: Path) -> None:
    assert named_in_file(path) == []


def test_the_reader_sees_names(tmp_path: Path) -> None:
    assert named_in('SPARNetHD') >= {'sparnethd', 'sparnet'}
    assert named_in('configs/dic/dic-small_x8.py') == {'dic'}
    assert named_in('PFSRNetDiscriminator and dictionaries') >= {'pfsrnet'}
    assert not named_in('dictionary of predictions, radical')
    path = ROOT / 'tests/test_house.py'
    assert any("'dicgan'" in line for line in named_in_file(path))
