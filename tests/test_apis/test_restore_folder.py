# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring folders again, and folders of all kinds of things."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmfacesr.apis import restore_folder as module
from mmfacesr.apis.config import load_config
from mmfacesr.apis.restore_folder import (
    Restored,
    restore_folder,
    result_names,
)
from mmfacesr.apis.stand_in import StandIn
from mmfacesr.models.dic import DICGenerator
from mmfacesr.utils.images import read_image, write_image

CONFIG = 'configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py'
NETWORK = dict(mid_channels=8, num_blocks=1, num_steps=1, hg_mid_channels=8)


@pytest.fixture(scope='module')
def cfg(repo: Path) -> Config:
    return load_config(str(repo / CONFIG), dict(model=dict(generator=NETWORK)))


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two networks."""
    files = []
    for seed in range(2):
        torch.manual_seed(seed)
        files.append(str(tmp_path_factory.mktemp('net') / f'{seed}.pth'))
        torch.save(DICGenerator(**NETWORK).state_dict(), files[-1])
    return files


def face(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (16, 16, 3), np.uint8)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Three faces and a file that is none."""
    folder = tmp_path / 'in'
    for index in range(3):
        write_image(folder / f'more/{index}.png', face(index))
    (folder / 'broken.png').write_bytes(b'no image')
    return folder


@pytest.fixture
def restore(
    cfg: Config, checkpoints: list[str], source: Path, tmp_path: Path
) -> Callable[..., Restored]:
    def run(**changes: object) -> Restored:
        arguments = dict(
            cfg=cfg,
            checkpoint=checkpoints[0],
            source=str(source),
            target=str(tmp_path / 'out'),
            batch_size=2,
        )
        return restore_folder(**{**arguments, **changes})

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def test_a_second_run_gives_the_same(restore, tmp_path):
    first = restore()
    files = contents(tmp_path / 'out')
    assert files.keys() == {
        'left_out.txt',
        *(f'more/{index}.png' for index in range(3)),
    }
    assert first[:2] == (3, 0) and first.left_out.keys() == {'broken.png'}
    stamps = {
        p: p.stat().st_mtime_ns for p in (tmp_path / 'out/more').iterdir()
    }
    second = restore()
    assert second == (0, 3, first.left_out)
    assert contents(tmp_path / 'out') == files
    assert stamps == {p: p.stat().st_mtime_ns for p in stamps}
    assert restore(overwrite=True) == first
    assert contents(tmp_path / 'out') == files


def test_other_weights_make_other_results(restore, checkpoints, tmp_path):
    restore()
    before = read_image(tmp_path / 'out/more/0.png')
    assert restore(checkpoint=checkpoints[1]).done == 3
    after = read_image(tmp_path / 'out/more/0.png')
    assert np.abs(before.astype(int) - after).max() > 0
    restore(checkpoint=checkpoints[1], target=str(tmp_path / 'fresh'))
    fresh = read_image(tmp_path / 'fresh/more/0.png')
    np.testing.assert_array_equal(after, fresh)


def test_the_file_of_the_weights_does_not_matter(
    restore, checkpoints, tmp_path
):
    restore()
    copy = tmp_path / 'other_name.pth'
    shutil.copy(checkpoints[0], copy)
    assert restore(checkpoint=str(copy))[:2] == (0, 3)


def test_other_settings_and_inputs_make_other_results(
    restore, cfg, source, tmp_path
):
    restore()
    write_image(source / 'more/1.png', face(9))
    assert restore()[:2] == (1, 2)
    changed = Config(cfg.to_dict(), filename=cfg.filename)
    changed.model.data_preprocessor.mean = [0.0, 0.0, 0.0]
    assert restore(cfg=changed)[:2] == (3, 0)
    changed.inference_pipeline.insert(1, dict(type='Flip', flip_ratio=1.0))
    changed.inference_pipeline[1]['keys'] = ['gt']
    assert restore(cfg=changed)[:2] == (3, 0)


def test_a_torn_copy_is_made_again(restore, tmp_path):
    restore()
    result = tmp_path / 'out/more/2.png'
    whole = result.read_bytes()
    result.write_bytes(whole[: len(whole) // 2])
    assert restore()[:2] == (1, 2)
    assert result.read_bytes() == whole


def test_what_is_no_result_is_not_replaced(restore, tmp_path):
    foreign = tmp_path / 'out/more/0.png'
    write_image(foreign, face(7))
    kept = foreign.read_bytes()
    done, _, left_out = restore()
    assert done == 2 and foreign.read_bytes() == kept
    assert '--overwrite' in left_out['more/0.png']
    assert restore()[:2] == (0, 2)
    assert restore(overwrite=True)[:2] == (3, 0)
    assert foreign.read_bytes() != kept


def test_the_list_is_of_the_last_run(restore, source, tmp_path):
    restore()
    listed = tmp_path / 'out/left_out.txt'
    assert listed.read_text().startswith('broken.png: is not an image')
    (source / 'broken.png').unlink()
    restore()
    assert not listed.exists()
    (source / 'more/1.png').write_bytes(b'')
    assert restore()[:2] == (0, 2)
    line = 'more/1.png: is empty (0 bytes); fetch it again or remove it'
    assert listed.read_text() == f'{line}; more/1.png is of an earlier run\n'


def test_results_inside_the_inputs_are_no_inputs(restore, source):
    target = str(source / 'results')
    first = restore(target=target)
    assert restore(target=target) == (0, 3, first.left_out)
    (source / 'link').symlink_to('results')
    assert restore(target=target) == (0, 3, first.left_out)


@pytest.mark.parametrize('target', ['in', '.', 'in/more/..', 'in/../link'])
def test_results_never_come_among_the_inputs(
    restore, source, tmp_path, target
):
    (tmp_path / 'link').symlink_to(source)
    with pytest.raises(ValueError, match='another folder'):
        restore(target=str(tmp_path / target))


def test_everything_that_is_no_picture_is_listed(restore, source, tmp_path):
    os.mkfifo(source / 'pipe.png')
    (source / 'endless.png').symlink_to('/dev/zero')
    (source / 'gone.png').symlink_to('nothing')
    write_image(tmp_path / 'others/a.png', face(5))
    (source / 'up').symlink_to(tmp_path / 'others')
    (source / 'phone.HEIC').write_bytes(b'\0\0\0\x18ftypheic')
    name = os.fsdecode(b'caf\xe9\n.png')
    (source / name).write_bytes(b'')
    os.rename(source / 'more/0.png', source / os.fsdecode(b'\xff.png'))
    assert restore()[:2] == (3, 0)
    lines = (tmp_path / 'out/left_out.txt').read_text().splitlines()
    reasons = dict(line.split(': ', 1) for line in lines)
    assert reasons.keys() == {
        'broken.png',
        r'caf\xe9\n.png',
        'endless.png',
        'gone.png',
        'phone.HEIC',
        'pipe.png',
        'up',
    }
    assert 'HEIC' in reasons['phone.HEIC']
    assert not (tmp_path / 'out/up').exists()
    assert (tmp_path / 'out' / os.fsdecode(b'\xff.png')).exists()


def test_names_too_long_for_a_result_are_listed(restore, source, tmp_path):
    stem = 'n' * 250
    for suffix in ('.png', '.bmp'):
        shutil.copy(source / 'more/0.png', source / (stem + suffix))
    shutil.copy(source / 'more/0.png', source / ('m' * 251 + '.png'))
    done, _, left_out = restore()
    assert done == 4
    assert 'another name' in left_out[f'{stem}.png']
    assert (tmp_path / 'out' / ('m' * 251 + '.png')).exists()


def test_a_batch_beyond_the_memory_is_done_one_by_one(
    restore, source, monkeypatch
):
    predict = module.predict

    def predict_little(model: torch.nn.Module, batch: list[dict]):
        if len(batch) > 1:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        if batch[0]['file'] == 'more/2.png':
            raise RuntimeError(
                "[enforce fail] DefaultCPUAllocator: can't allocate memory"
            )
        return predict(model, batch)

    monkeypatch.setattr(module, 'predict', predict_little)
    done, _, left_out = restore()
    assert done == 2 and 'memory' in left_out['more/2.png']

    def fail(*_: object) -> None:
        raise RuntimeError('another fault')

    monkeypatch.setattr(module, 'predict', fail)
    with pytest.raises(RuntimeError, match='another fault'):
        restore(overwrite=True)


def test_another_way_to_run_the_network(restore, tmp_path):
    restore()
    plain = contents(tmp_path / 'out')
    asked = []

    def black(batch: torch.Tensor) -> torch.Tensor:
        asked.append(len(batch))
        return torch.full((len(batch), 3, 128, 128), -9.0)

    another = dict(stand_in=StandIn(black, 16), backend='auto')
    assert restore(**another)[:2] == (3, 0)
    assert asked == [2, 1]
    assert read_image(tmp_path / 'out/more/0.png').max() == 0
    assert restore(**another)[:2] == (0, 3)
    assert restore()[:2] == (3, 0)
    assert contents(tmp_path / 'out') == plain


def test_names_without_collision() -> None:
    files = ['a.jpg', 'a.png', 'a.jpg.png', 'b.jpeg', 'c.jpg', 'more/a.bmp']
    assert result_names([*files, 'C.PNG/x.png']) == {
        'a.jpg': 'a.jpg.png',
        'a.png': 'a.png.png',
        'a.jpg.png': 'a.jpg.png.png',
        'b.jpeg': 'b.png',
        'c.jpg': 'c.jpg.png',  # the other name is a folder's
        'more/a.bmp': 'more/a.png',
        'C.PNG/x.png': 'C.PNG/x.png',
    }
