# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of training says what it measured."""

import json
import runpy
import sys
from pathlib import Path

import pytest

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'


def test_a_small_network(
    repo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    file = tmp_path / 'speed.json'
    words = f'{MODEL} --threads 1 --batch-size 1 --rounds 2 --ways amp with_cp'
    tool = str(repo / 'benchmarks/training.py')
    monkeypatch.setattr(sys, 'argv', [tool, *words.split(), f'--json={file}'])
    runpy.run_path(tool, run_name='__main__')
    said = capsys.readouterr().out
    ways = {row['way']: row for row in json.loads(file.read_text())}
    assert list(ways) == ['float32', 'with_cp', 'amp']
    plain, thrifty, rounded = ways.values()
    assert plain['speeds'] == [1, 1] and plain['difference'] == 0
    assert thrifty['difference'] < 1e-6 < rounded['difference'] < 0.05
    assert all(value > 0 for value in rounded['images_a_wall_second'])
    for way in ways:
        assert f'| {way} | ' in said


def test_curves_are_compared_by_their_worst_step(repo: Path) -> None:
    difference = runpy.run_path(str(repo / 'benchmarks/training.py'))[
        'difference'
    ]
    plain = [dict(loss_a=1.0, loss_b=-3.0), dict(loss_a=2.0, loss_b=0.0)]
    other = [dict(loss_a=1.0, loss_b=-2.0), dict(loss_a=2.0, loss_b=-0.1)]
    assert difference(other, plain) == 0.25
