# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make or complete the project's virtual environment.

Started by install.sh with a Python that starts; standard library only. Can
be interrupted and run again: finished steps are not repeated.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import checks
from checks import GIB
from steps import Stamps, Step, StepError, show

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = ROOT / 'requirements'
CXX20_TORCH = (2, 14)  # first torch whose headers need C++20
JOB_GIB = 1.5  # memory of one compiler on torch's headers, with reserve


class InstallError(RuntimeError):
    """Something is in the way; the message says what and the remedy."""


def read_header(constraints: Path) -> dict[str, list[str]]:
    """Read the ``# key: value value`` lines at the top of a stack's file."""
    header: dict[str, list[str]] = {'python': [], 'without': []}
    for line in constraints.read_text().splitlines():
        key, _, value = line.lstrip('# ').partition(': ')
        if line.startswith('#') and key in header:
            header[key] = value.split()
    return header


def probe(python: Path, code: str) -> str | None:
    """Run a line in another Python; None if it does not start."""
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
    if not venv.exists() or venv.is_dir() and not any(venv.iterdir()):
        return 'absent'
    if not (venv / 'pyvenv.cfg').is_file():
        raise InstallError(
            f'{venv} exists and is not a virtual environment. '
            'Choose another place: VENV='
        )
    remedy = f'Remove it (rm -r {venv}) or choose another place: VENV='
    mark = venv / '.mmfacesr' / 'stack'
    if mark.is_file() and mark.read_text() != stack:
        raise InstallError(
            f'{venv} holds the stack {mark.read_text()}, '
            f'expected {stack}. {remedy}'
        )
    version = probe(
        venv / 'bin' / 'python',
        'import sys, pip; print("%d.%d" % sys.version_info[:2])',
    )
    if version is None:
        return 'broken'
    if version not in wanted:
        raise InstallError(
            f'{venv} has Python {version}, expected '
            f'{" or ".join(wanted)}. {remedy}'
        )
    return 'usable'


def make_venv(venv: Path, state: str) -> None:
    """Make the environment unless it is there and works."""
    if state == 'usable':
        return
    if state == 'broken':
        show(f'The Python in {venv} does not start: making it again.\n')
    subprocess.run(
        [sys.executable, '-m', 'venv', '--clear', str(venv)], check=True
    )


def mmcv_env(python: Path) -> dict[str, str]:
    """Choose how mmcv's ops are compiled against the installed torch."""
    facts = json.loads(
        probe(
            python,
            'import json, torch; print(json.dumps([torch.__version__, '
            'torch.cuda.is_available(), torch.version.cuda]))',
        )
        or 'null'
    )
    if facts is None:
        raise InstallError(
            'torch is installed but cannot be imported; see '
            f'{python} -c "import torch"'
        )
    version, has_gpu, cuda = facts
    env = {'MMCV_WITH_OPS': '1', 'MAX_JOBS': str(compiler_jobs())}
    # Python's flags ask for debug information: half of the compiling time.
    env['CFLAGS'] = f'{os.environ.get("CFLAGS", "")} -g0'.strip()
    if tuple(map(int, version.split('.')[:2])) >= CXX20_TORCH:
        env['MMFACESR_CXX'] = ' '.join(checks.compiler())
        env['CXX'] = str(HERE / 'cxx20.sh')
    if has_gpu and not has_nvcc(cuda):
        # mmcv would try to compile CUDA code and fail.
        show(
            f'      no nvcc of CUDA {cuda}: ops for the CPU only (none of '
            'our methods needs them on the GPU)\n'
        )
        env['CUDA_VISIBLE_DEVICES'] = ''
    return env


def compiler_jobs() -> int:
    """Count the compilers that processors and memory can take."""
    memory = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / GIB
    return max(1, min(len(os.sched_getaffinity(0)), int(memory / JOB_GIB)))


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


def plan(venv: Path, stack: str, torch_index: str) -> list[Step]:
    """List the steps of a stack in their order."""
    python = str(venv / 'bin' / 'python')
    constraints = REQUIREMENTS / 'constraints' / f'{stack}.txt'
    pip = [python, '-m', 'pip', 'install', '--disable-pip-version-check']
    pip += ['--progress-bar', 'off']
    pinned = [*pip, '-c', str(constraints)]

    def listed(*names: str) -> list[str]:
        return [y for x in names for y in ('-r', str(REQUIREMENTS / x))]

    torch = [[*pinned, *listed('torch.txt')]]
    if torch_index:  # its dependencies may lie elsewhere
        torch.insert(
            0,
            [
                *pinned,
                '--no-deps',
                '--force-reinstall',
                '--index-url',
                torch_index,
                *listed('torch.txt'),
            ],
        )
    mmcv = [*pinned, '-v', '--no-build-isolation', 'mmcv']
    rebuild = ['--no-deps', '--no-cache-dir', '--force-reinstall']
    verify = [python, str(HERE / 'verify.py')]
    libraries = ['runtime.txt', 'mim.txt', 'dev.txt']
    if 'mediapipe' not in read_header(constraints)['without']:
        libraries.append('landmarks.txt')
    return [
        Step('build_tools', 'build tools', [[*pinned, *listed('build.txt')]]),
        Step('torch', 'torch and torchvision (up to 3 GB to download)', torch),
        Step(
            'mmcv',
            'mmcv with its ops (compiled the first time: about 10 '
            "minutes on 2 cores; later taken from pip's cache)",
            [mmcv],
            (HERE / 'cxx20.sh').read_text(),
            env=lambda: mmcv_env(Path(python)),
            check=[*verify, 'ops'],
            repair=[[*mmcv, *rebuild, '--no-binary', 'mmcv']],
        ),
        Step(
            'libraries',
            'libraries for MMagic, tools for tests',
            [[*pinned, *listed(*libraries)]],
            contents(*libraries),
        ),
        Step(
            'mmagic',
            'MMagic and openmim',
            [[*pinned, '--no-deps', *listed('no_deps.txt')]],
            contents('no_deps.txt'),
        ),
        Step(
            'mmfacesr',
            'mmfacesr itself, editable',
            [[*pip, '--no-deps', '--no-build-isolation', '-e', str(ROOT)]],
            package_inputs(),
        ),
        Step(
            'verify',
            'check that it works',
            [[*verify, 'all', str(constraints)]],
            (HERE / 'verify.py').read_text(),
        ),
    ]


def contents(*names: str) -> str:
    """Join requirement files, for the stamp."""
    return ''.join((REQUIREMENTS / name).read_text() for name in names)


def package_inputs() -> str:
    """Join what an editable install registers: its files' names, too."""
    files = [
        ROOT / name
        for name in ('setup.py', 'pyproject.toml', 'model-index.yml')
    ]
    registered = sorted(
        str(path)
        for folder in ('configs', 'tools')
        for path in (ROOT / folder).rglob('*.py')
    )
    return '\n'.join([*(x.read_text() for x in files), *registered])


def install(stack: str, venv: Path, torch_index: str) -> None:
    """Bring an environment to the state that its stack wants."""
    constraints = REQUIREMENTS / 'constraints' / f'{stack}.txt'
    wanted = read_header(constraints)['python']
    state = venv_state(venv, stack, wanted)
    marks = venv / '.mmfacesr'
    if not torch_index and (marks / 'torch_index').is_file():
        torch_index = (marks / 'torch_index').read_text()
    steps = plan(venv, stack, torch_index)
    common = f'{constraints.read_text()} {venv}'
    stamps = Stamps(marks, common)
    todo = (
        steps
        if state != 'usable'
        else [step for step in steps if not stamps.is_done(step)]
    )
    if not todo:
        show(f'{venv} is up to date (stack {stack}).\n')
        return
    check_machine(wanted, venv, todo, torch_index)
    make_venv(venv, state)
    stamps.write('stack', stack)
    stamps.write('torch_index', torch_index)
    run_steps(stamps, steps, venv / 'install.log')
    show(f'Ready: {venv} (stack {stack}). Next: make quickstart\n')


def check_machine(
    wanted: list[str], venv: Path, todo: list[Step], torch_index: str
) -> None:
    """Stop with a list of all that is missing on the machine."""
    kind = 'cpu' if 'cpu' in torch_index else 'default'
    has_torch = all(step.name != 'torch' for step in todo)
    need = 1 if has_torch else checks.VENV_GIB[kind]
    if any(venv.glob('lib/*/site-packages/torch/version.py')):
        need = 1  # made by hand or half made: torch is there
    lacking = checks.missing(wanted, venv, need)
    if lacking:
        raise InstallError(
            'Missing on this machine:\n  - ' + '\n  - '.join(lacking)
        )


def run_steps(stamps: Stamps, steps: list[Step], log: Path) -> None:
    """Run the steps without a valid stamp, each with its time."""
    show(f'Python {platform.python_version()}; full log: {log}\n')
    for number, step in enumerate(steps, 1):
        head = f'[{number}/{len(steps)}] {step.title}'
        if stamps.is_done(step):
            show(f'{head}: already done\n')
            continue
        show(f'{head} ...\n')
        began = time.monotonic()
        stamps.run(step, log)
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
    except (InstallError, StepError) as error:
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
