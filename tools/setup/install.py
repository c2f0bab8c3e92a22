# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make or complete the project's virtual environment.

Started by install.sh with a Python that starts; standard library only. Can
be interrupted and run again: pip leaves alone what is installed already, and
nothing is done when no requirement has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import signal
import subprocess
import sys
import time
from pathlib import Path

import checks
from commands import CommandError, run_logged, show
from stacks import (
    HERE,
    PIP_LOCK,
    REQUIREMENTS,
    ROOT,
    WITH_OPS,
    constraints_of,
    lock_of,
    plan,
    read_header,
)


class InstallError(RuntimeError):
    """Something is in the way; the message says what and the remedy."""


def python_version(python: Path) -> str | None:
    """Return the version of another Python; None if it does not start."""
    code = 'import sys, pip; print("%d.%d" % sys.version_info[:2])'
    try:
        done = subprocess.run(
            [str(python), '-c', code],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def venv_state(venv: Path, stack: str, wanted: list[str]) -> str:
    """Look at what is at the environment's place.

    Returns:
        str: 'usable', 'absent', 'broken' (an environment whose Python does
        not start or has no pip).

    Raises:
        InstallError: If it is something that must not be overwritten.
    """
    remedy = f'Remove it (rm -r {venv}) or choose another place: VENV='
    if venv.is_symlink() and not venv.exists():
        raise InstallError(f'{venv} is a link that leads nowhere. {remedy}')
    if not venv.exists() or venv.is_dir() and not any(venv.iterdir()):
        return 'absent'
    if not (venv / 'pyvenv.cfg').is_file():
        raise InstallError(
            f'{venv} exists and is not a virtual environment. '
            'Choose another place: VENV='
        )
    found = remembered(venv, 'stack') or stack
    if found != stack:
        raise InstallError(
            f'{venv} holds the stack {found}, expected {stack}. {remedy}'
        )
    version = python_version(venv / 'bin' / 'python')
    if version is None:
        return 'broken'
    if version not in wanted:
        raise InstallError(
            f'{venv} has Python {version}, expected '
            f'{" or ".join(wanted)}. {remedy}'
        )
    return 'usable'


def remembered(venv: Path, name: str) -> str:
    """Read what an earlier call wrote down; '' if nothing."""
    file = venv / '.mmfacesr' / name
    return file.read_text() if file.is_file() else ''


def remember(venv: Path, name: str, text: str) -> None:
    """Write a small file atomically."""
    folder = venv / '.mmfacesr'
    folder.mkdir(exist_ok=True)
    (folder / f'{name}.part').write_text(text)
    os.replace(folder / f'{name}.part', folder / name)


def inputs(stack: str, venv: Path, torch_index: str) -> str:
    """Hash all that an installation depends on."""
    files = [
        constraints_of(stack),
        lock_of(stack),
        PIP_LOCK,
        *sorted(REQUIREMENTS.glob('*.txt')),
        *sorted(HERE.glob('*')),
        *(ROOT / name for name in ('setup.py', 'pyproject.toml')),
        ROOT / 'model-index.yml',
    ]
    # An editable install registers each of these, by its name.
    registered = sorted(
        str(path)
        for folder in ('configs', 'tools')
        for path in (ROOT / folder).rglob('*.py')
    )
    texts = [path.read_text() for path in files if path.is_file()]
    text = '\n'.join([stack, str(venv), torch_index, *texts, *registered])
    return hashlib.sha256(text.encode()).hexdigest()


def install(stack: str, venv: Path, torch_index: str) -> None:
    """Bring an environment to the state that its stack wants."""
    wanted = read_header(constraints_of(stack))['python']
    state = venv_state(venv, stack, wanted)
    known_index = remembered(venv, 'torch_index')
    torch_index = torch_index or known_index
    wanted_state = inputs(stack, venv, torch_index)
    if state == 'usable' and remembered(venv, 'installed') == wanted_state:
        show(f'{venv} is up to date (stack {stack}).\n')
        return
    check_machine(wanted, venv, stack, torch_index)
    if state != 'usable':
        make_venv(venv, state)
    # Unfinished: torch may still be that of another index.
    is_finished = bool(remembered(venv, 'installed'))
    is_new_index = torch_index != known_index or not is_finished
    steps = plan(venv, stack, torch_index, is_new_index)
    remember(venv, 'installed', '')
    remember(venv, 'stack', stack)
    remember(venv, 'torch_index', torch_index)
    run_steps(steps, venv / 'install.log')
    remember(venv, 'installed', wanted_state)
    show(f'Ready: {venv} (stack {stack}). Next: make quickstart\n')


def make_venv(venv: Path, state: str) -> None:
    """Make the environment anew."""
    if state == 'broken':
        show(f'The Python in {venv} does not start: making it again.\n')
    subprocess.run(
        [sys.executable, '-m', 'venv', '--clear', str(venv)], check=True
    )


def check_machine(
    wanted: list[str], venv: Path, stack: str, torch_index: str
) -> None:
    """Stop with a list of all that is missing on the machine."""
    kind = 'cpu' if 'cpu' in torch_index else 'default'
    has_torch = any(venv.glob('lib/*/site-packages/torch/version.py'))
    need = 1 if has_torch else checks.VENV_GIB[kind]
    lacking = checks.missing(wanted, venv, need, stack == WITH_OPS)
    if lacking:
        raise InstallError(
            'Missing on this machine:\n  - ' + '\n  - '.join(lacking)
        )


def run_steps(steps: list[tuple[str, list[str]]], log: Path) -> None:
    """Run commands, each with its time."""
    show(f'Python {platform.python_version()}; full log: {log}\n')
    for number, (title, command) in enumerate(steps, 1):
        show(f'[{number}/{len(steps)}] {title} ...\n')
        began = time.monotonic()
        run_logged(command, log)
        show(f'      done in {time.monotonic() - began:.0f} s\n')


def main() -> int:
    """Read the options, install, and turn errors into messages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--stack', required=True)
    parser.add_argument('--venv', type=Path, required=True)
    parser.add_argument('--torch-index', default='')
    args = parser.parse_args()
    # A terminated installation cleans up like an interrupted one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        install(args.stack, args.venv.absolute(), args.torch_index)
    except (InstallError, CommandError) as error:
        show(
            f'\n{error}\nThe installation is not complete. Fix this and run '
            'it again: it continues where it stopped.\n'
        )
        return 1
    except KeyboardInterrupt:
        show('\nInterrupted. Run it again: it continues where it stopped.\n')
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
