# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of restoring compares batches, and their results too."""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from torch import Tensor, nn

from mmfacesr.apis import FaceSRInferencer
from mmfacesr.datasets.synthetic_faces import render_group


@pytest.fixture
def benchmark(repo: Path) -> dict[str, Callable]:
    return runpy.run_path(str(repo / 'benchmarks/restoring.py'))


def test_it_restores_by_a_model(
    benchmark: dict, monkeypatch: pytest.MonkeyPatch, capsys: Callable
) -> None:
    words = ['--faces', '2', '--rounds', '1', '--batch-sizes', '2', '1']
    monkeypatch.setattr(sys, 'argv', ['restoring.py', *words])
    benchmark['main']()
    *_, two, one = capsys.readouterr().out.splitlines()
    assert two.split()[0] == '2' and int(two.split()[-1]) <= 1
    assert one.split()[0] == '1' and int(one.split()[-1]) == 0
    assert one.split()[4:-1] == ['1.00', '[1.00,', '1.00]']


def test_batches_that_mix_faces_are_seen(benchmark: dict) -> None:
    calls = []

    def restore(faces: list, mode: str, batch_size: int) -> list:
        calls.append(batch_size)
        image = np.full((2, 2, 3), 100 + batch_size, np.uint8)
        return [SimpleNamespace(image=image) for _ in faces]

    speeds, differences = benchmark['measure'](restore, [None], [3, 1], 4)
    assert calls == [3, 1] * 5  # by turns
    assert speeds.shape == (4, 2) and (speeds > 0).all()
    assert differences.tolist() == [2, 0]


def test_photos_from_file_to_file(benchmark: dict, tmp_path: Path) -> None:
    picture, points = render_group(0)
    for name in ('a', 'b'):
        Image.fromarray(picture).save(tmp_path / f'{name}.jpg')
    batches = []

    def enlarge(lr: Tensor) -> Tensor:
        batches.append(len(lr))
        return nn.functional.interpolate(lr, scale_factor=8)

    restore = FaceSRInferencer(benchmark['MODEL'], network=enlarge)
    restore._finder = SimpleNamespace(find=lambda _: list(points))
    for way in benchmark['WAYS'].values():
        speed, share = benchmark['restore_files'](restore, tmp_path, 4, 2, way)
        assert speed > 0 and 0 < share < 1
    assert batches == [4, 4, 2] * 2
    restore._finder.find = lambda _: []
    with pytest.raises(RuntimeError, match="2 photos .*'unchanged': 2"):
        benchmark['restore_files'](restore, tmp_path, 4, 1, way)
