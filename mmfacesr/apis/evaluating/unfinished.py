# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Rows of an evaluation that was interrupted."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from mmfacesr.apis.evaluating.measuring import Row, hash_file
from mmfacesr.apis.evaluating.pairs import Pair
from mmfacesr.apis.evaluating.table import TEXTS

NAME = '.unfinished.jsonl'


class Unfinished:
    """Keeps rows in a file of its own until the evaluation is whole.

        with Unfinished(folder, what) as unfinished:
            for row in unfinished.complete(pairs, measure):
                ...

    At the end of the block the file is removed; whatever is raised leaves
    it for the next evaluation.

    Args:
        folder (str | os.PathLike): Of the evaluation; made if missing.
        what (dict): What is measured. Rows of anything else are left out.
    """

    def __init__(self, folder: str | os.PathLike, what: dict) -> None:
        self.path = Path(folder, NAME)
        self.head = json.dumps(what, sort_keys=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> 'Unfinished':
        """Go on."""
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        """Remove the file if nothing was raised."""
        if kind is None:
            self.path.unlink(missing_ok=True)

    def complete(
        self,
        pairs: Sequence[Pair],
        measure: Callable[[Sequence[Pair]], Iterable[Row]],
    ) -> Iterator[Row]:
        """Rows of all pairs, those that are there first.

        Args:
            pairs (Sequence[Pair]): What is evaluated.
            measure (Callable): Measures those that are left.

        Yields:
            Row: In the order of the pairs.
        """
        done = self._begun()
        count = 0
        # A link that somebody put there is not written through.
        self.path.unlink(missing_ok=True)
        with open(self.path, 'x', encoding='utf-8') as file:
            file.write(self.head + '\n')
            for row, pair in zip(done, pairs):
                if not _is_of(row, pair):
                    break
                count += 1
                file.write(json.dumps(row) + '\n')
                yield row
            for row in measure(pairs[count:]):
                file.write(json.dumps(row) + '\n')
                file.flush()
                yield row

    def _begun(self) -> Iterable[Row]:
        """Whole rows of an evaluation of the same, read one by one."""
        try:
            head, *lines = self.path.read_text(encoding='utf-8').split('\n')
        except (OSError, UnicodeDecodeError, ValueError):
            return []
        if head != self.head:
            return []
        return map(_parsed, lines[:-1])


def _parsed(line: str) -> Row | None:
    """A row, or None of a line that is damaged."""
    try:
        row = json.loads(line)
        texts = all(isinstance(row[name], str) for name in TEXTS)
        numbers = [row[name] for name in row if name not in TEXTS]
        are_numbers = all(isinstance(x, (int, float)) for x in numbers)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return row if texts and are_numbers else None


def _is_of(row: Row | None, pair: Pair) -> bool:
    """Whether a row was measured of the files that a pair has now."""
    return row is not None and (
        row['name'] == pair.name
        and row['sr_sha256'] == hash_file(pair.sr)
        and row['hr_sha256'] == hash_file(pair.hr)
    )
