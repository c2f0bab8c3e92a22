# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A resumed training is the one that was not interrupted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from toy_training import At, Count, assert_equal_runs, make_runner

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
