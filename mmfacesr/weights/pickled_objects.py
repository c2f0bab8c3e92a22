# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Taking the tensors out of pickled objects, without making the objects.

A module that was pickled whole is, in the file, a tree of objects with
parameters, buffers and other modules by their names. The opcodes are followed
as for a file of tensors (`pickle_scan`), but what a name leads to, and what
its call would give, is a `Thing`: it knows what it was given and does nothing.
"""

import functools
import io
import mmap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Optional

import torch
from torch import Tensor

from mmfacesr.weights.file_kinds import FETCH_AGAIN, FormatError
from mmfacesr.weights.pickle_calls import PARAMETER
from mmfacesr.weights.pickle_names import STORAGES, ObjectsError
from mmfacesr.weights.pickle_scan import Machine, Scan, follow, scan_pickle
from mmfacesr.weights.pickle_values import (
    MAX_DEPTH,
    MAX_ENTRIES,
    MAX_NAME,
    StorageClaim,
    TensorClaim,
    Value,
    require,
)

# Whose calls are followed; torch's modules are made of them.
KNOWN = frozenset(STORAGES) | {
    PARAMETER,
    'collections OrderedDict',
    'torch._utils _rebuild_parameter',
    'torch._utils _rebuild_tensor',
    'torch._utils _rebuild_tensor_v2',
}
TENSORS = ('tensor', 'parameter')
# Parts of a module's state.
PARAMETERS, BUFFERS, MODULES = '_parameters', '_buffers', '_modules'
NOT_SAVED = '_non_persistent_buffers_set'
# Of the tensors to the file; parts of a network may share some.
MAX_SHARING = 4


class Thing(Value):
    """An object that is not made.

    Args:
        given (Sequence[Value]): What its call was given. Defaults to nothing.
    """

    def __init__(self, given: Sequence[Value] = ()) -> None:
        super().__init__('object')
        self.items = given
        self.state: Optional[Value] = None


class ObjectMachine(Machine):
    """Follows pickles of any objects, of protocols 2 and 3."""

    def find_name(self, arg: str) -> None:
        """Push something known, or a thing."""
        if arg in KNOWN:
            super().find_name(arg)
        else:
            self.stack.append(Thing())

    def reduce(self, _: None) -> None:
        """Call something known, or make a thing of what it is given."""
        function, args = self.stack[-2:]
        if _has_thing([function, *args.items]):
            self.spend(args.entries)
            self.stack[-2:] = [Thing(args.items)]
        else:
            super().reduce(_)

    def make(self, _: None) -> None:
        """Make an object without its constructor, as with it."""
        self.reduce(_)

    def build(self, _: None) -> None:
        """Keep the state of a thing, and that of an old parameter."""
        if self.stack[-2].kind == 'parameter':
            super().build(_)
            return
        state = self.stack.pop()
        if isinstance(self.stack[-1], Thing):
            self.stack[-1].state = state

    def find_storage(self, _: None) -> None:
        """Push a storage, or a thing for another kind of it or a class."""
        self.spend(self.stack[-1].entries)
        if _has_thing(self.stack[-1].items):
            self.stack[-1] = Thing()
        else:
            super().find_storage(_)

    def extend(self, values: Sequence[Value]) -> None:
        """Append to a list."""
        if not isinstance(self.stack[-1], Thing):
            super().extend(values)

    def set_items(self, keys: Sequence[Value], values: Sequence) -> None:
        """Set entries of a dict whose keys are texts; others have no name."""
        if isinstance(self.stack[-1], Thing):
            return
        named = [p for p in zip(keys, values) if p[0].kind == 'str']
        super().set_items([p[0] for p in named], [p[1] for p in named])


def _has_thing(values: Sequence[Value]) -> bool:
    """Say whether one of some values is not made."""
    return any(isinstance(value, Thing) for value in values)


def scan_objects(stream: io.BytesIO | mmap.mmap) -> Scan:
    """Look through a pickle, with what is neither tensor nor value as things.

    Args:
        stream (io.BytesIO | mmap.mmap): As of :func:`scan_pickle`.

    Returns:
        Scan: Its ``objects`` names them, if there are any.

    Raises:
        FormatError: If it is not whole, or may do harm.
    """
    start = stream.tell()
    try:
        return scan_pickle(stream)
    except ObjectsError as error:
        stream.seek(start)
        return follow(stream, ObjectMachine(), str(error))


def tensors_among_objects(
    found: Scan, size: int, read: Callable[[str], bytes]
) -> dict:
    """Make the tensors of a pickle that stand in dicts and in modules.

    No code is run, no class is looked for and nothing is imported: objects
    are passed over, of modules the state dict is put together.

    Args:
        found (Scan): What is in the pickle.
        size (int): Bytes of the file.
        read (Callable): Returns the bytes of a storage by its key.

    Returns:
        dict: State dict of the module; of other files the dicts in it with
        their tensors and the state dicts of their modules, by the texts that
        are their keys.

    Raises:
        FormatError: If there are no tensors, or impossible ones.
    """
    collector = _Collector()
    claims = collector.collect(found.value)
    if not claims:
        raise FormatError(
            f'{found.objects} and no tensors under names',
            'give a file of weights',
        )
    if collector.nbytes > MAX_SHARING * size:
        raise FormatError('tensors that are larger than the file', FETCH_AGAIN)
    # What nothing refers to stays in the file: of an optimizer, say.
    return _tensors(
        claims,
        functools.cache(lambda claim: _storage(claim, read(claim.key))),
    )


class _Collector:
    """Finds the tensors, with an end also where parts contain each other.

    ``nbytes`` is the size of those found; one value for many elements makes
    it larger than the file. ``visits`` counts all that was looked at.
    """

    def __init__(self) -> None:
        self.visits = 0
        self.nbytes = 0

    def collect(self, value: Value, depth: int = 0) -> dict:
        """Return the tensors of a module or of nested dicts."""
        if isinstance(value, Thing):
            return dict(self._state_dict(value, '', depth))
        found = {}
        for key, item in self._entries(value, depth).items():
            if item.kind in TENSORS:
                found[key] = self._claim(item)
            elif inner := self.collect(item, depth + 1):
                found[key] = inner
        return found

    def _state_dict(
        self, module: Thing, prefix: str, depth: int
    ) -> Iterator[tuple[str, TensorClaim]]:
        """Yield what ``state_dict`` of a module would hold, in its order."""
        state = self._entries(module.state, depth)
        left_out = self._texts(state.get(NOT_SAVED), depth)
        for part in (PARAMETERS, BUFFERS):
            for name, value in self._entries(state.get(part), depth).items():
                if value.kind == 'none' or name in left_out:
                    continue
                if value.kind not in TENSORS:
                    raise FormatError(
                        f'a tensor of a special kind at {prefix}{name}',
                        'save dense tensors without attributes of their own',
                    )
                yield prefix + name, self._claim(value)
        for name, child in self._entries(state.get(MODULES), depth).items():
            if child.kind == 'none':
                continue
            where = prefix + name
            require(isinstance(child, Thing), f'no module at {where}')
            require(len(where) <= MAX_NAME, f'the long name {where}')
            yield from self._state_dict(child, f'{where}.', depth + 1)

    def _claim(self, value: Value) -> TensorClaim:
        """Return what the file says of a tensor, and add its size."""
        self.nbytes += value.known.nbytes
        return value.known

    def _entries(self, value: Optional[Value], depth: int) -> dict[str, Value]:
        """Return the entries of a dict by their texts."""
        self._count(value, depth)
        if value is None or value.kind not in ('dict', 'ordered'):
            return {}
        return {
            key.known: item
            for key, item in zip(value.items, value.values)
            if key.kind == 'str'
        }

    def _texts(self, value: Optional[Value], depth: int) -> set[str]:
        """Return the texts in a set, which is made of a list."""
        if not isinstance(value, Thing) or not value.items:
            return set()
        self._count(value.items[0], depth)
        items = value.items[0].items
        return {item.known for item in items if item.kind == 'str'}

    def _count(self, value: Optional[Value], depth: int) -> None:
        """Notice what has no end, or is looked at again and again."""
        self.visits += 1 + (len(value.items) if value else 0)
        if depth > MAX_DEPTH or self.visits > MAX_ENTRIES:
            raise FormatError(
                f'more than {MAX_ENTRIES} parts or {MAX_DEPTH} levels',
                FETCH_AGAIN,
            )


def _tensors(
    claims: Mapping, storage: Callable[[StorageClaim], Tensor]
) -> dict:
    """Make the tensors, each with elements of its own."""
    return {
        key: _tensors(claim, storage)
        if isinstance(claim, Mapping)
        else storage(claim.storage)
        .as_strided(claim.shape, claim.strides, claim.offset)
        .clone(memory_format=torch.contiguous_format)
        for key, claim in claims.items()
    }


def _storage(claim: StorageClaim, data: bytes) -> Tensor:
    """Make one row of the elements of a storage."""
    if not data:
        return torch.empty(0, dtype=claim.dtype)
    return torch.frombuffer(bytearray(data), dtype=claim.dtype)
