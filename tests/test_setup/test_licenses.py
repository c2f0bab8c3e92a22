# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every package has a license that is allowed, or a reason."""

import ast
import re
from pathlib import Path

import pytest


def write_package(folder: Path, name: str, lines: str) -> None:
    info = folder / f'{name}-1.0.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text(f'Name: {name}\nVersion: 1.0\n{lines}\n')


def test_what_is_installed_is_allowed(licenses):
    found = licenses.installed()
    assert {'torch', 'mmagic', 'numpy', 'pytest'} <= set(found)
    assert [y for x in found.items() if (y := licenses.problem(*x))] == []


def test_table_lists_every_package(licenses):
    listed = licenses.listed()
    assert set(listed) == licenses.known()
    if licenses.stack_here() in ('current', 'full'):
        found = licenses.installed()
        differ = {x: found[x] for x in found if found[x] != listed[x]}
        assert not differ, 'run tools/setup/licenses.py'
    text = licenses.TABLE.read_text()
    rows = ''.join(licenses.row(*x) for x in sorted(listed.items()))
    assert text == licenses.HEADER + rows


def test_packages_of_extras_are_known(licenses, repo):
    tree = ast.parse((repo / 'setup.py').read_text())
    (extras,) = (
        ast.literal_eval(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == 'extras_require'
    )
    names = {re.match(r'[\w.-]+', y)[0] for x in extras.values() for y in x}
    assert {licenses.normalized(name) for name in names} <= licenses.known()


@pytest.mark.parametrize(
    'lines, fault',
    [
        ('License-Expression: MIT', None),
        ('License-Expression: GPL-3.0-only OR Apache-2.0 AND MIT', None),
        ('License: Apache 2.0', None),
        ('License: UNKNOWN\nClassifier: License :: OSI :: MIT License', None),
        ('License: a\n        b\nClassifier: License :: MIT License', None),
        ('License-Expression: GPL-3.0-only AND MIT', 'GPL-3.0-only AND MIT'),
        ('License-Expression: (MIT OR ISC) AND X', '(MIT OR ISC) AND X'),
        ('License: GPL-2.0-only', 'GPL-2.0-only'),
        ('License: Free for research', 'Free for research'),
        ('License: UNKNOWN', 'unknown'),
        ('', 'unknown'),
    ],
)
def test_licenses_that_a_package_may_say(
    licenses, tmp_path, record_trials, lines, fault
):
    write_package(tmp_path, 'Lazy.Loader', lines)
    ((name, license),) = licenses.installed([str(tmp_path)]).items()
    message = licenses.problem(name, license)
    if fault is None:
        assert message is None
        return
    is_named = f'lazy-loader: expected an allowed license, got {fault!r}'
    is_found = (message or '').startswith(is_named)
    record_trials('supply chain', 'forbidden license', 1, is_found)
    assert is_found


def test_exception_is_for_one_license(licenses):
    assert licenses.problem('codespell', 'GPL-2.0-only') is None
    assert licenses.problem('codespell', 'GPL-3.0-only')
    assert licenses.problem('other', 'GPL-2.0-only')
    assert (
        licenses.problem('nvidia-any', 'LicenseRef-NVIDIA-Proprietary') is None
    )
    reasons = [x['reason'] for x in licenses.RULES['exceptions'].values()]
    assert all(reasons)
