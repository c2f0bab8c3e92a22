# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Memory over many pictures: what one took is free for the next."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from memory import KIB, settled_memory, slope_of

from .conftest import face_of_side

MEASUREMENTS = 100
MOST = 0.1  # KiB a picture: half a gigabyte after five million
pytestmark = pytest.mark.skipif(
    not Path('/proc/self/smaps_rollup').exists(), reason='needs Linux'
)


def check(restore: Callable, pictures: int, most: float, record: Callable):
    """Restore so many pictures of two faces, one after the other."""
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (120, 120, 3), np.uint8)
    found, every = [], pictures // MEASUREMENTS
    for number in range(pictures):
        (result,) = restore(picture)
        assert [face.restored for face in result.faces] == [True, True]
        if number % every == 0:
            found.append(settled_memory() / KIB)
    slope = slope_of(found[len(found) // 5 :], every)
    record(
        'Load',
        'pictures restored one after the other',
        pictures,
        pictures if slope.high < most else 0,
        figures=f'memory {slope} KiB a picture after a fifth of them',
    )
    assert slope.high < most, found[:: len(found) // 20]


@pytest.mark.slow
def test_five_thousand(make_restorer: Callable, record_trials) -> None:
    faces = [face_of_side(18, 20, 20), face_of_side(30, 60, 60)]
    check(make_restorer(*faces), 5000, MOST, record_trials)


@pytest.mark.slow
def test_a_few_hundred(make_restorer: Callable, record_trials) -> None:
    faces = [face_of_side(18, 20, 20), face_of_side(30, 60, 60)]
    # Too few to tell a slope of less; a picture kept would be 42 KiB.
    check(make_restorer(*faces), 300, 5, record_trials)
