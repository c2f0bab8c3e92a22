# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is known of the objects of a pickle before any of them is built.

Kinds: 'none', 'bool', 'int', 'float', 'str', 'bytes', 'number' (complex or of
NumPy), 'list', 'tuple', 'dict', 'ordered' (an OrderedDict), 'set', 'tensor',
'parameter' (one of PyTorch before 0.4), 'plain' (torch's devices and dtypes);
and 'name', 'storage', 'format' (a NumPy dtype), which only stand among the
arguments of a call.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch

from mmfacesr.weights.file_kinds import SAVE_PLAINLY, FormatError

MAX_DEPTH = 64
MAX_ENTRIES = 1_000_000
# Characters of a dotted key. Many entries below a long one would take more
# memory than any file.
MAX_NAME = 1000
# Larger integers can be made to collide in a dict, and a million of them would
# take hours. Old optimizers know their parameters by addresses.
SMALL_KEY = 1 << 32
MAX_KEY = 1 << 63
MAX_LARGE_KEYS = 4096
CONTAINERS = frozenset({'list', 'tuple', 'dict', 'ordered'})
ARGUMENTS = frozenset({'name', 'storage', 'format'})


@dataclass(frozen=True)
class StorageClaim:
    """What a pickle says of a storage.

    Args:
        key (str): Name in the file.
        dtype (torch.dtype): Of its elements.
        numel (int): Number of elements.
    """

    key: str
    dtype: torch.dtype
    numel: int

    @property
    def nbytes(self) -> int:
        """Size in the file."""
        return self.dtype.itemsize * self.numel


@dataclass(frozen=True)
class TensorClaim:
    """What a pickle says of a tensor, which lies within its storage.

    Args:
        storage (StorageClaim): Holds its elements.
        offset (int): Of the first one, in elements.
        shape (tuple[int, ...]): Sizes.
        strides (tuple[int, ...]): In elements.
    """

    storage: StorageClaim
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Size of all its elements, also where they share a place."""
        return self.storage.dtype.itemsize * prod(self.shape)


class Value:
    """One object of a pickle.

    Args:
        kind (str): See the module.
        known (Any): The value of a 'str', 'int' or 'bool', the name, the
            `StorageClaim` or `TensorClaim`. Defaults to None, unknown.
    """

    # Of lists and tuples their entries, of dicts their keys.
    items: Sequence['Value'] = ()
    # Of dicts what belongs to the keys.
    values: Sequence['Value'] = ()
    depth = 0
    entries = 1  # with shared parts counted wherever they stand
    is_held = False
    large_keys = 0

    def __init__(self, kind: str, known: Any = None) -> None:
        self.kind = kind
        self.known = known
        self.is_unfinished = kind in ARGUMENTS
        if kind in CONTAINERS:
            self.items, self.values = [], []

    def hold(self, *values: 'Value') -> None:
        """Put values into a container.

        What was stored may not grow any more, nor be put into itself. So
        nothing contains itself in the end, and depth and number of entries
        are final when a value is stored.
        """
        for value in values:
            value.is_held = True
            if value.depth >= self.depth:
                self.depth = value.depth + 1
            self.entries += value.entries
            self.is_unfinished |= value.is_unfinished
        if self.is_held:
            raise unreadable('a container that grows after it was stored')
        if self.depth > MAX_DEPTH:
            raise unreadable(f'containers nested more than {MAX_DEPTH} deep')
        if self.entries > MAX_ENTRIES:
            raise unreadable(
                f'more than {MAX_ENTRIES} entries in one container'
            )

    def append(self, *values: 'Value') -> None:
        """Append to a list."""
        require(self.kind == 'list', 'entries of no list')
        self._store(values)
        self.items.extend(values)

    def set_items(self, keys: Sequence['Value'], values: Sequence) -> None:
        """Set entries of a dict, given as keys and values."""
        require(self.kind in ('dict', 'ordered'), 'keys of no dict')
        require(len(keys) == len(values), 'a key without a value')
        for key in keys:
            if _is_large_key(key):
                self.large_keys += 1
            else:
                require_key(key)
        if self.large_keys > MAX_LARGE_KEYS:
            raise unreadable(
                f'more than {MAX_LARGE_KEYS} large numbers as keys'
            )
        self._store([*keys, *values])
        self.items.extend(keys)
        self.values.extend(values)

    def _store(self, values: Sequence['Value']) -> None:
        """Hold what a reader of the file will see."""
        self.hold(*values)
        if self.is_unfinished:
            raise unreadable('a bare class, storage or dtype of NumPy')


def unreadable(found: str) -> FormatError:
    """Say what a pickle has that torch.save writes only of odd objects."""
    return FormatError(f'a pickle with {found}', SAVE_PLAINLY)


def require(condition: bool, found: str) -> None:
    """Refuse what torch.save never writes."""
    if not condition:
        raise FormatError(f'a pickle with {found}')


def require_key(value: Value) -> None:
    """Let only strings and small integers be keys: the rest can be slow."""
    if value.kind in ('str', 'bool', 'none'):
        return
    if value.kind != 'int' or abs(value.known) >= SMALL_KEY:
        raise unreadable(f'a key of type {value.kind}')


def _is_large_key(value: Value) -> bool:
    """Say whether a key is an integer of which a dict may have some."""
    return value.kind == 'int' and SMALL_KEY <= abs(value.known) < MAX_KEY


def make_tuple(values: Iterable[Value]) -> Value:
    """Make a tuple of values."""
    made = Value('tuple')
    made.items.extend(values)
    made.hold(*made.items)
    return made
