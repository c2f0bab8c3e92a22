# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The table of all images: per_image.csv."""

import csv
import math
import os
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from mmfacesr.utils import printable, replacing

TEXTS = ('name', 'sr_sha256', 'hr_sha256')
"""Columns of text; all others are numbers."""
ENCODING = dict(encoding='utf-8', errors='surrogateescape')
"""Of names as the file system has them."""


@dataclass
class ImageTable:
    """Columns of texts and numbers, a row an image.

    Attributes:
        texts (dict[str, list[str]]): Columns of ``TEXTS``.
        numbers (dict[str, np.ndarray]): (N,) float64 by column; NaN where an
            image has none.
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    numbers: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Iterable[dict]) -> 'ImageTable':
        """Gather rows of the same columns; only their numbers stay."""
        texts: dict[str, list[str]] = {name: [] for name in TEXTS}
        numbers: dict[str, array] = {}
        for row in rows:
            for name, value in row.items():
                if name in texts:
                    texts[name].append(value)
                else:
                    numbers.setdefault(name, array('d')).append(value)
        return cls(texts, {k: np.array(v) for k, v in numbers.items()})

    @property
    def names(self) -> list[str]:
        """What the images are called."""
        return self.texts['name']

    def write(self, path: str | os.PathLike) -> None:
        """Write a CSV file; numbers have all their digits."""
        columns = [*self.texts.values(), *self.numbers.values()]
        with (
            replacing(path) as temporary,
            open(temporary, 'w', newline='', **ENCODING) as file,
        ):
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow([*self.texts, *self.numbers])
            for cells in zip(*columns):
                writer.writerow(
                    [c if isinstance(c, str) else _digits(c) for c in cells]
                )

    @classmethod
    def read(cls, path: str | os.PathLike) -> 'ImageTable':
        """Read what :meth:`write` has written.

        Raises:
            ValueError: If it is another file, or cut off.
        """
        with open(path, newline='', **ENCODING) as file:
            reader = csv.DictReader(file)
            try:
                return cls.from_rows(map(_parsed, reader))
            except (KeyError, TypeError, ValueError, csv.Error) as error:
                raise ValueError(
                    f'Expected the table of an evaluation, got '
                    f'{printable(path)}, whose line {reader.line_num} is not '
                    f'of one ({error}); evaluate again.'
                ) from error


def _digits(value: float) -> str:
    """A number as text that reads back as the same; whole ones without .0."""
    whole = math.isfinite(value) and value == int(value)
    return str(int(value)) if whole else repr(float(value))


def _parsed(cells: dict[str, str]) -> dict:
    """The texts and numbers of a row."""
    if None in cells or not set(TEXTS) <= set(cells):
        raise ValueError('other columns')
    return {k: v if k in TEXTS else float(v) for k, v in cells.items()}
