# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring by the command line: exit status and messages."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mmfacesr.models.dic import DICGenerator
from mmfacesr.utils.images import write_image

CONFIG = 'configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py'
NETWORK = dict(mid_channels=8, num_blocks=1, num_steps=1, hg_mid_channels=8)


@pytest.fixture
def restore(run_tool: Callable, repo: Path, tmp_path: Path) -> Callable:
    """Restore ``in`` to ``out``: status and all that is said."""
    torch.save(DICGenerator(**NETWORK).state_dict(), tmp_path / 'net.pth')
    for index in range(3):
        rng = np.random.default_rng(index)
        pixels = rng.integers(0, 256, (16, 16, 3), np.uint8)
        write_image(tmp_path / f'in/{index}.png', pixels)

    def run(*words: str) -> tuple[int, str]:
        status, out, error = run_tool(
            'test.py',
            str(repo / CONFIG),
            tmp_path / 'net.pth',
            '--input',
            tmp_path / 'in',
            '--save-dir',
            tmp_path / 'out',
            *words,
            '--cfg-options',
            *(f'model.generator.{k}={v}' for k, v in NETWORK.items()),
        )
        return status, out + error

    return run


def test_a_second_run_has_the_same_status(restore, tmp_path):
    (tmp_path / 'in/photo.heic').write_bytes(b'\0\0\0\x18ftypheic')
    status, said = restore()
    assert status == 0 and '3 faces restored' in said
    listed = (tmp_path / 'out/left_out.txt').read_text()
    assert listed.startswith('photo.heic: ')
    status, said = restore()
    assert status == 0 and '0 faces restored' in said and '3 results' in said
    assert 'left_out.txt' in said
    assert (tmp_path / 'out/left_out.txt').read_text() == listed
    status, said = restore('--overwrite')
    assert status == 0 and '3 faces restored' in said


def test_nothing_but_files_left_out_is_a_failure_each_time(restore, tmp_path):
    for index in range(3):
        (tmp_path / f'in/{index}.png').write_bytes(b'')
    assert [restore()[0], restore()[0]] == [1, 1]
    assert len((tmp_path / 'out/left_out.txt').read_text().splitlines()) == 3


def test_a_full_disk_is_named_and_what_was_finished_is_kept(
    restore, tmp_path, monkeypatch
):
    sync, left = os.fsync, [2]

    def sync_two(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, 'No space left on device')
        sync(descriptor)

    with monkeypatch.context() as full:
        full.setattr(os, 'fsync', sync_two)
        status, said = restore()
    assert status == 1
    assert str(tmp_path / 'out/2.png') in said and 'another disk' in said
    assert sorted(os.listdir(tmp_path / 'out')) == ['0.png', '1.png']
    status, said = restore()
    assert status == 0 and '1 faces restored' in said


def test_overwrite_alone_is_refused(run_tool, repo):
    status, _, error = run_tool(
        'test.py', str(repo / CONFIG), 'net.pth', '--overwrite'
    )
    assert status == 2 and '--input' in error
