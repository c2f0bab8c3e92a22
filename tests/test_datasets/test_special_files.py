# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is no file keeps nobody waiting before it is reported by name."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmfacesr.datasets.copies import find_copies
from mmfacesr.datasets.resolution import check_resolution
from mmfacesr.datasets.transforms import ResizeFace


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """End a test that waits for ever."""

    def end(*_: object) -> None:
        raise AssertionError('still waiting')

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(5)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def test_pipes_and_devices(tmp_path: Path) -> None:
    names = ['a.png', 'b.png', 'c.png']
    os.mkfifo(tmp_path / 'a.png')
    os.mkfifo(tmp_path / 'b.png')
    (tmp_path / 'c.png').symlink_to('/dev/zero')
    assert find_copies(tmp_path, names) == {}
    check_resolution(tmp_path, names, [ResizeFace(size=128)], None)
