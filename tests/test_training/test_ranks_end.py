# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A rank that dies or hangs ends the others, wherever it does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('struck_rank.py')
SOON = 30.0
"""Seconds in which the others end, with the config's hang_timeout."""
START = 240.0


class Job:
    """A training of two ranks, of which one is struck."""

    def __init__(self, launcher: subprocess.Popen, folder: Path) -> None:
        self.launcher, self.folder = launcher, folder

    def ranks(self) -> list[int]:
        """Process ids."""
        return [int((self.folder / f'rank{i}').read_text()) for i in (0, 1)]

    def wait_for(self, name: str) -> None:
        """Wait until a file is there."""
        until = time.monotonic() + START
        while not (self.folder / name).exists():
            assert self.launcher.poll() is None, self.log()
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        """What all have written."""
        return (self.folder / 'log').read_text()[-6000:]


@pytest.fixture
def start(
    repo: Path, tmp_path: Path, config: str, options: list[str]
) -> Callable:
    """Start a training that strikes one of its ranks."""
    train = [config, *options]

    @contextmanager
    def start(
        *strike: str, hang_timeout: float = 20, train: Sequence = train
    ) -> Iterator[Job]:
        command = [
            *[sys.executable, '-m', 'mmfacesr.apis.processes'],
            *['--standalone', '--nproc_per_node=2', SCRIPT, tmp_path],
            *[*strike, '--launcher', 'pytorch', '--work-dir'],
            *[tmp_path / 'run', *train],
            f'env_cfg.dist_cfg.hang_timeout={hang_timeout}',
        ]
        with (tmp_path / 'log').open('w') as log:
            launcher = subprocess.Popen(
                [str(word) for word in command],
                cwd=repo,
                env={**os.environ, 'OMP_NUM_THREADS': '1'},
                stdout=log,
                stderr=log,
            )
        try:
            yield Job(launcher, tmp_path)
        finally:
            launcher.terminate()
            launcher.wait(2 * SOON)

    return start


def seconds_until_gone(pid: int, limit: float) -> float:
    """How long a process lives on; infinity when longer than the limit."""
    begun = time.monotonic()
    while time.monotonic() < begun + limit:
        stat = Path(f'/proc/{pid}/stat')
        with suppress(OSError):
            if stat.read_text().rpartition(')')[2].split()[0] != 'Z':
                time.sleep(0.05)
                continue
        return time.monotonic() - begun
    return float('inf')


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['SIGKILL', 'SIGSTOP'])
@pytest.mark.parametrize('place', ['iteration', 'validation', 'save'])
def test_struck_rank_ends_the_other(
    start: Callable, record_trials: Callable, place: str, kind: str
) -> None:
    with start(place, '1', kind) as job:
        job.wait_for('struck')
        other, struck = job.ranks()
        seconds = seconds_until_gone(other, 2 * SOON)
        time.sleep(2)  # the launcher looks who ended first
        with suppress(ProcessLookupError):
            os.kill(struck, signal.SIGKILL)  # torchrun would in 30 s
        status = job.launcher.wait(2 * SOON)
        log = job.log()
    record_trials(
        'Distributed',
        f'a process gets {kind} in: {place}',
        1,
        seconds <= SOON and status > 0,
        figures=f'the other ends after {seconds:.1f} s, status {status}',
    )
    assert seconds <= SOON and status > 0, log
    assert 'rank 1' in log or 'process 1' in log, log
    if kind == 'SIGSTOP':
        assert f'(pid {struck} on ' in log and log.count('sign of life') == 1
        assert status == 75, log
    if place != 'iteration':
        torch.load(job.folder / 'run/iter_2.pth', weights_only=True)


@pytest.mark.slow
def test_job_that_sleeps_as_a_whole_goes_on(
    start: Callable, record_trials: Callable
) -> None:
    with start('never', '0', 'SIGSTOP', hang_timeout=4) as job:
        job.wait_for('rank0')
        job.wait_for('rank1')
        pids = [*job.ranks(), job.launcher.pid]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(12)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        status = job.launcher.wait(START)
        log = job.log()
    record_trials(
        'Distributed', 'all processes sleep for 12 s', 1, status == 0
    )
    assert status == 0, log


WITH_BATCH_NORM = (
    'configs/sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py'
)


@pytest.mark.slow
def test_resumed_batch_statistics_are_those_of_all(
    start: Callable,
    tmp_path: Path,
    options: list[str],
    record_trials: Callable,
) -> None:
    """Killed at a save between validations; each rank before the next one."""
    small = [option for option in options if 'generator' not in option]

    def held(*strike: str, resume: Sequence = ()) -> list[dict]:
        with start(*strike, train=[WITH_BATCH_NORM, *resume, *small]) as job:
            status = job.launcher.wait(START)
            assert (status == 0) == (strike[0] == 'never'), job.log()
        return [
            torch.load(path, weights_only=True)
            for path in sorted(tmp_path.glob('held*.pth'))
        ]

    assert held('save', '1', 'SIGKILL') == []
    resumed = held('never', '0', 'SIGKILL', resume=['--resume'])
    for path in (*tmp_path.glob('run/*.pth'), *tmp_path.glob('held*.pth')):
        path.unlink()
    whole = held('never', '0', 'SIGKILL')
    assert len(resumed) == len(whole) == 2
    same = [
        all(torch.equal(value, after[key]) for key, value in before.items())
        for before, after in zip(whole, resumed)
    ]
    record_trials(
        'Distributed',
        'killed and resumed with batch statistics, 2 processes',
        len(same),
        sum(same),
        figures='weights and buffers of each process, bit for bit',
    )
    assert all(same)
    assert any(
        not torch.equal(value, whole[1][key])
        for key, value in whole[0].items()
        if 'running_mean' in key
    ), 'the processes had the same statistics anyway'
