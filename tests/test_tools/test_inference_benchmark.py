# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of networks says what it measured."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from mmfacesr.engine.optim_wrappers import has_native_bfloat16

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'


def test_a_small_network(
    repo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    file = tmp_path / 'speed.json'
    words = f'{MODEL} --threads 1 --batch-sizes 2 --rounds 2 --backend torch'
    tool = str(repo / 'benchmarks/inference.py')
    monkeypatch.setattr(sys, 'argv', [tool, *words.split(), f'--json={file}'])
    runpy.run_path(tool, run_name='__main__')
    said = capsys.readouterr().out
    assert f'{MODEL}, threads 1, batch 2' in said
    found = json.loads(file.read_text())
    ways = {row['way']: row for row in found['rows']}
    rounded = ['torch bfloat16'] if has_native_bfloat16() else []
    assert list(ways) == ['as it is', 'torch float32', *rounded]
    first, exact = ways['as it is'], ways['torch float32']
    assert first['speed'] == 1 and first['wall'] > 0
    assert float(exact['agreement']) <= 1e-4
    assert exact['speed'] == pytest.approx(first['wall'] / exact['wall'])
    for row in ways.values():
        assert f'| {row["way"]} |' in said
        assert (row['wall'] is None) == bool(row['reason'])
