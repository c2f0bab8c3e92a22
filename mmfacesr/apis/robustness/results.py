# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""robustness.csv and robustness.json: rows, and what they were made of."""

import csv
import io
import json
import os
from pathlib import Path

from mmfacesr.utils import write_atomic

TABLE = 'robustness.csv'
FACTS = 'robustness.json'
COLUMNS = (
    'change',
    'strength',
    'method',
    'value',
    'mean',
    'low',
    'high',
    'images',
)


class Results:
    """Rows in a folder, those of an earlier run of the same first.

    Args:
        folder (str | os.PathLike): Made if missing.
        head (dict): What is measured, of what JSON takes. Rows of anything
            else are dropped.
        facts (dict): What else is said of the run.
    """

    def __init__(
        self, folder: str | os.PathLike, head: dict, facts: dict
    ) -> None:
        self.folder = Path(folder)
        self.rows = self._kept(head)
        self._write()  # before the head, which would vouch for other rows
        text = json.dumps(dict(head=head, **facts), indent=2)
        write_atomic(self.folder / FACTS, (text + '\n').encode())

    def has(self, change: str, strength: float | str) -> bool:
        """Whether a change of this strength is there."""
        wanted = change, str(strength)
        return any((r['change'], r['strength']) == wanted for r in self.rows)

    def add(self, rows: list[dict]) -> None:
        """Add all rows of a change of one strength, and write the table."""
        self.rows += [{k: _text(row[k]) for k in COLUMNS} for row in rows]
        self._write()

    def values(self) -> list[str]:
        """Names of the values, in their order."""
        return list(dict.fromkeys(row['value'] for row in self.rows))

    def table(self) -> str:
        """Means of all methods as Markdown, a line each strength."""
        methods = list(dict.fromkeys(row['method'] for row in self.rows))
        columns = [(m, v) for v in self.values() for m in methods]
        means = {
            (r['change'], r['strength'], r['method'], r['value']): r['mean']
            for r in self.rows
        }
        head = ['change', 'strength', *(f'{v} {m}' for m, v in columns)]
        lines = [head, ['---'] * len(head)]
        for key in dict.fromkeys(key[:2] for key in means):
            cells = (means.get((*key, *column)) for column in columns)
            lines.append([*key, *map(_short, cells)])
        return ''.join(f'| {" | ".join(line)} |\n' for line in lines)

    def _write(self) -> None:
        """Write the table, whole."""
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator='\n')
        writer.writeheader()
        writer.writerows(self.rows)
        write_atomic(self.folder / TABLE, text.getvalue().encode())

    def _kept(self, head: dict) -> list[dict[str, str]]:
        """Rows of an earlier run with the same head."""
        try:
            text = (self.folder / FACTS).read_text(encoding='utf-8')
            if json.loads(text)['head'] != head:
                return []
            with open(
                self.folder / TABLE, encoding='utf-8', newline=''
            ) as file:
                reader = csv.DictReader(file)
                rows = list(reader)
        except (OSError, ValueError, KeyError, TypeError, csv.Error):
            return []
        return rows if tuple(reader.fieldnames or ()) == COLUMNS else []


def _text(value: float | str | None) -> str:
    """A cell; numbers have all their digits, and none is empty."""
    return '' if value is None else str(value)


def _short(mean: str | None) -> str:
    """Two digits of decibels, four of values that are at most about 1."""
    if not mean:
        return '-'
    return f'{float(mean):.{2 if float(mean) > 2 else 4}f}'
