# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A data loader whose worker dies ends with a message and does not hang."""

import multiprocessing
import multiprocessing.queues
import os
import resource
import signal
from collections.abc import Callable, Iterator
from multiprocessing import resource_sharer
from pathlib import Path

import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from mmfacesr.compat.mends import mend

GONE = 'this mend is no longer needed'
BATCHES = 40
FORK = multiprocessing.get_context('fork')


class Images(Dataset):
    """Two tensors a sample, each of which takes a file handle."""

    def __len__(self) -> int:
        return 8 * BATCHES

    def __getitem__(self, index: int) -> dict:
        return dict(inputs=torch.zeros(3, 4, 4), gt=torch.zeros(3, 8, 8))


def read_all(kill_at: int = -1) -> None:
    loader = DataLoader(
        Images(), batch_size=8, num_workers=2, collate_fn=pseudo_collate
    )
    batches = iter(loader)
    for number, _ in enumerate(batches):
        if number == kill_at:
            os.kill(batches._workers[0].pid, signal.SIGKILL)


def with_few_files(spare: int) -> None:
    """Read with so many file handles more than are open now."""
    most = len(os.listdir('/proc/self/fd')) + spare
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    read_all()


def without_mends(spare: int) -> None:
    for owner, name in (
        (multiprocessing.queues.Queue, '_on_queue_feeder_error'),
        (resource_sharer._ResourceSharer, '_start'),
        (_MultiProcessingDataLoaderIter, '_get_data'),
    ):
        base = getattr(owner, name).__wrapped__
        if name == '_on_queue_feeder_error':
            base = staticmethod(base)
        setattr(owner, name, base)
    with_few_files(spare)


@pytest.fixture
def outcome(tmp_path: Path) -> Iterator[Callable[..., str | None]]:
    """Run a function in a process of its own: its error, None if it hangs."""
    mend()
    started = []

    def noted(function: Callable, *args: int) -> None:
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            function(*args)
            text = 'read all'
        except BaseException as error:
            text = f'{type(error).__name__}: {error}'
        os.write(note, text.encode())

    note = os.open(tmp_path / 'note', os.O_CREAT | os.O_WRONLY)

    def run(function: Callable, *args: int, seconds: float) -> str | None:
        process = FORK.Process(target=noted, args=(function, *args))
        process.start()
        started.append(process)
        process.join(seconds)
        return (tmp_path / 'note').read_text() or None

    yield run
    for process in started:
        if process.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
    os.close(note)


def test_fault_of_torch(outcome: Callable) -> None:
    assert outcome(without_mends, 25, seconds=7) is None, GONE


@pytest.mark.parametrize('spare', [12, 25, 40])
def test_too_few_files_end_with_a_message(
    outcome: Callable, spare: int
) -> None:
    said = outcome(with_few_files, spare, seconds=60)
    assert said.startswith('ChildProcessError: Expected data from the workers')
    assert 'ulimit -n' in said and 'num_workers=0' in said


def test_killed_worker_ends_with_a_message(outcome: Callable) -> None:
    said = outcome(read_all, 3, seconds=60)
    assert said.startswith('ChildProcessError: Expected data from the workers')
    assert said.count('too little memory') == 1


def test_limit_is_raised_as_far_as_it_may_be(outcome: Callable) -> None:
    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
        mend()
        raise OSError(str(resource.getrlimit(resource.RLIMIT_NOFILE)))

    assert outcome(limits, seconds=60) == 'OSError: (300, 300)'
