# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Sheets hold the very pixels they are given."""

import numpy as np
import pytest
from PIL import Image

from mmfacesr.utils.visualization import (
    GAP,
    HEADER,
    bicubic,
    columns_of,
    comparison_sheet,
)

SMALL, LARGE = 4, 16


def images(size: int, seed: int) -> list:
    draw = np.random.RandomState(seed)
    return [draw.randint(0, 256, (size, size, 3), np.uint8) for _ in range(3)]


def test_cells() -> None:
    lr, sr, hr = images(SMALL, 0), images(LARGE, 1), images(LARGE, 2)
    sheet = comparison_sheet(columns_of(lr, sr, hr), size=LARGE)
    pitch = LARGE + GAP
    for row in range(3):
        top = HEADER + row * pitch
        cells = [
            sheet[top : top + LARGE, column * pitch : column * pitch + LARGE]
            for column in range(4)
        ]
        np.testing.assert_array_equal(
            cells[0], lr[row].repeat(4, 0).repeat(4, 1)
        )
        large = Image.fromarray(lr[row]).resize((LARGE, LARGE), Image.BICUBIC)
        np.testing.assert_array_equal(cells[1], np.array(large))
        np.testing.assert_array_equal(cells[2], sr[row])
        np.testing.assert_array_equal(cells[3], hr[row])


def test_no_ground_truth_no_column() -> None:
    columns = columns_of(images(SMALL, 0), images(LARGE, 1))
    assert list(columns) == ['LR', 'bicubic', 'SR']
    assert bicubic(columns['LR'][0], LARGE).shape == (LARGE, LARGE, 3)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="'a': 1.*'b': 0"):
        comparison_sheet({'a': images(SMALL, 0)[:1], 'b': []})


def test_captions_of_any_file_name() -> None:
    faces = {'SR': images(LARGE, 0)[:1]}
    name = 'caf\udce9\n.png'  # a byte that is no UTF-8, and a line end
    odd = comparison_sheet(faces, 128, [name])
    shown = comparison_sheet(faces, 128, [r'caf\xe9\n.png'])
    np.testing.assert_array_equal(odd, shown)
