# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files made to be slow: the work grows no faster than their size.

Work is counted in calls and in the most memory that is in use, not in time.
"""

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from file_makers import zipped
from torch import nn

from mmfacesr.weights import (
    WeightsError,
    model_index,
    pickles,
    reading,
)
from mmfacesr.weights.matching import find_weights
from mmfacesr.weights.reading import read_weights_file

SMALL, FACTOR = 400, 4
# A square law would show FACTOR squared.
MOST = 1.5 * FACTOR


def text(value: str) -> bytes:
    """Push a string."""
    return b'X' + len(value).to_bytes(4, 'little') + value.encode()


STORAGE = (b'(' + text('storage') + b'ctorch\nFloatStorage\n' + text('0')) + (
    text('cpu') + b'K\x02tQ'
)
TENSOR = (
    b'ctorch._utils\n_rebuild_tensor_v2\n('
    + STORAGE
    + b'K\x00K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR'
)
THING = b'csome\nThing\n'


def entries(count: int, value: bytes, name: str = '') -> bytes:
    """Push that many keys, each with a value."""
    return b''.join(text(f'{name}{i}') + value for i in range(count))


def many(count: int) -> bytes:
    """Push a dict of that many tensors, memo 0 the tensor."""
    first = b'}(' + text('x') + TENSOR + b'q\x00'
    return first + entries(count, b'h\x00') + b'u'


def things(state: bytes, count: int) -> bytes:
    """Push a tensor and that many objects with one state."""
    first = b'}(' + text('x') + TENSOR + b'q\x00' + text('s') + state
    return first + b'q\x01' + entries(count, THING + b')\x81h\x01b') + b'u'


def again(function: bytes, args: bytes, count: int) -> bytes:
    """Push a tuple of that many results of one call."""
    calls = b'h\x00h\x01R' * count
    return b'(' + function + b'q\x00' + args + b'q\x01' + calls + b't'


def wide(count: int) -> bytes:
    """Push a tuple of that many numbers."""
    return b'(' + b'K\x01' * count + b't'


FILES = {
    'many names': lambda n: (
        b'(' + b''.join(b'cm%d\nC\n' % i for i in range(n)) + b't'
    ),
    'many names of functions': lambda n: (
        b'(ctorch.nn.modules\nReLU\n'
        + b''.join(b'cm%d\nc\n' % i for i in range(n))
        + b't'
    ),
    'a long name again and again': lambda n: (
        text('a' * n) + b'\x94' + b'h\x00h\x00\x93' * n
    ),
    'a key of many parts': lambda n: (
        b'}' + text('a.' * n + 'weight') + TENSOR + b's'
    ),
    'a long key above many': lambda n: b'}' + text('k' * n) + many(n) + b's',
    'many levels above many': lambda n: (
        (b'}' + text('k' * 15)) * 60 + many(n) + b's' * 60
    ),
    'many parts': lambda n: (
        b'}('
        + (text('x') + TENSOR + b'q\x00')
        + b''.join(
            text(f'{i}.{key}') + b'h\x00'
            for i in range(n)
            for key in ('weight', 'bias')
        )
        + b'u'
    ),
    'one size again and again': lambda n: again(
        b'ctorch\nSize\n', wide(n) + b'\x85', n
    ),
    'one text again and again': lambda n: again(
        b'c_codecs\nencode\n', text('a' * 99 * n) + text('latin1') + b'\x86', n
    ),
    'an object of many, again and again': lambda n: again(THING, wide(n), n),
    'many objects': lambda n: things(b'}', n),
    'many objects of one large state': lambda n: things(
        b'}(' + entries(n, b'N') + b'u', n
    ),
    'many modules of the same parameters': lambda n: things(
        b'}' + text('_parameters') + many(n) + b's', n
    ),
    'a module of a long name': lambda n: (
        THING
        + (b')\x81}' + text('_modules') + b'}' + text('k' * n))
        + (THING + b')\x81}' + text('_parameters') + many(n) + b'sb')
        + b'ssb'
    ),
}


def work(action: Callable[[], object]) -> tuple[int, int]:
    """Return the calls of an action and its most bytes in use."""
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event.endswith('call')

    tracemalloc.start()
    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return calls, most


@pytest.mark.parametrize('name', FILES)
def test_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In proportion to files that are read in no time.
    monkeypatch.setattr(pickles, 'MAX_OPCODES', 50_000)
    monkeypatch.setattr(reading, 'MAX_ENTRIES', 30_000)
    module = nn.Linear(3, 3)

    def read(count: int) -> None:
        body = FILES[name](count)
        start = b'\x80\x04' if b'\x93' in body else b'\x80\x02'
        path = tmp_path / 'a.pth'
        zipped(path, start + body + b'.', **{'data/0': bytes(8)})
        with pytest.raises(WeightsError):
            find_weights(module, read_weights_file(path))

    read(10)  # what is imported or compiled once
    (calls, most), (more_calls, more) = (
        work(lambda count=count: read(count))
        for count in (SMALL, SMALL * FACTOR)
    )
    assert more_calls < MOST * calls
    assert more < MOST * most


def test_a_long_name_is_compared_with_none() -> None:
    compared = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            model_index,
            'get_close_matches',
            lambda word, *_, **__: compared.append(len(word)) or [],
        )
        model_index.close_names('a' * 100_000)
    assert max(compared) <= 200
