# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Compile mmcv with its ops for the torch that is installed.

For ``STACK=full`` only: no method here calls an op. ``mmcv_ops.py COMMAND...``
runs pip with the environment that the compilation needs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CXX20_TORCH = (2, 14)  # first torch whose headers need C++20
JOB_BYTES = 1.5 * 1024**3  # memory of one compiler on torch's headers


def steps(pip: list[str], before: list[str]) -> list[tuple[str, list[str]]]:
    """List titles and commands.

    Args:
        pip (list[str]): 'python -m pip install' and its options, of which
            one is to build without isolation.
        before (list[str]): Options for what must be there.
    """
    build = ['--no-binary', 'mmcv', '--no-cache-dir']
    return [
        ('build tools and torch', [*pip, *before]),
        (
            'mmcv with its ops (about 10 minutes on 2 cores)',
            [pip[0], __file__, *pip, '-v', *build, 'mmcv'],
        ),
    ]


def environment() -> dict[str, str]:
    """Choose how the ops are compiled against the installed torch."""
    import torch

    env = {'MMCV_WITH_OPS': '1', 'MAX_JOBS': str(compiler_jobs())}
    # Python's flags ask for debug information: half of the compiling time.
    env['CFLAGS'] = f'{os.environ.get("CFLAGS", "")} -g0'.strip()
    if tuple(map(int, torch.__version__.split('.')[:2])) >= CXX20_TORCH:
        env['MMFACESR_CXX'] = os.environ.get('CXX', 'c++')
        env['CXX'] = str(Path(__file__).with_name('cxx20.sh'))
    if torch.cuda.is_available() and not has_nvcc(torch.version.cuda):
        # mmcv would try to compile CUDA code and fail.
        env['CUDA_VISIBLE_DEVICES'] = ''
    return env


def compiler_jobs() -> int:
    """Count the compilers that processors and memory can take."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    cores = len(os.sched_getaffinity(0))
    return max(1, min(cores, int(memory / JOB_BYTES)))


def has_nvcc(cuda: str) -> bool:
    """Tell whether there is a CUDA compiler of torch's major version."""
    home = os.environ.get('CUDA_HOME', '/usr/local/cuda')
    nvcc = shutil.which('nvcc') or shutil.which('nvcc', path=f'{home}/bin')
    if nvcc is None:
        return False
    text = subprocess.run(
        [nvcc, '--version'], stdout=subprocess.PIPE, text=True, check=False
    ).stdout
    return f'release {cuda.split(".")[0]}.' in text


if __name__ == '__main__':
    os.environ.update(environment())
    os.execv(sys.argv[1], sys.argv[1:])
