# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Frames are smoothed one after the other: order, memory, going on."""

import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from films import SHAPE, THUMBNAIL, film, moving, smoothed, stamps

from mmfacesr.faces.seen import Seen
from mmfacesr.faces.smoothing import MOST_HELD, REACH, steady

RATES = pytest.mark.parametrize('rate', [10, 25, 120, 0])


@RATES
def test_goes_on_from_records_of_the_reach(rate: float) -> None:
    """Bit for bit, wherever it goes on."""
    rng = np.random.default_rng(4)
    present = np.repeat(rng.random(60) < 0.7, rng.integers(1, 9, 60))[:160]
    times = stamps(160, rate)
    records = film(times, present, moving, cuts=(0, 90), noise=1)
    whole = smoothed(records)
    for start in range(0, 160, 3):
        first = int(np.argmax(times >= times[start] - REACH))
        again = smoothed(records[first:])[start - first :]
        for a, b in zip(whole[start:], again):
            assert [(f.track, f.strength) for f in a] == [
                (f.track, f.strength) for f in b
            ]
            for one, other in zip(a, b):
                assert one.points.tobytes() == other.points.tobytes()


class Item:
    """Stands for a frame."""


@pytest.mark.parametrize('rate', [25, 120, 1e4])
def test_few_frames_are_held(rate: float) -> None:
    """Of a video without an end."""
    alive: weakref.WeakSet[Item] = weakref.WeakSet()

    def endless() -> Iterator[tuple[Item, Seen]]:
        k = 0
        while True:
            item = Item()
            alive.add(item)
            points = SHAPE.astype(np.float32)
            yield item, Seen(k / rate, not k, False, {0: points}, THUMBNAIL)
            del item
            k += 1

    most = 0
    for k, _ in enumerate(steady(endless())):
        most = max(most, len(alive))
        if k == 300:
            break
    # The newest may still be known to the source, the last to the loop.
    assert most <= MOST_HELD + 2


def test_order_is_kept_by_track() -> None:
    points = SHAPE.astype(np.float32)
    records = [
        Seen(k / 25, not k, False, {9: points, 2: points + 5}, THUMBNAIL)
        for k in range(9)
    ]
    for faces in smoothed(records):
        assert [face.track for face in faces] == [2, 9]


def test_time_that_runs_backward_is_refused() -> None:
    records = film([0, 0.1, 0.05], [True] * 3)
    with pytest.raises(ValueError, match='in their order'):
        smoothed(records)


def test_equal_time_stamps() -> None:
    records = film([0, 0.1, 0.1, 0.1, 0.2], [True, True, False, True, True])
    assert all(np.isfinite(f.points).all() for (f,) in smoothed(records))
    records = film([0.1, 0.1, 0.1], [True] * 3)
    assert all(abs(f.points - SHAPE).max() < 1 for (f,) in smoothed(records))
