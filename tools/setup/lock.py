# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write the hashes of all files of the versions that the stacks pin.

Run it after a change of requirements/: ``python tools/setup/lock.py``. It asks
the package index, by uv (``pip install uv``), for a few seconds a stack;
UV_DEFAULT_INDEX names another index. Files of a version never change, so an
unchanged stack gives the same lock, and a difference is worth a question.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from stacks import (
    OPS_TOOLS,
    PIP_LOCK,
    REQUIREMENTS,
    STACKS,
    constraints_of,
    libraries,
    lock_of,
    read_header,
)

# The stacks are tested on Linux on x86-64, and mediapipe is there for no
# other Linux. The hashes are those of all platforms.
PLATFORM = 'x86_64-unknown-linux-gnu'
HEADER = '# Written by tools/setup/lock.py; do not edit.\n'
COMPILE = (
    'pip compile - --quiet --no-header --no-annotate --generate-hashes '
    f'--python-platform {PLATFORM}'
)


def read_names(files: list[str]) -> list[str]:
    """Read the lines of files with requirements, without comments."""
    lines = [
        line
        for name in files
        for line in (REQUIREMENTS / name).read_text().splitlines()
    ]
    return [line for line in lines if line and not line.startswith('#')]


def resolve(stack: str, python: str, names: list[str], *options: str) -> str:
    """Ask uv for versions and hashes.

    Returns:
        str: Lines as ``name==version --hash=sha256:...``.

    Raises:
        SystemExit: If there is no uv, or no set of versions.
    """
    if shutil.which('uv') is None:
        raise SystemExit('Expected the program uv: pip install uv')
    constraints = ['-c', str(constraints_of(stack)), '--python-version']
    done = subprocess.run(
        ['uv', *COMPILE.split(), *constraints, python, *options],
        input='\n'.join(names),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f'uv found no versions for {stack}, Python {python}.')
    return done.stdout


def lock(stack: str) -> str:
    """Return the text of a stack's lock.

    Raises:
        SystemExit: If the Pythons of the stack would get other packages.
    """
    # Without what they require, as the installation takes them.
    alone = [*read_names(['no_deps.txt']), 'mmcv', *OPS_TOOLS]
    texts = {
        resolve(stack, python, read_names(libraries(stack)))
        + resolve(stack, python, alone, '--no-deps')
        for python in read_header(constraints_of(stack))['python']
    }
    if len(texts) > 1:
        raise SystemExit(
            f'The Pythons of {stack} need different packages. Pin versions '
            'that suit all of them.'
        )
    return texts.pop()


def write(path: Path, text: str) -> None:
    """Write a lock atomically."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix('.part')
    part.write_text(HEADER + text)
    os.replace(part, path)
    print(f'{path}: {text.count("==")} packages, {text.count("--hash")} files')


def main() -> None:
    """Write the locks of stacks, and of the pip that reads them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('stacks', nargs='*', help='default: all')
    stacks = parser.parse_args().stacks or STACKS
    for stack in stacks:
        write(lock_of(stack), lock(stack))
    write(PIP_LOCK, resolve('classic', '3.10', ['pip'], '--no-deps'))


if __name__ == '__main__':
    sys.exit(main())
