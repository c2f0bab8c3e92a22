# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The plan of a stack and what may stand at the environment's place."""

import subprocess
import sys
from pathlib import Path

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


def test_nothing_changed_starts_no_step(install, tmp_path, monkeypatch):
    venv = make_venv(tmp_path / 'venv', f'echo {HERE}')
    monkeypatch.setattr(
        install, 'read_header', lambda path: {'python': [HERE], 'without': []}
    )
    monkeypatch.setattr(install, 'check_machine', lambda *args: None)
    ran = []
    monkeypatch.setattr(
        install.Stamps,
        'run',
        lambda self, step, log: (
            ran.append(step.name),
            self.write(step.name, step.key(self.common)),
        ),
    )
    install.install('current', venv, 'an-index')
    assert len(ran) == len(install.plan(venv, 'current', ''))
    ran.clear()
    install.install('current', venv, '')  # the index is remembered
    assert ran == []
    (venv / '.mmfacesr' / 'mmcv').unlink()
    install.install('current', venv, '')
    assert ran == ['mmcv']


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
    (tmp_path / 'papers').mkdir()
    (tmp_path / 'papers' / 'thesis.tex').touch()
    with pytest.raises(
        install.InstallError, match='not a virtual environment'
    ):
        install.venv_state(tmp_path / 'papers', 'current', [HERE])


@pytest.mark.parametrize('stack', STACKS)
def test_order_and_content_of_a_stack(install, stack, tmp_path):
    steps = install.plan(tmp_path, stack, '')
    names = [step.name for step in steps]
    assert names == [
        'build_tools',
        'torch',
        'mmcv',
        'libraries',
        'mmagic',
        'mmfacesr',
        'verify',
    ]
    landmarks = any('landmarks.txt' in x for x in steps[3].commands[0])
    assert landmarks is (stack != 'newest')
    assert '--no-deps' in steps[4].commands[0]


def test_torch_and_torchvision_come_from_one_index(install, tmp_path):
    torch = install.plan(tmp_path, 'current', 'an-index')[1]
    assert 'an-index' in torch.commands[0]
    assert '--index-url' in torch.commands[0]
    listed = (install.REQUIREMENTS / 'torch.txt').read_text().splitlines()
    assert {'torch', 'torchvision'} <= set(listed)


@pytest.mark.parametrize(
    'facts, cxx20, hidden',
    [
        ('["2.15.0+cpu", false, null]', True, False),
        ('["2.1.2", false, "12.1"]', False, False),
        ('["2.1.2", true, "12.1"]', False, True),
    ],
)
def test_compiling_fits_the_torch(install, monkeypatch, facts, cxx20, hidden):
    monkeypatch.setattr(install, 'probe', lambda python, code: facts)
    monkeypatch.setattr(install, 'has_nvcc', lambda cuda: False)
    env = install.mmcv_env(Path('python'))
    assert env.get('CXX', '').endswith('cxx20.sh') is cxx20
    assert ('CUDA_VISIBLE_DEVICES' in env) is hidden


@pytest.mark.parametrize('stack', STACKS)
def test_each_stack_pins_what_openmmlab_needs(install, verify, stack):
    path = install.REQUIREMENTS / 'constraints' / f'{stack}.txt'
    lines = path.read_text().splitlines()
    pinned = {x.split('==')[0] for x in lines if '==' in x}
    assert {'torch', 'torchvision', 'mmcv', 'mmengine', 'mmagic'} <= pinned
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
