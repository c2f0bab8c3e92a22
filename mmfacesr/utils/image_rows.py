# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What was measured of many images, as numbers instead of dicts."""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

_SCALAR, _TEXT = 'scalar', 'text'
_NUMBERS = 'fd'  # kinds of floats that array knows: of 4 and of 8 bytes


class ImageRows(Sequence):
    """A list of dicts of the same keys, made when they are asked for.

    A number takes 8 bytes, where a dict of one takes 200. Values are floats,
    texts, or arrays of floats of one shape.

    Args:
        rows (Iterable[dict]): The first rows. Defaults to none.

    Raises:
        TypeError: If a row has other keys or values than this can hold.
    """

    def __init__(self, rows: Iterable[dict] = ()) -> None:
        self._kinds: dict[str, Any] = {}
        self._columns: dict[str, array | list] = {}
        self._count = 0
        self.extend(rows)

    def extend(self, rows: Iterable[dict]) -> None:
        """Add rows, all of a call or none.

        Raises:
            TypeError: See the class.
        """
        rows = list(rows)
        kinds = self._kinds
        for row in rows:
            found = {key: _kind_of(value) for key, value in row.items()}
            kinds = kinds or found
            if found != kinds:
                raise TypeError(f'Expected {kinds}, got {found}.')
        if not self._columns:
            self._kinds = kinds
            self._columns = {k: _column(kind) for k, kind in kinds.items()}
        for row in rows:
            for key, value in row.items():
                _add(self._columns[key], self._kinds[key], value)
        self._count += len(rows)

    def without(self, key: str) -> 'ImageRows':
        """The same rows without a key; they share their memory."""
        found = ImageRows()
        found._count = self._count
        found._kinds = {k: v for k, v in self._kinds.items() if k != key}
        found._columns = {k: self._columns[k] for k in found._kinds}
        return found

    def clear(self) -> None:
        """Remove all rows."""
        self._kinds, self._columns, self._count = {}, {}, 0

    def __len__(self) -> int:
        """Number of images."""
        return self._count

    def __getitem__(self, place: int | slice) -> 'dict | list[dict]':
        """A row, or those of a slice: all of them are not copied."""
        places = range(self._count)[place]
        if isinstance(places, range):
            if places == range(self._count):
                return self
            return [self._row(i) for i in places]
        return self._row(places)

    def __iter__(self) -> Iterator[dict]:
        """All rows, one after the other."""
        return map(self._row, range(self._count))

    def _row(self, place: int) -> dict:
        """One row."""
        return {
            key: _value(column, self._kinds[key], place)
            for key, column in self._columns.items()
        }


def _kind_of(value: Any) -> Any:
    """What a value is: text, a scalar, or type and shape of an array."""
    if isinstance(value, str):
        return _TEXT
    if isinstance(value, (float, np.floating)):
        return _SCALAR
    if isinstance(value, np.ndarray) and value.dtype.char in _NUMBERS:
        return value.dtype.char, value.shape
    raise TypeError(f'Expected floats or text, got {type(value).__name__}.')


def _column(kind: Any) -> array | list:
    """An empty column."""
    if kind == _TEXT:
        return []
    return array('d' if kind == _SCALAR else kind[0])


def _add(column: array | list, kind: Any, value: Any) -> None:
    """Add a value to its column."""
    if kind in (_TEXT, _SCALAR):
        column.append(value)
    else:
        column.frombytes(value.tobytes())


def _value(column: array | list, kind: Any, place: int) -> Any:
    """The value at a place of a column."""
    if kind in (_TEXT, _SCALAR):
        return column[place]
    char, shape = kind
    size = int(np.prod(shape))
    # A copy: a view would keep the column from growing.
    values = column[place * size : (place + 1) * size]
    return np.array(values, char).reshape(shape)
