# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One table of what was done to the project, and what it survived.

A pytest plugin. Tests that inject faults record them by the fixture
``record_trials``; the end of a run prints the table of all of them, and
``--trials FILE`` writes it.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

KEY = 'trials'
HEAD = ('Part', 'Injected', 'Times', 'Survived', 'Data lost', 'Figures')


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where the table goes."""
    parser.addoption('--trials', metavar='FILE', help='Markdown file to write')


@pytest.fixture
def record_trials(record_property: Callable) -> Callable:
    """Record a row of the table.

    Called as ``record_trials(part, injected, times, survived, lost=0,
    figures='')``: a part of the project, what was done to it, how often, how
    often it did what it should, how many times data were lost, and measured
    figures with their intervals. Recorded before the assertions, so that a
    failure is in the table, too.
    """

    def record(
        part: str,
        injected: str,
        times: int,
        survived: int,
        lost: int = 0,
        figures: str = '',
    ) -> None:
        row = [part, injected, int(times), int(survived), int(lost), figures]
        record_property(KEY, json.dumps(row))

    return record


def rows_of(reports: list) -> Iterator[list]:
    """The rows that the tests of some reports recorded."""
    for report in reports:
        for key, text in getattr(report, 'user_properties', ()):
            if key == KEY and getattr(report, 'when', '') == 'call':
                yield json.loads(text)


def merged(rows: list[list]) -> list[list]:
    """One row for each part and what was injected: sums, and all figures."""
    found: dict[tuple, list] = {}
    for part, injected, *numbers, figures in sorted(rows):
        row = found.setdefault((part, injected), [0, 0, 0, ''])
        row[:3] = map(sum, zip(row, numbers))
        if figures and figures not in row[3]:
            row[3] += f'; {figures}' if row[3] else figures
    return [[*place, *row] for place, row in found.items()]


def as_table(rows: list[list]) -> str:
    """Markdown of the rows, with sums of what can be summed."""
    total = ['', 'all', *(sum(row[i] for row in rows) for i in (2, 3, 4)), '']
    lines = [HEAD, ['---'] * 2 + ['---:'] * 3 + ['---'], *rows, total]
    return ''.join(
        '| '
        + ' | '.join(
            f'{cell:,}' if isinstance(cell, int) else cell for cell in line
        )
        + ' |\n'
        for line in lines
    )


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table, and write it."""
    reports = [r for group in terminalreporter.stats.values() for r in group]
    rows = merged(list(rows_of(reports)))
    if not rows:
        return
    table = as_table(rows)
    terminalreporter.write_sep('=', 'faults injected and survived')
    terminalreporter.write(table)
    if config.getoption('--trials'):
        target = Path(config.getoption('--trials'))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(table)
