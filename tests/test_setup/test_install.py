# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The plan of a stack and what may stand at the environment's place."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = f'{sys.version_info[0]}.{sys.version_info[1]}'
STACKS = ('current', 'classic', 'newest')


def make_venv(folder: Path, body: str) -> Path:
    (folder / 'bin').mkdir(parents=True)
    (folder / 'pyvenv.cfg').touch()
    python = folder / 'bin' / 'python'
    python.write_text(f'#!/bin/sh\n{body}\n')
    python.chmod(0o755)
    return folder


@pytest.fixture
def ran(install, monkeypatch):
    """The commands that an installation would run."""
    commands = []
    monkeypatch.setattr(
        install, 'read_header', lambda path: {'python': [HERE], 'without': []}
    )
    monkeypatch.setattr(install, 'check_machine', lambda *args: None)
    monkeypatch.setattr(
        install, 'run_logged', lambda command, log: commands.append(command)
    )
    return commands


def from_index(commands: list[list[str]]) -> list[str]:
    """The one command that asks the index of torch."""
    (command,) = (x for x in commands if 'an-index' in x)
    return command


def test_nothing_changed_runs_nothing(install, ran, tmp_path, monkeypatch):
    venv = make_venv(tmp_path / 'venv', f'echo {HERE}')
    install.install('current', venv, 'an-index')
    torch = from_index(ran)
    assert '--force-reinstall' in torch and '--no-deps' in torch
    assert len(ran) == 2 + len(install.plan(venv, 'current', '', False))
    ran.clear()
    install.install('current', venv, '')  # the index is remembered
    assert ran == []
    monkeypatch.setattr(install, 'inputs', lambda *args: 'changed')
    install.install('current', venv, '')
    assert '--force-reinstall' not in from_index(ran)


def test_unfinished_goes_on(install, ran, tmp_path, monkeypatch):
    venv = make_venv(tmp_path / 'venv', f'echo {HERE}')
    install.install('current', venv, '')

    def fail(command, log):
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(install, 'run_logged', fail)
        context.setattr(install, 'inputs', lambda *args: 'changed')
        with pytest.raises(KeyboardInterrupt):
            install.install('current', venv, 'an-index')
    ran.clear()
    install.install('current', venv, '')
    # torch may not have come from the new index yet
    assert '--force-reinstall' in from_index(ran)


def test_broken_python_is_recognized(install, tmp_path):
    venv = make_venv(tmp_path / 'venv', 'exit 1')
    assert install.venv_state(venv, 'current', [HERE]) == 'broken'
    assert install.venv_state(tmp_path / 'no', 'current', [HERE]) == 'absent'


def test_what_must_not_be_overwritten(install, tmp_path):
    venv = make_venv(tmp_path / 'venv', f'echo {HERE}')
    assert install.venv_state(venv, 'current', [HERE]) == 'usable'
    with pytest.raises(install.InstallError, match='expected 3.77'):
        install.venv_state(venv, 'current', ['3.77'])
    (venv / '.mmfacesr').mkdir()
    (venv / '.mmfacesr' / 'stack').write_text('classic')
    with pytest.raises(install.InstallError, match='holds the stack classic'):
        install.venv_state(venv, 'current', [HERE])
    loop = tmp_path / 'loop'
    loop.symlink_to(loop)
    with pytest.raises(install.InstallError, match='leads nowhere'):
        install.venv_state(loop, 'current', [HERE])
    (tmp_path / 'papers').mkdir()
    (tmp_path / 'papers' / 'thesis.tex').touch()
    with pytest.raises(
        install.InstallError, match='not a virtual environment'
    ):
        install.venv_state(tmp_path / 'papers', 'current', [HERE])


@pytest.mark.parametrize('stack', [*STACKS, 'full'])
def test_content_of_a_stack(install, stack, tmp_path):
    steps = install.plan(tmp_path, stack, '', False)
    _, _, *mmcv, libraries, mmagic, _, _ = steps
    text = ' '.join(libraries[1])
    assert ('landmarks.txt' in text) is (stack != 'newest')
    assert ('mmcv_lite.txt' in text) is (stack != 'full')
    assert '--no-deps' in mmagic[1]
    compiled = [command for _, command in mmcv if command[-1] == 'mmcv']
    assert len(compiled) == (stack == 'full')


def test_torch_and_torchvision_come_from_one_index(install, tmp_path):
    steps = install.plan(tmp_path, 'current', 'an-index', False)
    command = from_index([command for _, command in steps])
    assert '--index-url' in command and '--force-reinstall' not in command
    listed = (install.REQUIREMENTS / 'torch.txt').read_text().splitlines()
    assert {'torch', 'torchvision'} <= set(listed)


@pytest.mark.parametrize(
    'version, has_gpu, cxx20',
    [
        ('2.15.0+cpu', False, True),
        ('2.1.2', False, False),
        ('2.1.2', True, False),
    ],
)
def test_compiling_fits_the_torch(
    mmcv_ops, monkeypatch, version, has_gpu, cxx20
):
    torch = SimpleNamespace(
        __version__=version,
        cuda=SimpleNamespace(is_available=lambda: has_gpu),
        version=SimpleNamespace(cuda='12.1'),
    )
    monkeypatch.setitem(sys.modules, 'torch', torch)
    monkeypatch.setattr(mmcv_ops, 'has_nvcc', lambda cuda: False)
    env = mmcv_ops.environment()
    assert env.get('CXX', '').endswith('cxx20.sh') is cxx20
    assert ('CUDA_VISIBLE_DEVICES' in env) is has_gpu


def test_command_gets_the_environment(mmcv_ops, tmp_path):
    """Run as the plan runs it, with a torch that is a file."""
    (tmp_path / 'torch.py').write_text(
        '__version__ = "2.15"\n'
        'class cuda:\n    is_available = staticmethod(lambda: False)\n'
    )
    code = 'import os; print(os.environ["MMCV_WITH_OPS"], os.environ["CXX"])'
    out = subprocess.run(
        [sys.executable, mmcv_ops.__file__] + [sys.executable, '-c', code],
        env={**os.environ, 'PYTHONPATH': str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert out.startswith('1 ') and out.strip().endswith('cxx20.sh')


@pytest.mark.parametrize('stack', STACKS)
def test_each_stack_pins_what_openmmlab_needs(install, verify, stack):
    path = install.REQUIREMENTS / 'constraints' / f'{stack}.txt'
    lines = path.read_text().splitlines()
    pinned = {x.split('==')[0] for x in lines if '==' in x}
    assert {'torch', 'torchvision', 'mmengine', 'mmagic'} <= pinned
    assert {'mmcv', 'mmcv-lite'} <= pinned
    assert install.read_header(path)['python']
    reasons = [reason for _, reason in verify.tolerated(path)]
    assert reasons and all(reasons)


def test_cxx20_wrapper_changes_only_the_standard(install, tmp_path):
    printed = subprocess.run(
        [str(install.HERE / 'cxx20.sh'), '-std=c++17', '-Dx="a b"', '-c'],
        env={'MMFACESR_CXX': 'printf %s\\n', 'PATH': '/usr/bin:/bin'},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.splitlines() == ['-std=c++20', '-Dx="a b"', '-c']
