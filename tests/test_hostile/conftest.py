# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What all areas do with what came of their cases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import Area, survey


@pytest.fixture
def endure(tmp_path: Path, record_trials: Callable) -> Callable:
    """Try an area, record its row, and fail for any fault.

    Called as ``endure(area, seeds, least, part)``: how many seeds there are,
    and how many cases they must give at least.
    """

    def endure(area: Area, seeds: int, least: int, part: str) -> None:
        found = survey(area, seeds, tmp_path)
        record_trials(
            f'hostile {part}',
            ', '.join(sorted(found.cases)),
            found.times,
            found.times - len(found.faults),
            found.changed,
        )
        assert not found.faults, f'\n{found}'
        assert found.times >= least

    return endure
