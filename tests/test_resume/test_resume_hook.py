# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A resumed training is the one that was not interrupted."""

import multiprocessing
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.hooks import Hook
from torch.utils.data import DataLoader
from toy_training import (
    At,
    Count,
    Fixed,
    Pairs,
    assert_equal_runs,
    make_runner,
)

from mmfacesr.apis.resume import newest_checkpoint
from mmfacesr.engine.hooks import ResumeHook
from mmfacesr.models.sparnet.generator_ema_hook import GeneratorEMAHook

KINDS = pytest.mark.parametrize(
    'kind', [dict(), dict(by_epoch=True)], ids=['iterations', 'epochs']
)


class Killed(BaseException):
    """Stands for a SIGKILL: nothing catches it."""


def kill() -> None:
    raise Killed


def killed(folder: Path, place: str, iteration: int, *hooks, **kind) -> Path:
    """A training that ends at a place, with the place's hooks last."""
    end = At(place, iteration, kill)
    with pytest.raises(Killed):
        make_runner(folder, *hooks, end, **kind).train()
    return folder


def resume(folder: Path, *hooks, **kind) -> Count:
    """Go on from the newest checkpoint; what was done."""
    count = Count()
    newest = newest_checkpoint(folder)
    make_runner(folder, *hooks, count, resume=newest.path, **kind).train()
    return count


@KINDS
@pytest.mark.parametrize('iteration', [8, 12])
def test_validation_that_was_cut_short_is_redone(
    whole: Callable, tmp_path: Path, kind: dict, iteration: int
) -> None:
    """At the end of the training, too."""
    folder = killed(
        tmp_path / 'run',
        'after_val_iter',
        iteration,
        GeneratorEMAHook(0.3),
        **kind,
    )
    assert not list(folder.glob(f'best*{iteration}.pth'))
    count = resume(folder, GeneratorEMAHook(0.3), **kind)
    assert count.trained == list(range(iteration, 12))
    assert count.validated == list(range(iteration, 13, 4))
    assert_equal_runs(whole(GeneratorEMAHook(0.3), **kind), folder)


@KINDS
@pytest.mark.parametrize('nth', [1, 2, 3])
def test_killed_at_each_save(
    whole: Callable, tmp_path: Path, kind: dict, nth: int
) -> None:
    """Before it, before the best one, before it is saved once more."""
    calls = []

    def kill_nth() -> None:
        calls.append(1)
        if len(calls) == nth:
            raise Killed

    end = At('before_save_checkpoint', 0, None)
    end.act = None

    def act(runner, checkpoint):
        if checkpoint['meta']['iter'] == 8:
            kill_nth()

    end.before_save_checkpoint = act
    with pytest.raises(Killed):
        make_runner(tmp_path / 'run', end, **kind).train()
    resume(tmp_path / 'run', **kind)
    assert_equal_runs(whole(**kind), tmp_path / 'run')


@KINDS
def test_finished_validation_is_not_redone(
    whole: Callable, tmp_path: Path, kind: dict
) -> None:
    folder = shutil.copytree(whole(**kind), tmp_path / 'run')
    assert resume(folder, **kind).validated == []


@KINDS
def test_copied_folder_leaves_the_old_one_alone(
    whole: Callable, tmp_path: Path, kind: dict
) -> None:
    old = killed(tmp_path / 'old', 'before_train_iter', 6, **kind)
    files = {path: path.read_bytes() for path in old.glob('*.pth')}
    assert any('best' in path.name for path in files)
    new = shutil.copytree(old, tmp_path / 'new')
    resume(new, **kind)
    assert {path: path.read_bytes() for path in old.glob('*.pth')} == files
    assert_equal_runs(whole(**kind), new)
    last = torch.load(newest_checkpoint(new).path, weights_only=True)
    for key in ('best_ckpt', 'last_ckpt'):
        path = last['message_hub']['runtime_info'][key]
        assert Path(path).parent == new


@pytest.mark.parametrize('hooks', [0, 1])
def test_code_in_a_checkpoint_is_not_run(
    whole: Callable, tmp_path: Path, hooks: int
) -> None:
    """mmengine runs `meta.config`."""
    checkpoint = torch.load(whole() / 'iter_8.pth', weights_only=True)
    proof = tmp_path / 'proof'
    checkpoint['meta']['config'] = f'open({str(proof)!r}, "w").close()'
    torch.save(checkpoint, tmp_path / 'iter_8.pth')
    runner = make_runner(tmp_path / 'run', resume=tmp_path / 'iter_8.pth')
    if not hooks:
        runner._hooks = [
            h for h in runner.hooks if not isinstance(h, ResumeHook)
        ]
    runner.train()
    assert proof.exists() == (not hooks)


@pytest.mark.parametrize('num_workers', [0, 1])
def test_late_resume_loads_nothing_again(
    whole: Callable,
    tmp_path: Path,
    num_workers: int,
    monkeypatch: pytest.MonkeyPatch,
    record_trials: Callable,
) -> None:
    """At 150,000 iterations, and behind a validation that was not finished."""
    late = 150_000
    checkpoint = torch.load(whole() / 'iter_8.pth', weights_only=True)
    checkpoint['meta']['iter'] = late
    torch.save(checkpoint, tmp_path / f'iter_{late}.pth')
    loaded = multiprocessing.Value('i', 0)
    load = Pairs.__getitem__

    def counting(self: Pairs, index: int) -> dict:
        with loaded:
            loaded.value += 1
        return load(self, index)

    monkeypatch.setattr(Pairs, '__getitem__', counting)
    count, begin = Count(), time.perf_counter()
    make_runner(
        tmp_path,
        count,
        resume=tmp_path / f'iter_{late}.pth',
        num_workers=num_workers,
        max_iters=late + 3,
    ).train()
    record_trials(
        'resume: cost',
        f'resume at iteration {late:,}, {num_workers} workers',
        1,
        1,
        figures=f'{time.perf_counter() - begin:.1f} s',
    )
    assert count.trained == [late, late + 1, late + 2]
    # Two of each batch; workers read ahead, and once more from the start.
    assert loaded.value <= 2 * (3 + num_workers * (2 + 2 + 2))


def test_other_samplers_are_loaded_again(tmp_path: Path) -> None:
    """mmengine's own cannot begin anywhere; the order is the same."""
    seen: list[list] = []

    class See(Hook):
        def before_train_iter(self, runner, batch_idx, data_batch) -> None:
            seen[-1].append((runner.iter, data_batch['x'].tolist()))

    for resume_at in (None, 8):
        seen.append([])
        folder = tmp_path / f'{resume_at}'
        file = resume_at and tmp_path / f'None/iter_{resume_at}.pth'
        runner = make_runner(folder, See(), resume=file)
        data = Fixed()
        runner._train_dataloader = DataLoader(
            data, batch_size=2, sampler=InfiniteSampler(data, seed=5)
        )
        runner.train()
    assert seen[1] == seen[0][8:] and len(seen[1]) == 4
