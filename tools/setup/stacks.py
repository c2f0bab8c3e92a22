# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The tested stacks: their files, and the steps that install one.

``constraints/STACK.txt`` pins versions and is written by hand;
``locks/STACK.txt`` holds the hashes of all files of these versions and is
written by lock.py. Standard library only.
"""

from __future__ import annotations

from pathlib import Path

import mmcv_ops

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = ROOT / 'requirements'
STACKS = ('current', 'classic', 'newest')
WITH_OPS = 'full'  # the stack `current` with mmcv's ops compiled
OPS_TOOLS = ('ninja', 'psutil')
PIP_LOCK = REQUIREMENTS / 'locks' / 'pip.txt'


def constraints_of(stack: str) -> Path:
    """Return the file with the versions of a stack."""
    name = 'current' if stack == WITH_OPS else stack
    return REQUIREMENTS / 'constraints' / f'{name}.txt'


def lock_of(stack: str) -> Path:
    """Return the file with the versions and hashes of a stack."""
    return REQUIREMENTS / 'locks' / constraints_of(stack).name


def read_header(constraints: Path) -> dict[str, list[str]]:
    """Read the ``# key: value value`` lines at the top of a stack's file."""
    header: dict[str, list[str]] = {'python': [], 'without': []}
    for line in constraints.read_text().splitlines():
        key, _, value = line.lstrip('# ').partition(': ')
        if line.startswith('#') and key in header:
            header[key] = value.split()
    return header


def listed(*names: str) -> list[str]:
    """Return pip's options for files with requirements."""
    return [y for x in names for y in ('-r', str(REQUIREMENTS / x))]


def libraries(stack: str) -> list[str]:
    """List the files whose requirements are installed with all they need."""
    names = ['build.txt', 'torch.txt', 'runtime.txt', 'mim.txt', 'dev.txt']
    if 'mediapipe' not in read_header(constraints_of(stack))['without']:
        names.append('landmarks.txt')
    if stack != WITH_OPS:
        names.append('mmcv_lite.txt')
    return names


def plan(
    venv: Path, stack: str, torch_index: str, is_new_index: bool
) -> list[tuple[str, list[str]]]:
    """List titles and commands in their order."""
    python = str(venv / 'bin' / 'python')
    constraints = str(constraints_of(stack))
    pip = [python, '-m', 'pip', 'install', '--disable-pip-version-check']
    pip += ['--progress-bar', 'off']
    # Whatever is downloaded must be in the lock. What a build needs is there
    # already: pip would fetch it unchecked.
    hashed = ['--require-hashes', '--no-build-isolation']
    locked = [*pip, *hashed, '-c', str(lock_of(stack))]
    steps = [
        # The pip that comes with Python cannot read hashes of constraints.
        ('pip', [*pip, '--require-hashes', '-r', str(PIP_LOCK)]),
        ('build tools', [*locked, *listed('build.txt')]),
    ]
    if torch_index:
        unchecked = [*pip, '-c', constraints, *listed('torch.txt')]
        steps += torch_steps(unchecked, torch_index, is_new_index)
    if stack == WITH_OPS:
        before = [*listed('build.txt', 'torch.txt'), *OPS_TOOLS]
        steps += mmcv_ops.steps(locked, before)
    return [
        *steps,
        (
            'libraries (up to 3 GB to download)',
            [*locked, *listed(*libraries(stack))],
        ),
        (
            'MMagic and openmim',
            [*locked, '--no-deps', *listed('no_deps.txt')],
        ),
        (
            'mmfacesr itself, editable',
            [*pip, '--no-deps', '--no-build-isolation', '-e', str(ROOT)],
        ),
        (
            'check that it works',
            [python, str(HERE / 'verify.py'), stack, constraints],
        ),
    ]


def torch_steps(
    unchecked: list[str], index: str, is_new: bool
) -> list[tuple[str, list[str]]]:
    """Take torch from an index whose hashes nobody here knows."""
    # Only torch: what it needs may lie elsewhere.
    only = ['--no-deps', '--index-url', index]
    only += ['--force-reinstall'] if is_new else []
    return [
        ('torch of that index (no hashes: not checked)', unchecked + only),
        ('what that torch needs (not checked either)', unchecked),
    ]
