# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The shell launchers, with programs in place of Python and srun that say
how they were called."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RECORDER = f"""#!{sys.executable}
import json, os, sys
if sys.argv[1:2] == ['-c']:  # the search for a free port
    exec(sys.argv[2])
    sys.exit()
print(json.dumps(dict(args=sys.argv[1:], cwd=os.getcwd(), pid=os.getpid(),
                      threads=os.environ.get('OMP_NUM_THREADS'))))
sys.exit(int(os.environ.get('FAKE_STATUS', 0)))
"""
UNSET = (
    'PORT',
    'NNODES',
    'NODE_RANK',
    'MASTER_ADDR',
    'OMP_NUM_THREADS',
    'GPUS',
    'GPUS_PER_NODE',
    'CPUS_PER_TASK',
    'SRUN_ARGS',
    'PYTHON',
    'VIRTUAL_ENV',
)


def make_program(path: Path, text: str = RECORDER) -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def tools(tmp_path, repo):
    """A copy of the launchers below a folder whose name has a space."""
    folder = tmp_path / 'a clone' / 'tools'
    folder.mkdir(parents=True)
    for script in (repo / 'tools').glob('*.sh'):
        shutil.copy(script, folder)
    return folder


@pytest.fixture
def recorder(tmp_path):
    """A program that says how it was called."""
    return make_program(tmp_path / 'a bin' / 'recorder')


def start(script, *args, cwd, **variables) -> subprocess.CompletedProcess:
    """Run a launcher with only the given variables of those it reads."""
    env = {k: v for k, v in os.environ.items() if k not in UNSET}
    env.update({k: str(v) for k, v in variables.items()})
    return subprocess.run(
        [str(script), *args], cwd=cwd, env=env, capture_output=True, text=True
    )


def called(result: subprocess.CompletedProcess) -> dict:
    """What the recorder said."""
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_dist_train_starts_torchrun_on_one_machine(tools, recorder, tmp_path):
    call = called(
        start(
            tools / 'dist_train.sh',
            'my configs/a b.py',
            '3',
            '--cfg-options',
            'data_root=my faces',
            'x=1',
            cwd=tmp_path,
            PYTHON=recorder,
        )
    )
    args = call['args']
    port = args.pop(5).split('=')
    assert args == [
        '-m',
        'mmfacesr.apis.processes',
        '--nnodes=1',
        '--node_rank=0',
        '--master_addr=127.0.0.1',
        '--nproc_per_node=3',
        str(tools / 'train.py'),
        'my configs/a b.py',
        '--launcher',
        'pytorch',
        '--cfg-options',
        'data_root=my faces',
        'x=1',
    ]
    assert port[0] == '--master_port' and 1024 <= int(port[1]) <= 65535
    assert call['cwd'] == str(tmp_path)


def test_two_runs_on_one_machine_take_two_ports(tools, recorder, tmp_path):
    ports = {
        called(
            start(
                tools / 'dist_train.sh',
                'c.py',
                '1',
                cwd=tmp_path,
                PYTHON=recorder,
            )
        )['args'][5]
        for _ in range(4)
    }
    assert len(ports) > 1


def test_dist_test_passes_the_checkpoint(tools, recorder, tmp_path):
    call = called(
        start(
            tools / 'dist_test.sh',
            'c.py',
            'a b.pth',
            '2',
            '--out',
            'r.json',
            cwd=tmp_path,
            PYTHON=recorder,
            PORT=1234,
        )
    )
    assert call['args'][5:] == [
        '--master_port=1234',
        '--nproc_per_node=2',
        str(tools / 'test.py'),
        'c.py',
        'a b.pth',
        '--launcher',
        'pytorch',
        '--out',
        'r.json',
    ]


def test_several_nodes_agree_on_the_port(tools, recorder, tmp_path):
    call = called(
        start(
            tools / 'dist_train.sh',
            'c.py',
            '8',
            cwd=tmp_path,
            PYTHON=recorder,
            NNODES=2,
            NODE_RANK=1,
            MASTER_ADDR='10.0.0.1',
        )
    )
    assert call['args'][2:7] == [
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=10.0.0.1',
        '--master_port=29500',
        '--nproc_per_node=8',
    ]


def test_threads_share_the_cores_without_a_gpu(tools, recorder, tmp_path):
    path = f'{tmp_path}/fake:{os.environ["PATH"]}'
    make_program(tmp_path / 'fake/nvidia-smi', '#!/bin/sh\nexit 9\n')
    make_program(tmp_path / 'fake/nproc', '#!/bin/sh\necho 12\n')

    def threads(nproc, **variables):
        return called(
            start(
                tools / 'dist_train.sh',
                'c.py',
                nproc,
                cwd=tmp_path,
                PYTHON=recorder,
                PATH=path,
                **variables,
            )
        )['threads']

    assert threads('4') == '3'
    assert threads('20') == '1'
    assert threads('4', OMP_NUM_THREADS=7) == '7'
    make_program(tmp_path / 'fake/nvidia-smi', '#!/bin/sh\nexit 0\n')
    assert threads('4') is None  # a GPU: torchrun's own default


def test_interpreter_order(tools, tmp_path):
    def interpreter(**variables):
        script = tools / 'dist_train.sh'
        result = start(script, 'c.py', '1', cwd=tmp_path, **variables)
        return result.stderr.strip() or result.stdout.strip()

    def says(name):
        return f'#!/bin/sh\n[ "$1" = -c ] && echo 1000 || echo {name}\n'

    make_program(tmp_path / 'path/python', says('on-path'))
    path = f'{tmp_path}/path:{os.environ["PATH"]}'
    assert interpreter(PATH=path) == 'on-path'
    make_program(tools.parent / '.venv/bin/python', says('of-clone'))
    assert interpreter(PATH=path) == 'of-clone'
    assert interpreter(PATH=path, VIRTUAL_ENV='/somewhere') == 'on-path'
    mine = make_program(tmp_path / 'mine', says('chosen'))
    assert interpreter(PATH=path, PYTHON=mine) == 'chosen'
    message = interpreter(PATH=path, PYTHON='no-such-python')
    assert "'no-such-python'" in message and 'make install' in message


def test_slurm_train(tools, recorder, tmp_path):
    srun = make_program(tmp_path / 'fake/srun')
    call = called(
        start(
            tools / 'slurm_train.sh',
            'gpu',
            'my job',
            'c.py',
            'out dir',
            '--resume',
            cwd=tmp_path,
            PYTHON=recorder,
            PATH=f'{srun.parent}:{os.environ["PATH"]}',
            GPUS=16,
            CPUS_PER_TASK=3,
            SRUN_ARGS='--quotatype=auto --exclusive',
        )
    )
    assert call['args'] == [
        '-p',
        'gpu',
        '--job-name=my job',
        '--gres=gpu:8',
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--cpus-per-task=3',
        '--kill-on-bad-exit=1',
        '--quotatype=auto',
        '--exclusive',
        str(recorder),
        '-u',
        str(tools / 'train.py'),
        'c.py',
        '--work-dir',
        'out dir',
        '--launcher',
        'slurm',
        '--resume',
    ]


def test_slurm_test(tools, recorder, tmp_path):
    srun = make_program(tmp_path / 'fake/srun')
    args = called(
        start(
            tools / 'slurm_test.sh',
            'gpu',
            'job',
            'c.py',
            'w.pth',
            cwd=tmp_path,
            PYTHON=recorder,
            PATH=f'{srun.parent}:{os.environ["PATH"]}',
            GPUS=2,
        )
    )['args']
    assert args[3:7] == [
        '--gres=gpu:2',
        '--ntasks=2',
        '--ntasks-per-node=2',
        '--cpus-per-task=5',
    ]
    assert args[-5:] == [
        str(tools / 'test.py'),
        'c.py',
        'w.pth',
        '--launcher',
        'slurm',
    ]


@pytest.mark.parametrize(
    'script, args',
    [
        ('dist_train.sh', ['c.py']),
        ('dist_train.sh', ['c.py', '--resume']),
        ('dist_train.sh', ['c.py', '0']),
        ('dist_test.sh', ['c.py', '2']),
        ('dist_test.sh', ['c.py', 'w.pth', 'two']),
        ('slurm_train.sh', ['gpu', 'job', 'c.py']),
        ('slurm_test.sh', []),
    ],
)
def test_wrong_arguments_show_the_usage(tools, tmp_path, script, args):
    result = start(tools / script, *args, cwd=tmp_path)
    assert result.returncode == 2
    assert 'expected' in result.stderr and script in result.stderr
    help_text = start(tools / script, '--help', cwd=tmp_path)
    assert help_text.returncode == 0 and script in help_text.stdout


def test_status_and_process_are_those_of_the_program(
    tools, recorder, tmp_path
):
    """`exec` all the way: a signal to the launcher reaches the training."""
    env = dict(os.environ, PYTHON=str(recorder), FAKE_STATUS='7')
    process = subprocess.Popen(
        [str(tools / 'dist_train.sh'), 'c.py', '1'],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    output, _ = process.communicate()
    assert process.returncode == 7
    assert json.loads(output)['pid'] == process.pid


def test_documented_options_are_read(repo):
    """Every variable of the usage is read by the scripts behind it."""
    for kind in ('dist', 'slurm'):
        usage = (repo / f'tools/{kind}_train.sh').read_text()
        named = re.findall(r'^  ([A-Z_]{4,}) ', usage, re.M)
        code = (repo / f'tools/{kind}_run.sh').read_text() + (
            repo / 'tools/find_interpreter.sh'
        ).read_text()
        assert len(named) >= 5
        assert [name for name in named if f'{{{name}:-' not in code] == []


@pytest.mark.skipif(
    not shutil.which('shellcheck'), reason='shellcheck is not installed'
)
def test_shellcheck(repo):
    scripts = sorted(map(str, (repo / 'tools').glob('*.sh')))
    subprocess.run(['shellcheck', '-x', '-P', str(repo), *scripts], check=True)
