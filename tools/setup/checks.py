# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the machine must have before anything is installed.

Every check returns None or one message with what is missing and the remedy,
so that all of them can be reported at once. Standard library only.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

GIB = 1024**3
# Measured: the default torch brings 5.5 GB of CUDA libraries; the whole
# environment is 7.3 GB. A CPU-only one is about 2.5 GB.
VENV_GIB = {'default': 10, 'cpu': 4}
TEMP_GIB = 3
LIBRARIES = {
    'libGL.so.1': 'libgl1',
    'libglib-2.0.so.0': 'libglib2.0-0',
    'libgthread-2.0.so.0': 'libglib2.0-0',
}


def check_python(wanted: list[str]) -> str | None:
    """Compare the running Python with the versions of the stack."""
    got = f'{sys.version_info[0]}.{sys.version_info[1]}'
    if got in wanted:
        return None
    return (
        f'Python {" or ".join(wanted)}: found only {got}. '
        f'E.g.: apt-get install python{wanted[0]} python{wanted[0]}-venv'
    )


def check_venv() -> str | None:
    """Look for the two modules that make a virtual environment."""
    missing = [
        name
        for name in ('venv', 'ensurepip')
        if importlib.util.find_spec(name) is None
    ]
    if not missing:
        return None
    version = f'{sys.version_info[0]}.{sys.version_info[1]}'
    return (
        f'Python module {" and ".join(missing)}: '
        f'apt-get install python{version}-venv'
    )


def check_compiler() -> str | None:
    """Compile a C++20 line, which torch >= 2.14 has in its headers."""
    compiler = os.environ.get('CXX', 'c++')
    try:
        done = subprocess.run(
            [
                *compiler.split(),
                '-x',
                'c++',
                '-std=c++20',
                '-fsyntax-only',
                '-',
            ],
            input=b'#include <concepts>\nstatic_assert(std::integral<int>);\n',
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode == 0:
            return None
    except OSError:
        pass
    return (
        f'a C++20 compiler ({compiler} does not compile): '
        'apt-get install g++ (version 10 or newer)'
    )


def check_headers() -> str | None:
    """Look for Python's C headers, which mmcv's ops include."""
    include = Path(sysconfig.get_path('include'))
    if (include / 'Python.h').is_file():
        return None
    version = f'{sys.version_info[0]}.{sys.version_info[1]}'
    return (
        f'Python headers (no {include}/Python.h): '
        f'apt-get install python{version}-dev'
    )


def check_library(name: str) -> str | None:
    """Load a shared library that OpenCV's wheel is linked to."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return f'{name} for OpenCV: apt-get install {LIBRARIES[name]}'
    return None


def check_disk(folder: Path, need_gib: float, remedy: str) -> str | None:
    """Compare the free space where a folder is or will be."""
    folder = Path(os.path.realpath(folder))
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / GIB
    if free >= need_gib:
        return None
    return (
        f'free disk below {folder}: expected {need_gib} GiB, '
        f'got {free:.1f}. {remedy}'
    )


def missing(
    wanted: list[str], venv: Path, need_gib: float, compiles: bool
) -> list[str]:
    """List all that is missing.

    Args:
        wanted (list[str]): Python versions, such as '3.11'.
        venv (Path): Where the environment is or will be.
        need_gib (float): Free space that it still needs, GiB.
        compiles (bool): Whether mmcv's ops are compiled.

    Returns:
        list[str]: One message each, with the remedy; empty if all is there.
    """
    python = check_python(wanted)
    remedy = 'Make room, or name another place:'
    found = [
        python,
        # Else these tell about the wrong Python.
        check_venv() if python is None else None,
        check_headers() if compiles and python is None else None,
        check_compiler() if compiles else None,
        *map(check_library, LIBRARIES),
        check_disk(venv, need_gib, f'{remedy} VENV='),
        check_disk(Path(tempfile.gettempdir()), TEMP_GIB, f'{remedy} TMPDIR='),
    ]
    return [message for message in found if message]
