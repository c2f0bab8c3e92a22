# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Looking through a pickle before it is loaded.

The opcodes are followed with `Value` objects in the place of real ones, so
that nothing is built, called or allocated. What passes uses the names of
`pickle_calls.CALLS` in the way of torch.save alone, nests and repeats within
bounds, contains no cycle, and has no tensor beyond its storage: torch.load
and whoever walks through the result cannot be led astray by it.
"""

import io
import mmap
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pickletools import genops
from typing import Any

from mmfacesr.weights.file_kinds import SAVE_PLAINLY, FormatError
from mmfacesr.weights.pickle_calls import CALLS, PARAMETER, call, set_old_state
from mmfacesr.weights.pickle_names import (
    DTYPES,
    GETS,
    MAX_OPCODES,
    PUTS,
    STORAGES,
    find_names,
    refusal,
)
from mmfacesr.weights.pickle_values import (
    StorageClaim,
    Value,
    make_tuple,
    require,
    unreadable,
)

PROTOCOLS = (2, 3)
ALLOWED = frozenset(CALLS) | frozenset(STORAGES) | DTYPES
CONSTANTS = {
    'NONE': 'none',
    'NEWTRUE': 'bool',
    'NEWFALSE': 'bool',
    'BININT': 'int',
    'BININT1': 'int',
    'BININT2': 'int',
    'LONG1': 'int',
    'BINFLOAT': 'float',
    'BINUNICODE': 'str',
    'SHORT_BINSTRING': 'str',
}
EMPTY = {'EMPTY_TUPLE': 'tuple', 'EMPTY_LIST': 'list', 'EMPTY_DICT': 'dict'}
TUPLES = {'TUPLE1': 1, 'TUPLE2': 2, 'TUPLE3': 3}
# Attributes that the state dict of a module has.
METADATA = '_metadata'
TEXT_PER_ENTRY = 64  # characters that are copied as fast as one is looked at


@dataclass(frozen=True)
class Scan:
    """What a pickle holds.

    Args:
        value (Value): The outermost object.
        storages (dict[str, StorageClaim]): The storages it asks for.
        objects (str): What else is in it and stays there, for a message.
            Defaults to '', nothing.
    """

    value: Value
    storages: dict[str, StorageClaim]
    objects: str = ''


class ForeignError(FormatError):
    """A name or opcode that files of tensors do not have."""

    def __init__(self, found: str) -> None:
        super().__init__(found, SAVE_PLAINLY)


def scan_pickle(stream: io.BytesIO | mmap.mmap) -> Scan:
    """Look through one pickle; the stream stands behind it afterwards.

    Args:
        stream (io.BytesIO | mmap.mmap): Of known size, so that the lengths
            that the pickle claims allocate nothing.

    Raises:
        ObjectsError: If there are objects beside tensors and values.
        FormatError: If it is not whole, or may do harm.
    """
    start = stream.tell()
    try:
        return follow(stream, Machine())
    except ForeignError as error:
        stream.seek(start)
        names = find_names(stream)
        others = [name for name in names if name not in ALLOWED]
        raise refusal(names, others, str(error)) from None


def follow(
    stream: io.BytesIO | mmap.mmap, machine: 'Machine', objects: str = ''
) -> Scan:
    """Follow one pickle to its end with a machine.

    Args:
        stream (io.BytesIO | mmap.mmap): As of :func:`scan_pickle`.
        machine (Machine): Follows its opcodes.
        objects (str): For the result. Defaults to ''.

    Raises:
        FormatError: If it is not whole, or if the machine refuses something.
    """
    try:
        for count, (opcode, arg, _) in enumerate(genops(stream)):
            if count >= MAX_OPCODES:
                raise unreadable(f'more than {MAX_OPCODES} opcodes')
            machine.step(opcode.name, arg)
        return Scan(machine.stack.pop(), machine.storages, objects)
    # Broken text or numbers, an empty stack, an unknown reference.
    except (ValueError, IndexError, KeyError, struct.error) as error:
        raise FormatError(
            f'a broken pickle ({type(error).__name__})'
        ) from error


class Machine:
    """Follows the opcodes that torch's restricted unpickler knows.

    torch.save writes no others, in protocols 2 and 3.
    """

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self.marked: list[list[Value]] = []
        self.memo: dict[int, Value] = {}
        self.storages: dict[str, StorageClaim] = {}
        self.spent = 0
        self.actions: dict[str, Callable] = {
            'PROTO': self._proto,
            'GLOBAL': self.find_name,
            'REDUCE': self.reduce,
            'NEWOBJ': self.make,
            'BUILD': self.build,
            'BINPERSID': self.find_storage,
            'MARK': self._mark,
            'TUPLE': self._tuple,
            'APPEND': self._append,
            'APPENDS': self._appends,
            'SETITEM': self._set_item,
            'SETITEMS': self._set_items,
        }

    def step(self, opcode: str, arg: Any) -> None:
        """Follow one opcode."""
        if opcode in CONSTANTS:
            known = opcode == 'NEWTRUE' if arg is None else arg
            self.stack.append(Value(CONSTANTS[opcode], known))
        elif opcode in PUTS:
            self.memo[arg] = self.stack[-1]
        elif opcode in GETS:
            self.stack.append(self.memo[arg])
        elif opcode in EMPTY:
            self.stack.append(Value(EMPTY[opcode]))
        elif opcode in TUPLES:
            self.stack.append(make_tuple(self._pop(TUPLES[opcode])))
        elif opcode in self.actions:
            self.actions[opcode](arg)
        elif opcode != 'STOP':
            raise ForeignError(f'a pickle with the opcode {opcode}')

    def _pop(self, count: int) -> list[Value]:
        """Take the last values from the stack."""
        if count > len(self.stack):
            raise IndexError('too few values')
        values = self.stack[-count:]
        del self.stack[-count:]
        return values

    def _pop_marked(self) -> list[Value]:
        """Take the values since the last mark from the stack."""
        values, self.stack = self.stack, self.marked.pop()
        return values

    def _proto(self, arg: int) -> None:
        if arg not in PROTOCOLS:
            raise ForeignError(f'a pickle of protocol {arg}')

    def find_name(self, arg: str) -> None:
        """Push what a name leads to."""
        if arg not in ALLOWED:
            raise ForeignError(f'a pickle with the name {arg}')
        self.stack.append(Value('plain' if arg in DTYPES else 'name', arg))

    def spend(self, count: int) -> None:
        """Count what one opcode looks through or copies.

        Arguments can be many, and be given to many calls.
        """
        self.spent += count
        if self.spent > MAX_OPCODES:
            raise unreadable(f'calls of more than {MAX_OPCODES} arguments')

    def reduce(self, _: None) -> None:
        """Call something."""
        function, args = self._pop(2)
        texts = (a.known for a in args.items if isinstance(a.known, str))
        self.spend(args.entries + sum(map(len, texts)) // TEXT_PER_ENTRY)
        require(
            function.known in CALLS and args.kind == 'tuple',
            f'a call of a {function.kind}',
        )
        self.stack.append(call(function.known, args.items))

    def make(self, _: None) -> None:
        """Make an object without its constructor: an old parameter."""
        require(self.stack[-2].known == PARAMETER, 'an object of a class')
        self.reduce(_)

    def build(self, _: None) -> None:
        """Give the value on top a state."""
        state = self.stack.pop()
        target = self.stack[-1]
        self.spend(state.entries)
        if target.kind == 'parameter':
            set_old_state(target, state)
            return
        is_metadata = target.kind == 'ordered' and state.kind == 'dict'
        require(
            is_metadata
            and all(key.known == METADATA for key in state.items)
            or (target.kind == 'format' and state.kind == 'tuple'),
            f'a state of a {target.kind}',
        )
        target.hold(state)

    def find_storage(self, _: None) -> None:
        """Push what a persistent id leads to."""
        request = self.stack.pop()
        require(
            request.kind == 'tuple' and len(request.items) in (5, 6),
            'an external reference',
        )
        what, kind, key, location, numel, *view = request.items
        kinds = [item.kind for item in request.items]
        require(
            kinds[:5] == ['str', 'name', 'str', 'str', 'int']
            and what.known == 'storage'
            and kind.known in STORAGES,
            'a reference to no storage',
        )
        require(numel.known >= 0, 'a storage of negative size')
        if view and view[0].kind != 'none':
            raise unreadable('a view of a storage')
        claim = StorageClaim(key.known, STORAGES[kind.known], numel.known)
        require(
            self.storages.setdefault(key.known, claim) == claim,
            'a storage of two sizes',
        )
        self.stack.append(Value('storage', claim))

    def _mark(self, _: None) -> None:
        self.marked.append(self.stack)
        self.stack = []

    def _tuple(self, _: None) -> None:
        values = self._pop_marked()
        self.stack.append(make_tuple(values))

    def _append(self, _: None) -> None:
        self.extend([self.stack.pop()])

    def _appends(self, _: None) -> None:
        self.extend(self._pop_marked())

    def _set_item(self, _: None) -> None:
        self.set_items(*([value] for value in self._pop(2)))

    def _set_items(self, _: None) -> None:
        values = self._pop_marked()
        self.set_items(values[::2], values[1::2])

    def extend(self, values: Sequence[Value]) -> None:
        """Append to the value on top."""
        self.stack[-1].append(*values)

    def set_items(self, keys: Sequence[Value], values: Sequence) -> None:
        """Set entries of the value on top."""
        self.stack[-1].set_items(keys, values)
