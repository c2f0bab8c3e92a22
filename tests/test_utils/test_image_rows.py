# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Rows that are kept as numbers, against a list of dicts."""

import math
import pickle
import tracemalloc

import numpy as np
import pytest

from mmfacesr.utils.image_rows import ImageRows


def make_row(index: int) -> dict:
    return dict(
        PSNR=math.inf if index == 2 else index / 7,
        levels=np.arange(5, dtype=np.float32) * index / 3,
        file=f'{index}.png',
    )


def are_equal(some: dict, other: dict) -> bool:
    return some.keys() == other.keys() and all(
        np.array_equal(value, other[key]) and type(value) is type(other[key])
        for key, value in some.items()
    )


def test_rows_are_those_of_a_list() -> None:
    wanted = [make_row(index) for index in range(9)]
    rows = ImageRows(wanted[:4])
    rows.extend(wanted[4:])
    assert len(rows) == 9
    for found in (rows, rows[:9], rows[:20], pickle.loads(pickle.dumps(rows))):
        assert all(map(are_equal, found, wanted))
    assert all(map(are_equal, rows[3:5], wanted[3:5]))
    assert are_equal(rows[-1], wanted[-1])
    assert list(rows.without('file')[0]) == ['PSNR', 'levels']
    with pytest.raises(IndexError):
        rows[9]
    rows.clear()
    assert not rows and list(rows) == []


@pytest.mark.parametrize(
    'other',
    [
        dict(PSNR=1.0),
        dict(make_row(1), PSNR=1),
        dict(make_row(1), levels=np.zeros(4, np.float32)),
        dict(make_row(1), levels=np.zeros(5)),
        dict(make_row(1), more={}),
    ],
)
def test_other_rows_are_refused_and_nothing_added(other: dict) -> None:
    rows = ImageRows([make_row(0)])
    with pytest.raises(TypeError, match='Expected'):
        rows.extend([make_row(1), other])
    assert len(rows) == 1 and are_equal(rows[0], make_row(0))


def test_a_number_takes_its_bytes() -> None:
    rows, file = ImageRows(), 'a/b.png'
    tracemalloc.start()
    for index in range(10_000):
        rows.extend([dict(PSNR=index / 7, file=file)])
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # 8 for the number, 8 for the name, and room to grow.
    assert size < 20 * len(rows)
