# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The finder starts each candidate; these are fake executables."""

import os
import subprocess
from pathlib import Path

import pytest

FINDER = Path(__file__).parents[2] / 'tools' / 'setup' / 'find_python.sh'
# The finder also looks into fixed folders, so the wanted version is one that
# no machine has there.
WANTED = '3.77'


def fake(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\n{body}\n')
    path.chmod(0o755)
    return path


def find(folder: Path, *versions: str, **env: str):
    path = f'{folder}{os.pathsep}/usr/bin{os.pathsep}/bin'
    return subprocess.run(
        ['sh', str(FINDER), *versions],
        env={'PATH': path, 'HOME': str(folder / 'home'), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_shim_that_fails_is_passed_over(tmp_path):
    fake(tmp_path, f'python{WANTED}', 'echo "command not found" >&2; exit 127')
    good = fake(
        tmp_path,
        f'home/.pyenv/versions/{WANTED}.5/bin/python{WANTED}',
        f'echo {WANTED}',
    )
    found = find(tmp_path, WANTED)
    assert found.returncode == 0
    assert found.stdout.strip() == str(good)


def test_wrong_version_is_refused_and_listed(tmp_path):
    fake(tmp_path, f'python{WANTED}', 'exit 1')
    fake(tmp_path, 'python3', 'echo 3.5')
    found = find(tmp_path, WANTED)
    assert found.returncode == 1
    assert found.stdout == ''
    assert f'python{WANTED}: does not start' in found.stderr
    assert 'python3: 3.5' in found.stderr


def test_first_wanted_version_wins(tmp_path):
    fake(tmp_path, 'python3.78', 'echo 3.78')
    first = fake(tmp_path, 'python3.77', 'echo 3.77')
    found = find(tmp_path, '3.77', '3.78')
    assert found.stdout.strip() == str(first)


@pytest.mark.parametrize('body', ['exit 1', 'echo 3.5'])
def test_named_python_is_never_replaced(tmp_path, body):
    fake(tmp_path, f'python{WANTED}', f'echo {WANTED}')
    named = fake(tmp_path, 'mine', body)
    found = find(tmp_path, WANTED, PYTHON=str(named))
    assert found.returncode == 1
    assert f'PYTHON={named} is not usable' in found.stderr


def test_unknown_stack_is_refused(tmp_path):
    done = subprocess.run(
        ['sh', str(FINDER.parent / 'install.sh'), 'nosuch', str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "got 'nosuch'" in done.stderr
