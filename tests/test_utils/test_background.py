# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Work one item ahead, in another thread."""

import itertools
import threading

import pytest

from mmfacesr.utils import background
from mmfacesr.utils.background import map_ahead

LONG = 30  # seconds; only a fault waits for so long


@pytest.mark.parametrize('ahead', [1, 3])
def test_results_are_those_of_map(ahead: int) -> None:
    for count in range(6):
        squares = map_ahead(lambda number: number**2, range(count), ahead)
        assert list(squares) == [number**2 for number in range(count)]


def test_the_next_is_made_while_one_is_used() -> None:
    begun = [threading.Event() for _ in range(3)]
    threads = set()

    def work(index: int) -> int:
        threads.add(threading.get_ident())
        begun[index].set()
        return index

    for index in map_ahead(work, range(3)):
        assert begun[min(index + 1, 2)].wait(LONG)
    assert len(threads) == 1 and threading.get_ident() not in threads


@pytest.mark.parametrize('ahead', [1, 3])
def test_no_more_are_ahead(ahead: int) -> None:
    asked = []

    def endless() -> int:
        for index in itertools.count():
            asked.append(index)
            yield index

    results = map_ahead(str, endless(), ahead)
    for used in range(1, 5):
        next(results)
        assert len(asked) == used + ahead
    results.close()
    assert len(asked) == 4 + ahead


def test_an_error_comes_in_the_place_of_its_result() -> None:
    results = map_ahead(lambda number: 1 / number, [2, 1, 0, 4])
    assert [next(results), next(results)] == [0.5, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_what_was_begun_is_finished_when_the_caller_stops() -> None:
    begun, goes_on, finished = threading.Event(), threading.Event(), []

    def work(index: int) -> None:
        if index:
            begun.set()
            assert goes_on.wait(LONG)
        finished.append(index)

    def stop() -> None:
        for _ in map_ahead(work, range(9), 3):
            assert begun.wait(LONG)
            threading.Timer(0.01, goes_on.set).start()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert finished == [0, 1]


def test_what_was_not_begun_is_not_when_the_wait_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, goes_on, finished = threading.Event(), threading.Event(), []

    def work(index: int) -> None:
        begun.set()
        assert goes_on.wait(LONG)
        finished.append(index)

    def interrupted(futures: tuple) -> None:
        assert begun.wait(LONG)
        threading.Timer(0.01, goes_on.set).start()
        raise KeyboardInterrupt

    monkeypatch.setattr(background, 'wait', interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(map_ahead(work, range(9)))
    assert finished == [0]
