# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A thousand faces stay a page that can be sent and opened."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from browser import open_file, start_chromium

from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.apis.reporting.page import write_report
from mmfacesr.utils.images import write_image

FACES = 1000
SIZE = 128
MOST_BYTES = 60_000_000


@pytest.fixture(scope='module')
def chromium():
    yield from start_chromium()


def write_noise(root: Path) -> None:
    """Pictures that compress worse than any face; a few, in many copies."""
    rng = np.random.default_rng(0)
    for number in range(FACES):
        for kind in ('hr', 'a', 'b', 'c'):
            path = root / kind / f'{number:04d}.png'
            if number < 5:
                shape = (SIZE, SIZE, 3)
                write_image(path, rng.integers(0, 256, shape, np.uint8))
            else:
                shutil.copy(path.with_name(f'{number % 5:04d}.png'), path)


@pytest.mark.slow
def test_a_thousand_faces_of_three_methods(tmp_path: Path, chromium) -> None:
    write_noise(tmp_path)
    for kind in ('a', 'b', 'c'):
        evaluate_folders(
            tmp_path / kind, tmp_path / 'hr', tmp_path / f'e{kind}'
        )
    out = write_report([tmp_path / f'e{kind}' for kind in 'abc'], tmp_path)
    assert out.stat().st_size < MOST_BYTES
    open_file(chromium, out)
    rows = chromium.execute_script(
        "return document.querySelectorAll('#table tbody tr').length"
    )
    assert rows == FACES
    assert chromium.get_log('browser') == []
