# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a training starts from, and what it must not overwrite."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from toy_training import make_runner

from mmfacesr.apis.resume import (
    AUTO,
    find_start,
    newest_checkpoint,
    read_checkpoint,
    resume_from,
    saved_checkpoints,
    use_seed_of,
)
from mmfacesr.weights import WeightsError


def config(folder: Path, **settings: object) -> Config:
    return Config(dict(work_dir=str(folder), **settings))


def checkpoint(path: Path, iteration: int, epoch: int = 0) -> Path:
    """The least that a training can go on from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta = dict(iter=iteration, epoch=epoch, seed=7)
    parts = dict(state_dict={}, optimizer={}, message_hub={})
    torch.save(dict(meta=meta, **parts), path)
    return path


def cut_off(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-200])
    return path


def test_newest_by_number_and_not_by_last_checkpoint(tmp_path: Path) -> None:
    for iteration in (900, 1000, 2):
        checkpoint(tmp_path / f'iter_{iteration}.pth', iteration)
    checkpoint(tmp_path / 'best_PSNR_iter_2000.pth', 2000)
    elsewhere = checkpoint(tmp_path / 'old/iter_5000.pth', 5000)
    (tmp_path / 'last_checkpoint').write_text(str(elsewhere))
    start = find_start(config(tmp_path), AUTO)
    assert start.path == tmp_path / 'iter_1000.pth'
    assert start.meta['iter'] == 1000


def test_moved_folder_is_found(tmp_path: Path) -> None:
    checkpoint(tmp_path / 'old/iter_2.pth', 2)
    (tmp_path / 'old/last_checkpoint').write_text(
        str(tmp_path / 'old/iter_2.pth')
    )
    (tmp_path / 'old').rename(tmp_path / 'new')
    start = find_start(config(tmp_path / 'new'), AUTO)
    assert start.path == tmp_path / 'new/iter_2.pth'


def test_epochs_and_parts_of_them(tmp_path: Path) -> None:
    for name, iteration in (
        ('epoch_9', 900),
        ('epoch_10', 1000),
        ('epoch_10_iter_1042', 1042),
    ):
        checkpoint(tmp_path / f'{name}.pth', iteration)
    names = [path.stem for path in saved_checkpoints(tmp_path)[0]]
    assert names == ['epoch_10_iter_1042', 'epoch_10', 'epoch_9']
    checkpoint(tmp_path / 'iter_1050.pth', 1050)
    assert newest_checkpoint(tmp_path).path.name == 'iter_1050.pth'


def test_names_and_places_of_the_config(tmp_path: Path) -> None:
    hook = dict(out_dir=str(tmp_path / 'out'), filename_tmpl='net-{}.pt')
    cfg = config(tmp_path / 'run/', default_hooks=dict(checkpoint=hook))
    saved = checkpoint(tmp_path / 'out/run/net-3.pt', 3)
    assert find_start(cfg, AUTO).path == saved


def test_nothing_there_starts_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert find_start(config(tmp_path / 'none'), AUTO) is None
    assert 'starts anew' in capsys.readouterr().out
    assert find_start(config(tmp_path / 'none'), None) is None


def test_torn_ones_are_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for iteration in (2, 4, 6, 8):
        checkpoint(tmp_path / f'iter_{iteration}.pth', iteration)
    for iteration in (6, 8):
        cut_off(tmp_path / f'iter_{iteration}.pth')
    start = find_start(config(tmp_path), AUTO)
    assert start.meta['iter'] == 4
    said = capsys.readouterr().out
    assert said.count('Passed over') == 2 and 'fetch' not in said
    # They are moved aside before new ones of that name are written.
    resume_from(make_runner(tmp_path), start, config(tmp_path))
    left = sorted(path.name for path in tmp_path.glob('iter_*.pth'))
    assert left == ['iter_2.pth', 'iter_4.pth']


def test_torn_one_that_was_asked_for_is_refused(tmp_path: Path) -> None:
    torn = cut_off(checkpoint(tmp_path / 'iter_2.pth', 2))
    with pytest.raises(WeightsError, match='iter_2.pth'):
        find_start(config(tmp_path), str(torn))


def test_all_torn_is_no_start_from_scratch(tmp_path: Path) -> None:
    for iteration in (2, 4):
        cut_off(checkpoint(tmp_path / f'iter_{iteration}.pth', iteration))
    with pytest.raises(WeightsError, match='iter_4.*iter_2.*move them away'):
        find_start(config(tmp_path), AUTO)


@pytest.mark.parametrize(
    'content, missing',
    [
        (dict(weight=torch.ones(2)), 'no iteration, no weights, no optimizer'),
        (
            dict(meta=dict(iter=2, epoch=0), state_dict={}, message_hub={}),
            'has no optimizer',
        ),
    ],
)
def test_weights_alone_name_load_from(
    tmp_path: Path, content: dict, missing: str
) -> None:
    """The best checkpoint is such a file."""
    torch.save(content, tmp_path / 'a b.pth')
    with pytest.raises(WeightsError) as error:
        find_start(config(tmp_path / 'run'), str(tmp_path / 'a b.pth'))
    assert missing in str(error.value)
    assert f"load_from='{tmp_path}/a b.pth'" in str(error.value)


def test_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match='found none; check the path'):
        find_start(config(tmp_path), str(tmp_path / 'iter_3.pth'))


def test_checkpoints_of_another_run_are_not_overwritten(
    tmp_path: Path,
) -> None:
    used = checkpoint(tmp_path / 'run/iter_4.pth', 4)
    other = checkpoint(tmp_path / 'other/iter_2.pth', 2)
    for resume in (None, str(other)):
        with pytest.raises(FileExistsError, match=r'iter_4\.pth.*--resume'):
            find_start(config(used.parent), resume)
    assert find_start(config(tmp_path / 'new'), str(other)).path == other


def test_resume_of_the_config_is_the_same(tmp_path: Path) -> None:
    saved = checkpoint(tmp_path / 'iter_4.pth', 4)
    earlier = checkpoint(tmp_path / 'iter_2.pth', 2)
    cfg = config(tmp_path, resume=True, load_from=None)
    assert find_start(cfg, None).path == saved
    cfg.load_from = str(earlier)
    assert find_start(cfg, None).path == earlier
    assert find_start(cfg, AUTO).path == saved


def test_newer_ones_are_set_aside_not_overwritten(
    whole: Callable, tmp_path: Path
) -> None:
    folder = shutil.copytree(whole(), tmp_path / 'run')
    saved = folder / 'iter_12.pth'
    before = saved.read_bytes()
    for number in (4, 8, 10):
        (folder / f'best_score_iter_{number}.pth').write_text('kept')
    cfg = config(folder, randomness=dict(seed=None))
    start = find_start(cfg, str(folder / 'iter_8.pth'))
    use_seed_of(cfg, start)
    assert cfg.randomness.seed == start.meta['seed'] == 5
    resume_from(make_runner(folder), start, cfg)
    assert not saved.exists()
    (aside,) = folder.glob('iter_12.pth.*')
    assert aside.read_bytes() == before
    assert find_start(config(folder), AUTO).path.name == 'iter_8.pth'
    # The best one of what is not continued is no longer taken for ours.
    best = {path.name for path in folder.glob('best_score_iter_*.pth')}
    assert {'best_score_iter_4.pth', 'best_score_iter_8.pth'} <= best
    assert 'best_score_iter_10.pth' not in best
    assert len(list(folder.glob('best_score_iter_10.pth.*'))) == 1


def test_newer_ones_where_the_config_saves_them(tmp_path: Path) -> None:
    hook = dict(out_dir=str(tmp_path / 'out'), filename_tmpl='net-{}.pth')
    cfg = config(tmp_path / 'run', default_hooks=dict(checkpoint=hook))
    saved = [checkpoint(tmp_path / f'out/run/net-{i}.pth', i) for i in (2, 4)]
    resume_from(make_runner(tmp_path / 'run'), read_checkpoint(saved[0]), cfg)
    assert saved[0].exists() and not saved[1].exists()
    assert len(list((tmp_path / 'out/run').glob('net-4.pth.*'))) == 1
