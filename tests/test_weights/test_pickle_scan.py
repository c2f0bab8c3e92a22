# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""scan_pickle: what a pickle of tensors may do, opcode by opcode."""

import io
import pickle
import struct

import pytest
import torch

from mmfacesr.weights import pickle_scan
from mmfacesr.weights.file_kinds import FormatError
from mmfacesr.weights.pickle_scan import scan_pickle

START, STOP = b'\x80\x02', b'.'
ORDERED = b'ccollections\nOrderedDict\n'
SCALAR = b'cnumpy.core.multiarray\nscalar\n'
DTYPE = b'cnumpy\ndtype\n'


def text(value: str) -> bytes:
    """Push a string."""
    return b'X' + struct.pack('<I', len(value.encode())) + value.encode()


def number(value: int) -> bytes:
    """Push an integer of eight bytes."""
    return b'\x8a\x08' + struct.pack('<q', value)


def numbers(*values: int) -> bytes:
    """Push a tuple of integers."""
    return b'(' + b''.join(number(value) for value in values) + b't'


LARGE = number(1 << 47) + b'N'  # a key and its value


def storage(
    numel: int = 6,
    what: str = 'storage',
    kind: bytes = b'ctorch\nFloatStorage\n',
    end: bytes = b't',
) -> bytes:
    """Push a storage."""
    return (
        b'('
        + text(what)
        + kind
        + text('0')
        + text('cpu')
        + number(numel)
        + end
        + b'Q'
    )


def tensor(
    of: bytes = storage(),
    offset: int = 0,
    shape: tuple = (2, 3),
    strides: tuple = (3, 1),
    hooks: bytes = ORDERED + b')R',
) -> bytes:
    """Push a tensor."""
    sizes = number(offset) + numbers(*shape) + numbers(*strides)
    function = b'ctorch._utils\n_rebuild_tensor_v2\n('
    return function + of + sizes + b'\x89' + hooks + b'tR'


def parameter(hooks: bytes) -> bytes:
    """Push a parameter."""
    function = b'ctorch._utils\n_rebuild_parameter\n('
    return function + tensor() + b'\x88' + hooks + b'tR'


def old_parameter(state: bytes, make: bytes = b'R') -> bytes:
    """Push a parameter as before PyTorch 0.4."""
    name = b'ctorch.nn.parameter\nParameter\n'
    return name + tensor() + b'\x85' + make + b'(' + state + b'tb'


def scan(body: bytes) -> object:
    """Scan a pickle of protocol 2."""
    return scan_pickle(io.BytesIO(START + body + STOP))


def mapping(value: bytes) -> bytes:
    """Push a dict with one value."""
    return b'}' + text('a') + value + b's'


def test_what_torch_writes_passes() -> None:
    found = scan(mapping(tensor()))
    scan(mapping(parameter(ORDERED + b')R')))
    # Of PyTorch 0.4.
    scan(mapping(tensor(hooks=b'N')))
    scan(mapping(parameter(b'N')))
    assert found.value.kind == 'dict' and found.value.entries == 3
    assert found.storages['0'].nbytes == 24
    hooks = ORDERED + b')R'
    for make in (b'R', b'\x81'):
        scan(mapping(old_parameter(b'\x88\x89' + hooks, make)))
        scan(mapping(old_parameter(b'\x88\x89N', make)))
    other = tensor(shape=(1,), strides=(1,))
    found = scan(mapping(old_parameter(other + b'NN\x88\x89')))
    assert found.value.values[0].known.shape == (1,)
    for shape, strides, offset in (
        ((), (), 5),
        ((0, 7), (7, 1), 6),
        ((3,), (2,), 1),
        ((9, 9), (0, 0), 0),
    ):
        scan(mapping(tensor(shape=shape, strides=strides, offset=offset)))
    # Python 2: an OrderedDict of a list of lists.
    pairs = b'](](' + text('a') + tensor() + b'e](U\x01bNee'
    assert scan(ORDERED + pairs + b'\x85R').value.entries == 5


def test_other_protocols() -> None:
    scan_pickle(io.BytesIO(b'\x80\x03}.'))
    with pytest.raises(FormatError, match='a pickle of protocol 4'):
        scan_pickle(io.BytesIO(b'\x80\x04}.'))


def test_stream_stands_behind_the_pickle() -> None:
    stream = io.BytesIO(b'before' + START + b'}' + STOP + b'behind')
    stream.seek(6)
    scan_pickle(stream)
    assert stream.read() == b'behind'


@pytest.mark.parametrize(
    'body, message',
    [
        # Tensors beyond their storage, which torch would enlarge.
        (tensor(shape=(7, 1)), 'larger than its storage'),
        (tensor(offset=1), 'larger than its storage'),
        (tensor(strides=(4, 1)), 'larger than its storage'),
        (tensor(storage(0), shape=(1,), strides=(0,)), 'larger than'),
        (tensor(offset=-1), 'before its storage'),
        (tensor(strides=(-1, 1)), 'a size that is no count'),
        (tensor(shape=(-2, 3)), 'a size that is no count'),
        (tensor(shape=(2,)), 'unclear shape'),
        (tensor(shape=(1,) * 65, strides=(1,) * 65), 'unclear shape'),
        (tensor(shape=(1 << 40,) * 2, strides=(0, 0)), 'impossible size'),
        (tensor(hooks=ORDERED + b')R(K\x00Nu'), 'a hook'),
        (parameter(ORDERED + b')R(K\x00Nu'), 'a hook'),
        (parameter(b'}'), 'called with tensor bool dict'),
        (tensor(text('0')), 'called with str int tuple'),
        (tensor(storage(-1)), 'negative size'),
        # Persistent ids.
        (storage(what='module'), 'a reference to no storage'),
        (storage(kind=b'ctorch\nfloat32\n'), 'a reference to no storage'),
        (storage(kind=ORDERED), 'a reference to no storage'),
        (storage(end=numbers(0, 0, 6) + b't'), 'a view of a storage'),
        (storage(end=b'NNt'), 'an external reference'),
        (text('storage') + b'Q', 'an external reference'),
        (mapping(storage()), 'a bare class, storage'),
        (b'](' + storage() + storage(7) + b'e', 'a storage of two sizes'),
        # Calls of what is allowed with what torch.save never gives.
        (ORDERED + text('a') + b'R', 'a call'),
        (ORDERED + b']Na\x85R', 'an OrderedDict of no pairs'),
        (text('a') + b')R', 'a call'),
        (ORDERED + b')R)R', 'a call'),
        (b'ctorch\nFloatStorage\nK\x09\x85R', 'a call'),
        (b'ctorch\nfloat32\n)R', 'a call'),
        (b'c__builtin__\nbytearray\n' + number(1 << 40) + b'\x85R', 'int'),
        (b'ccollections\nCounter\n' + text('ab') + b'\x85R', 'with str'),
        (b'cbuiltins\nset\n' + text('ab') + b'\x85R', 'called with str'),
        (b'cbuiltins\nset\n](K\x01\x85ee\x85R', 'broken|key of type'),
        (b'cbuiltins\nset\n]K\x01\x85a\x85R', 'a key of type tuple'),
        (b'c_codecs\nencode\n' + text('a') + text('zip') + b'\x86R', 'codec'),
        (b'ctorch\nSize\n' + numbers(-1) + b'\x85R', 'no count'),
        (SCALAR + DTYPE + text('a') + b'\x86R', 'called with name str'),
        (DTYPE + text('f8') + b'\x85R', 'called with str'),
        # Parameters of old, whose state torch trusts.
        (ORDERED + b')\x81', 'an object of a class'),
        (text('a') + b')\x81', 'an object of a class'),
        (old_parameter(b'\x88\x89' + b'}'), 'a state of a parameter'),
        (old_parameter(b'\x88\x89'), 'a state of a parameter'),
        (old_parameter(b'K\x01\x89N'), 'a state of a parameter'),
        (
            old_parameter(b'\x88\x89' + ORDERED + b')R(K\x00Nu'),
            'a hook',
        ),
        (old_parameter(storage() + b'K\0))'), 'a state of a parameter'),
        (old_parameter(b'NNN\x88\x89'), 'a state of a parameter'),
        # Changes of what is already there.
        (tensor() + b'(NNtb', 'a state of a tensor'),
        (ORDERED + b')R}' + text('items') + b'Nsb', 'a state of a ordered'),
        (b'}}b', 'a state of a dict'),
        (tensor() + b'K\x00Ns', 'keys of no dict'),
        (b'}Na', 'entries of no list'),
        (b'}(Nu', 'a key without a value'),
        # Containers that contain themselves, too deep, too often.
        (b'}q\x00' + text('a') + b'h\x00s', 'grows after it was stored'),
        (b']q\x00h\x00a', 'grows after it was stored'),
        (b']q\x00]h\x00ah\x00Na', 'grows after it was stored'),
        (b']q\x00]q\x01h\x00ah\x00h\x01a', 'grows after it was stored'),
        (ORDERED + b')Rq\x00]h\x00ah\x00}b', 'grows after it was stored'),
        (b')' + b'\x85' * 65, 'nested more than 64'),
        (b']' * 70 + b'a' * 69, 'nested more than 64'),
        (b'])' + b'\x85' * 200_000 + b'a', 'nested more than 64'),
        (b'Nq\x00' + b'h\x00\x86q\x00' * 40, 'more than 1000000 entries'),
        (b']q\x00' + b'](h\x00h\x00h\x00eq\x00' * 30, 'entries'),
        # Keys that are slow to hash or to find.
        (b'}N\x85Ns', 'a key of type tuple'),
        (b'}G\0\0\0\0\0\0\0\0Ns', 'a key of type float'),
        (b'}\x8a\x09' + b'\0' * 7 + b'\x80\0Ns', 'a key of type int'),
        (b'}(' + LARGE * 4097 + b'u', 'more than 4096 large numbers'),
        (b'}' + (LARGE + b's') * 4097, 'more than 4096 large numbers'),
        (b'cbuiltins\nset\n](' + LARGE[:-1] + b'e\x85R', 'a key of type int'),
        (b'}' + tensor() + b'Ns', 'a key of type tensor'),
        (b'}ctorch\nSize\nNs', 'a key of type name'),
        # Classes that stay.
        (mapping(ORDERED), 'a bare class'),
        (b'](K\x01' + ORDERED + b'\x85\x85e', 'a bare class'),
    ],
)
def test_refused(body: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        scan(body)
    assert len(str(caught.value)) < 320


@pytest.mark.parametrize(
    'body',
    [
        b'',
        b'a',
        b'0',
        b'R',
        b't',
        b's',
        b'\x87',
        b'Nq',
        b'h\x07',
        b'\x80',
        b'K',
        b'X\xff\xff\xff\xff',
        b'X\x01\0\0\0\xff',
        b'\x8a\xff',
        b'ctorch',
        b'ctorch\nSize',
    ],
)
def test_broken(body: bytes) -> None:
    with pytest.raises(FormatError):
        scan(body)
    with pytest.raises(FormatError, match='broken|a pickle'):
        scan_pickle(io.BytesIO(START + body))


def test_cut_anywhere() -> None:
    buffer = io.BytesIO()
    torch.save(
        {'a': torch.ones(2), 'b': [1.5, None]},
        buffer,
        _use_new_zipfile_serialization=False,
    )
    whole = buffer.getvalue()
    buffer.seek(0)
    for _ in range(3):
        pickle.load(buffer)
    start = buffer.tell()
    end = whole.index(STOP + START + b']', start) + 1
    scan_pickle(io.BytesIO(whole[start:end]))
    for cut in range(start, end):
        with pytest.raises(FormatError):
            scan_pickle(io.BytesIO(whole[start:cut]))


def test_large_containers_pass() -> None:
    for body in (
        b'](' + b'N' * 30_000 + b'e',
        b']' + b'Na' * 30_000,
        b'}(' + b'K\x01N' * 30_000 + b'u',
        b'}(' + LARGE * 4096 + b'u',
    ):
        assert scan(body).value.depth == 1


def test_too_many_opcodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickle_scan, 'MAX_OPCODES', 1000)
    with pytest.raises(FormatError, match='more than 1000 opcodes'):
        scan(b'N' * 1000)
    scan(b'N' * 998)
