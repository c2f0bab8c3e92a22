# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Trainings of several machines: two launchers on this one, a stub of srun."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow
SOON = 30.0
LONG = 240.0
SRUN = f"""#!{sys.executable}
import os, subprocess, sys, time
words = sys.argv[1:]
begin = 2  # behind -p PARTITION
while words[begin].startswith('-'):
    begin += 1
count = int(next(w[9:] for w in words if w.startswith('--ntasks=')))
names = dict(SLURM_NTASKS=str(count), SLURM_NODELIST='here')
tasks = [
    subprocess.Popen(words[begin:], env=dict(
        os.environ, SLURM_PROCID=str(i), SLURM_LOCALID=str(i), **names
    ))
    for i in range(count)
]
while any(task.poll() is None for task in tasks):
    if any(task.poll() for task in tasks):  # --kill-on-bad-exit=1
        [task.kill() for task in tasks]
    time.sleep(0.1)
sys.exit(max(task.returncode for task in tasks))
"""


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as door:
        door.bind(('127.0.0.1', 0))
        return door.getsockname()[1]


@pytest.fixture
def launch(
    repo: Path, config: str, options: list[str], tmp_path: Path
) -> Callable:
    """Start one of the launchers; its output goes to a file."""
    running = []

    def launch(
        log: str, *words: object, more: tuple = (), **variables: object
    ) -> subprocess.Popen:
        with (tmp_path / log).open('w') as file:
            running.append(
                subprocess.Popen(
                    ['bash', *map(str, words), *options, *more],
                    cwd=repo,
                    stdout=file,
                    stderr=file,
                    env={
                        **os.environ,
                        'PYTHON': sys.executable,
                        'OMP_NUM_THREADS': '1',
                        **{k: str(v) for k, v in variables.items()},
                    },
                )
            )
        return running[-1]

    yield launch
    for process in running:
        kill_tree(process.pid)
        process.wait()


@pytest.fixture
def start_nodes(launch: Callable, config: str, tmp_path: Path) -> Callable:
    """Start a training of two machines with one process each."""

    def start_nodes(*more: str) -> list[subprocess.Popen]:
        port = free_port()
        train = ('tools/dist_train.sh', config, 1)
        return [
            launch(
                f'node{rank}',
                *train,
                '--work-dir',
                tmp_path / 'nodes',
                more=more,
                NNODES=2,
                NODE_RANK=rank,
                MASTER_ADDR='127.0.0.1',
                PORT=port,
            )
            for rank in (0, 1)
        ]

    return start_nodes


def children(pid: int) -> list[int]:
    """Processes that a process has started."""
    found = []
    for stat in Path('/proc').glob('[0-9]*/stat'):
        with suppress(OSError):
            if stat.read_text().rpartition(')')[2].split()[1] == str(pid):
                found.append(int(stat.parent.name))
    return found


def kill_tree(pid: int) -> None:
    """Kill a process and all below it, as a machine that goes."""
    below = children(pid)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    for child in below:
        kill_tree(child)


def wait_for(path: Path, *processes: subprocess.Popen) -> None:
    """Wait until a training has written a file."""
    until = time.monotonic() + LONG
    while not path.exists():
        assert all(process.poll() is None for process in processes)
        assert time.monotonic() < until, path
        time.sleep(0.05)


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)['state_dict']


def test_two_nodes_are_two_processes_of_one(
    start_nodes: Callable,
    launch: Callable,
    config: str,
    tmp_path: Path,
    record_trials: Callable,
) -> None:
    ends = [node.wait(LONG) for node in start_nodes()]
    one = launch(
        'one.log',
        *('tools/dist_train.sh', config, 2),
        *('--work-dir', tmp_path / 'one'),
    )
    assert one.wait(LONG) == 0, (tmp_path / 'one.log').read_text()[-3000:]
    expected = weights(tmp_path / 'one/iter_4.pth')
    found = weights(tmp_path / 'nodes/iter_4.pth')
    same = expected.keys() == found.keys() and all(
        torch.equal(value, found[key]) for key, value in expected.items()
    )
    record_trials(
        'Distributed',
        'two machines instead of one',
        1,
        same and ends == [0, 0],
        figures='weights equal bit for bit' if same else 'weights differ',
    )
    assert same and ends == [0, 0]


def test_node_that_goes_ends_the_other(
    start_nodes: Callable, tmp_path: Path, record_trials: Callable
) -> None:
    stay, go = start_nodes('train_cfg.max_iters=100000')
    wait_for(tmp_path / 'nodes/iter_2.pth', stay, go)
    kill_tree(go.pid)
    begun = time.monotonic()
    status = stay.wait(4 * SOON)
    seconds = time.monotonic() - begun
    ended = status > 0 and seconds <= SOON
    record_trials(
        'Distributed',
        'one of two machines goes',
        1,
        ended,
        figures=f'the other ends after {seconds:.1f} s, status {status}',
    )
    assert ended, (tmp_path / 'node0').read_text()[-3000:]


@pytest.fixture
def start_slurm(
    launch: Callable, config: str, tmp_path: Path
) -> Callable[..., subprocess.Popen]:
    """Start a training of two tasks by the stub of srun."""
    for name, text in {
        'srun': SRUN,
        'scontrol': '#!/bin/sh\necho 127.0.0.1\n',
    }.items():
        (tmp_path / 'bin').mkdir(exist_ok=True)
        (tmp_path / 'bin' / name).write_text(text)
        (tmp_path / 'bin' / name).chmod(0o755)

    def start_slurm(*more: str) -> subprocess.Popen:
        return launch(
            'slurm',
            *('tools/slurm_train.sh', 'gpu', 'job', config),
            tmp_path / 'run',
            more=more,
            GPUS=2,
            MASTER_PORT=free_port(),
            PATH=f'{tmp_path}/bin:{os.environ["PATH"]}',
        )

    return start_slurm


def test_slurm_trains(
    start_slurm: Callable, tmp_path: Path, record_trials: Callable
) -> None:
    status = start_slurm('train_cfg.max_iters=2').wait(LONG)
    log = (tmp_path / 'slurm').read_text()
    trained = status == 0 and (tmp_path / 'run/iter_2.pth').exists()
    record_trials('Distributed', 'two tasks by a stub of srun', 1, trained)
    assert trained and 'GPU number: 2' in log, log[-3000:]


def test_slurm_task_that_keeps_the_store_hangs(
    start_slurm: Callable, tmp_path: Path, record_trials: Callable
) -> None:
    """Without torchrun the first task keeps the store of all."""
    srun = start_slurm(
        'train_cfg.max_iters=100000', 'env_cfg.dist_cfg.hang_timeout=5'
    )
    wait_for(tmp_path / 'run/iter_2.pth', srun)
    first = min(children(srun.pid))
    os.kill(first, signal.SIGSTOP)
    begun = time.monotonic()
    status = srun.wait(4 * SOON)
    seconds = time.monotonic() - begun
    ended = status == 75 and seconds <= SOON
    record_trials(
        'Distributed',
        'SIGSTOP for the task that keeps the store',
        1,
        ended,
        figures=f'all end after {seconds:.1f} s (hang_timeout 5)',
    )
    log = (tmp_path / 'slurm').read_text()
    assert ended and 'process 0, or the launcher' in log, log[-3000:]
