# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A process that gets SIGKILL at random moments; see also test_killed.py."""

import multiprocessing
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from toy_training import assert_equal_runs, make_runner

from mmfacesr.apis.resume import newest_checkpoint

KILLS = 8


def live(folder: Path, kind: dict) -> None:
    """Train on from the newest checkpoint."""
    newest = newest_checkpoint(folder)
    make_runner(folder, resume=newest and newest.path, **kind).train()


@pytest.mark.parametrize(
    'kind', [dict(), dict(by_epoch=True)], ids=['iterations', 'epochs']
)
def test_sigkill_changes_nothing(
    whole: Callable, tmp_path: Path, kind: dict, record_trials: Callable
) -> None:
    expected = whole(**kind)
    fork, draw = multiprocessing.get_context('fork'), random.Random(1)
    folder, kills, torn = tmp_path / 'run', 0, 0
    for _ in range(KILLS):
        process = fork.Process(target=live, args=(folder, kind))
        process.start()
        saving = draw.random() < 0.5
        end = time.monotonic() + draw.uniform(0.05, 0.6)
        while process.is_alive() and time.monotonic() < end:
            if saving and any(folder.glob('.*.tmp')):
                torn += 1
                break
            time.sleep(0.0005)
        kills += process.is_alive()
        process.kill()
        process.join()
    live(folder, kind)
    assert kills
    assert_equal_runs(expected, folder)
    record_trials('resume: toy', 'SIGKILL', kills, kills, 0, f'{torn} saving')
