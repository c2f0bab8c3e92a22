# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the tests of the tools share."""

import runpy
import sys
from collections.abc import Callable

import numpy as np
import pytest

from mmfacesr.faces.table import LandmarkTable
from mmfacesr.utils.images import write_image


@pytest.fixture
def run_tool(repo, monkeypatch, capsys) -> Callable:
    """Run a tool as a program in this process: status, output and errors."""

    def run(tool: str, *args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        status = 0
        try:
            runpy.run_path(str(repo / 'tools' / tool), run_name='__main__')
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else bool(end.code)
            if isinstance(end.code, str):
                sys.stderr.write(end.code)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.fixture
def noisy_root(tmp_path) -> Callable:
    """Make a data root of noise: 128x128 images with known landmarks."""

    def make(num: int, parts: dict[str, list[int]]) -> tuple:
        root = tmp_path / 'noise'
        rng = np.random.default_rng(0)
        files = [f'{index}.png' for index in range(num)]
        points = rng.uniform(10, 117, (num, 68, 2)).astype(np.float32)
        for file in files:
            write_image(
                root / file, rng.integers(0, 256, (128, 128, 3), np.uint8)
            )
        for part, indices in parts.items():
            (root / f'{part}.txt').write_text(
                '\n'.join(files[index] for index in indices) + '\n'
            )
        LandmarkTable(
            file=np.array(files),
            points=points,
            box=np.full((num, 4), np.nan, np.float32),
            score=np.full(num, np.nan, np.float32),
            sha256=np.array([''] * num),
        ).save(root / 'landmarks68.npz')
        return root, points

    return make
