# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the benchmark of evaluations counts."""

import resource
import runpy
from pathlib import Path

import pytest


@pytest.fixture(scope='module')
def tool(repo: Path) -> dict:
    return runpy.run_path(str(repo / 'benchmarks/evaluation.py'))


def test_turns(tool: dict) -> None:
    calls = []
    runs = {name: lambda n=name: calls.append(n) for name in 'ab'}
    times = tool['in_turns'](runs, rounds=3)
    assert ''.join(calls) == 'ba' + 'ab' + 'ba' + 'ab'
    assert {name: len(found) for name, found in times.items()} == dict(
        a=3, b=3
    )


def test_peak_is_that_of_the_system(tool: dict) -> None:
    """Which may also count the process that has started this one."""
    system = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert 0 < tool['peak_bytes']() <= 1.05 * system


def test_links_are_many_names_of_a_few_pairs(
    tool: dict, tmp_path: Path
) -> None:
    tool['link_pairs'](tmp_path, 20)
    files = sorted((tmp_path / 'sr').iterdir())
    assert [file.stem for file in files] == [f'{i:06d}' for i in range(20)]
    assert len({file.stat().st_ino for file in files}) == 8
    assert files[3].samefile(files[11])


@pytest.mark.slow
def test_memory_is_measured_in_a_process_of_its_own(
    tool: dict, capsys: pytest.CaptureFixture
) -> None:
    tool['show_memory']([9, 12], 'rgb')
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].startswith('| 9 |') and lines[-1].startswith('| 12 |')
