# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Signals save a checkpoint; the resumed training is the uninterrupted one."""

import gc
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mmengine.hooks import Hook
from mmengine.runner import Runner
from toy_training import At, Count, assert_equal_runs, make_runner, send

from mmfacesr.apis.resume import newest_checkpoint
from mmfacesr.apis.stopping import SIGNALS, train_until_stopped
from mmfacesr.engine.hooks import stop_hook
from mmfacesr.models.sparnet.generator_ema_hook import GeneratorEMAHook
from mmfacesr.utils.signals import Stopped

KINDS = [dict(), dict(by_epoch=True), dict(by_epoch=True, save_by_epoch=False)]
IDS = ['iterations', 'epochs', 'epochs saved by iterations']


def stopped(folder: Path, *hooks, **kind) -> Stopped:
    """Train until the hooks have sent a signal."""
    before = [signal.getsignal(signum) for signum in SIGNALS]
    runner = make_runner(folder, *hooks, **kind)
    with pytest.raises(Stopped) as stop:
        train_until_stopped(runner)
    assert [signal.getsignal(signum) for signum in SIGNALS] == before
    return stop.value


def go_on(folder: Path, *hooks, **kind) -> Count:
    count = Count()
    newest = newest_checkpoint(folder)
    runner = make_runner(folder, *hooks, count, resume=newest.path, **kind)
    train_until_stopped(runner)
    return count


def last_of(folder: Path) -> Path:
    return newest_checkpoint(folder).path


@pytest.mark.parametrize('kind', KINDS, ids=IDS)
@pytest.mark.parametrize(
    'place, iteration, done',
    [
        ('before_train_iter', 5, 6),
        ('after_train_iter', 7, 8),  # the last one of an epoch
        ('after_val_iter', 8, 8),
        ('before_save_checkpoint', 8, 8),
        ('after_val_epoch', 8, 8),
        ('after_val_iter', 12, 12),
    ],
)
def test_stopped_and_resumed_is_uninterrupted(
    whole: Callable,
    tmp_path: Path,
    kind: dict,
    place: str,
    iteration: int,
    done: int,
) -> None:
    folder = tmp_path / 'run'
    end = At(place, iteration, lambda: send(signal.SIGTERM))
    stop = stopped(folder, GeneratorEMAHook(0.3), end, **kind)
    assert stop.signum == signal.SIGTERM
    newest = newest_checkpoint(folder)
    assert newest.meta['iter'] == done
    assert f'Saved as {newest.path}; ' in str(stop)
    count = go_on(folder, GeneratorEMAHook(0.3), **kind)
    assert count.trained == list(range(done, 12))
    kept = whole(GeneratorEMAHook(0.3), **kind)
    assert_equal_ends(kept, folder)


def assert_equal_ends(one: Path, other: Path) -> None:
    """The best and the last checkpoint; the others are kept otherwise."""
    for folder in (one, other):
        last = last_of(folder).name
        for path in folder.glob('*.pth'):
            if path.name != last and 'best' not in path.name:
                path.rename(path.with_suffix('.earlier'))
    try:
        assert_equal_runs(one, other, 'keep_ckpt_ids')
    finally:
        for path in one.glob('*.earlier'):
            path.rename(path.with_suffix('.pth'))


@pytest.mark.parametrize('signum', SIGNALS)
def test_every_signal(tmp_path: Path, signum: int) -> None:
    end = At('before_train_iter', 1, lambda: send(signum))
    assert stopped(tmp_path, end).signum == signum
    assert last_of(tmp_path).name == 'iter_2.pth'


def test_ignored_signal_stays_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As nohup sets it."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        end = At('before_train_iter', 1, lambda: send(signal.SIGHUP))
        train_until_stopped(make_runner(tmp_path, end))
    finally:
        signal.signal(signal.SIGHUP, former)
    assert last_of(tmp_path).name == 'iter_12.pth'


def test_cut_epoch_has_a_name_of_its_own(tmp_path: Path) -> None:
    end = At('before_train_iter', 5, lambda: send(signal.SIGTERM))
    stopped(tmp_path, end, by_epoch=True)
    assert last_of(tmp_path).name == 'epoch_1_iter_6.pth'
    # Two batches of two: a resume with batches of one skips four of them.
    assert newest_checkpoint(tmp_path).meta['images_of_epoch'] == 4
    go_on(tmp_path, by_epoch=True)
    assert {path.name for path in tmp_path.glob('epoch*')} == {
        'epoch_2.pth',
        'epoch_3.pth',
    }, 'it was one of the two that are kept'


def test_second_signal_ends_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_hook, 'REPEAT_SECONDS', 0)

    def twice() -> None:
        send(signal.SIGTERM)
        send(signal.SIGTERM)
        raise AssertionError('still there')

    stop = stopped(tmp_path, At('before_train_iter', 5, twice))
    assert last_of(tmp_path).name == 'iter_4.pth'
    assert f'newest checkpoint is {tmp_path / "iter_4.pth"}' in str(stop)


def test_what_a_launcher_repeats_is_one_signal(tmp_path: Path) -> None:
    def twice() -> None:
        send(signal.SIGINT)
        send(signal.SIGTERM)

    stop = stopped(tmp_path, At('before_train_iter', 5, twice))
    assert stop.signum == signal.SIGINT
    assert last_of(tmp_path).name == 'iter_6.pth'


def test_before_the_first_iteration(tmp_path: Path) -> None:
    end = At('before_train', 0, lambda: send(signal.SIGTERM))
    assert str(stopped(tmp_path, end)) == 'Nothing was saved yet.'
    assert not list(tmp_path.glob('*.pth'))


def test_averaged_weights_are_put_back_before_the_save(
    whole: Callable, tmp_path: Path
) -> None:
    """In a validation at an iteration that is not saved otherwise."""
    kind = dict(val_interval=6)
    end = At('after_val_iter', 6, lambda: send(signal.SIGTERM))
    stopped(tmp_path, GeneratorEMAHook(0.3), end, **kind)
    assert last_of(tmp_path).name == 'iter_6.pth'
    go_on(tmp_path, GeneratorEMAHook(0.3), **kind)
    assert_equal_ends(whole(GeneratorEMAHook(0.3), **kind), tmp_path)


def test_signal_that_ends_the_workers_of_the_loader(
    whole: Callable, tmp_path: Path
) -> None:
    """As a scheduler sends it to all processes, the workers first."""

    def send_to_all() -> None:
        workers = [child.pid for child in multiprocessing.active_children()]
        # By another process, because workers mind who sends it.
        command = f'kill {workers[0]}; sleep 0.1; kill {os.getpid()}; sleep 9'
        scheduler = subprocess.Popen(['sh', '-c', command])
        time.sleep(1)
        scheduler.kill()
        scheduler.wait()

    end = At('before_train_iter', 8, send_to_all)
    stopped(tmp_path, end, num_workers=1)
    assert newest_checkpoint(tmp_path).meta['iter'] == 9
    go_on(tmp_path, num_workers=1)
    assert_equal_ends(whole(num_workers=1), tmp_path)


class Fetches:
    """Iterator of batches whose worker has gone with a signal."""

    def __init__(self, batches: Iterator, number: int) -> None:
        self.batches, self.left = batches, number

    def __next__(self) -> dict:
        self.left -= 1
        if self.left < 0:
            send(signal.SIGTERM)
            raise RuntimeError('DataLoader worker exited unexpectedly')
        return next(self.batches)


def test_signal_that_ends_a_worker_during_a_fetch(
    whole: Callable, tmp_path: Path
) -> None:
    class LoseWorker(Hook):
        def before_train(self, runner: Runner) -> None:
            loop = runner.train_loop
            loop.dataloader_iterator = Fetches(loop.dataloader_iterator, 9)

    stopped(tmp_path, LoseWorker())
    assert newest_checkpoint(tmp_path).meta['iter'] == 9
    go_on(tmp_path)
    assert_equal_ends(whole(), tmp_path)


def test_worker_that_ends_by_itself_is_an_error(tmp_path: Path) -> None:
    def end_worker() -> None:
        for worker in multiprocessing.active_children():
            worker.kill()
        time.sleep(1)

    end = At('before_train_iter', 8, end_worker)
    runner = make_runner(tmp_path, end, num_workers=1)
    with pytest.raises((RuntimeError, ChildProcessError), match='worker'):
        train_until_stopped(runner)
    # Or torch raises it once more, at the end of any other child.
    del runner, end
    gc.collect()
