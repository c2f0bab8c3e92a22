# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Who counts as hung, with a store of a dictionary."""

import threading
import time

import pytest

from mmfacesr.compat import hung_processes
from mmfacesr.compat.hung_processes import (
    FINISHED,
    Watch,
    explain,
    processor_time,
    watch_processes,
)

SECONDS = 0.2


class Store(dict):
    """A store in this process; `broken` is one that has gone."""

    broken = False

    def set(self, key: str, value: str | bytes) -> None:
        if self.broken:
            raise RuntimeError('Broken pipe')
        self[key] = value if isinstance(value, bytes) else value.encode()

    def multi_get(self, keys: list[str]) -> list[bytes]:
        return [self.get(key, b'1 0 elsewhere x') for key in keys]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Process 0 of 2, which notes what it would end by."""
    watch = Watch(Store(), 0, 2, SECONDS)
    watch.found = []
    watch.ended = threading.Event()

    def end(hung: list[int]) -> None:
        watch.found.append(hung)
        watch.ended.set()

    monkeypatch.setattr(watch, '_end', end)
    yield watch
    watch.stop()


def test_silent_process_is_found(watch: Watch) -> None:
    watch.start()
    assert watch.ended.wait(60)
    assert watch.found[0] == [1]


def test_store_that_is_gone_is_found(watch: Watch) -> None:
    watch.store.broken = True
    watch.start()
    assert watch.ended.wait(60)
    assert watch.found[0] == [2]
    assert 'process 0, or the launcher' in explain([2], watch.said, SECONDS)


@pytest.mark.parametrize('kind', ['finished', 'busy'])
def test_no_hang(
    watch: Watch, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has finished, and one that is silent but computes."""
    if kind == 'finished':
        watch.store['mmfacesr/alive/1'] = FINISHED
    else:
        clock = iter(range(10**6))
        monkeypatch.setattr(
            hung_processes, 'processor_time', lambda word: next(clock)
        )
    watch.start()
    assert not watch.ended.wait(3 * SECONDS)


def test_own_word_is_that_of_a_process_here(watch: Watch) -> None:
    watch.start()
    while not watch.answers:
        time.sleep(0.01)
    word = watch.said[0]
    first = processor_time(word)
    while processor_time(word) == first:  # busy
        pass
    assert processor_time(b'1 1 elsewhere pid:[1]') is None
    assert 'on elsewhere)' in explain([1], [word, b'1 7 elsewhere x'], 20)


def test_finishing_says_so(watch: Watch) -> None:
    watch.start()
    watch.finish()
    assert watch.store['mmfacesr/alive/0'] == FINISHED


def test_negative_timeout_is_refused() -> None:
    with pytest.raises(ValueError, match='hang_timeout.*got -1'):
        watch_processes(-1)
