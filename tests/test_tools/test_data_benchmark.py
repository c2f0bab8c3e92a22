# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the data compares what it measures."""

import re
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.structures import BaseDataElement


def test_every_sample_is_compared(
    repo: Path,
    capsys: pytest.CaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = str(repo / 'benchmarks/data.py')
    words = 'dic_x8c48b6_1xb8-150k_celeba --faces 3 --rounds 2 --size 160'
    monkeypatch.setattr(sys, 'argv', [program, *words.split()])
    runpy.run_path(program, run_name='__main__')
    found = re.findall(r'(\d+) of (\d+), 5\d kB', capsys.readouterr().out)
    assert found == [('9', '9'), ('9', '9')]


def test_a_difference_is_seen(repo: Path) -> None:
    are_equal = runpy.run_path(str(repo / 'benchmarks/data.py'))['are_equal']

    def sample(value: int, name: str = 'a') -> dict:
        item = BaseDataElement(gt=torch.tensor([value]), metainfo={name: 1})
        return dict(inputs=torch.zeros(1), data_samples=item)

    assert are_equal(sample(1), sample(1))
    assert not are_equal(sample(1), sample(2))
    assert not are_equal(sample(1), sample(1, 'b'))
    assert not are_equal(dict(gt=torch.zeros(1)), dict(gt=torch.ones(1)))
