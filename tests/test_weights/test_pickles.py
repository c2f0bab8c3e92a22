# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Unpickler: what a pickle of tensors may do, opcode by opcode."""

import io
import struct

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.weights import pickles
from mmfacesr.weights.pickles import FormatError, Inert, Unpickler

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


def find_storage(key: str, dtype: torch.dtype, numel: int) -> Tensor:
    """Storage '0' has six elements."""
    assert (key, dtype) == ('0', torch.float32)
    return torch.arange(float(numel))


def load(body: bytes) -> object:
    """Load a pickle of protocol 2."""
    stream = io.BytesIO(START + body + STOP)
    return Unpickler(stream, len(body), find_storage).load()


def mapping(value: bytes) -> bytes:
    """Push a dict with one value."""
    return b'}' + text('a') + value + b's'


def test_what_torch_writes_passes() -> None:
    wanted = torch.arange(6.0).view(2, 3)
    for body in (tensor(), tensor(hooks=b'N')):  # N: of PyTorch 0.4
        assert torch.equal(load(mapping(body))['a'], wanted)
    for hooks in (ORDERED + b')R', b'N'):
        found = load(mapping(parameter(hooks)))['a']
        assert type(found) is nn.Parameter and found.requires_grad
        for make in (b'R', b'\x81'):
            state = b'\x89\x89' + hooks
            found = load(mapping(old_parameter(state, make)))['a']
            assert torch.equal(found, wanted) and not found.requires_grad
    other = tensor(shape=(1,), strides=(1,))
    found = load(mapping(old_parameter(other + b'NN\x88\x89')))['a']
    assert found.shape == (1,) and found.requires_grad
    for shape, strides, offset in (
        ((), (), 5),
        ((0, 7), (7, 1), 6),
        ((3,), (2,), 1),
        ((9, 9), (0, 0), 0),
    ):
        found = load(tensor(shape=shape, strides=strides, offset=offset))
        wanted = torch.arange(6.0).as_strided(shape, strides, offset)
        assert torch.equal(found, wanted)
    # Python 2: an OrderedDict of a list of lists.
    pairs = b'](](' + text('a') + b'Ne](U\x01bNee'
    assert list(load(ORDERED + pairs + b'\x85R')) == ['a', 'b']


def test_other_protocols() -> None:
    assert Unpickler(io.BytesIO(b'\x80\x03}.'), 4, None).load() == {}
    with pytest.raises(FormatError, match='the opcode 0x95'):
        Unpickler(io.BytesIO(b'\x80\x04\x95' + bytes(8)), 4, None).load()


def test_stream_stands_behind_the_pickle() -> None:
    stream = io.BytesIO(b'before' + START + b'}' + STOP + b'behind')
    stream.seek(6)
    Unpickler(stream, 20, None).load()
    assert stream.read() == b'behind'


@pytest.mark.parametrize(
    'body, message',
    [
        # Tensors beyond their storage, which torch.load would enlarge.
        (tensor(shape=(7, 1)), 'out of bounds for storage'),
        (tensor(offset=1), 'out of bounds for storage'),
        (tensor(strides=(4, 1)), 'out of bounds for storage'),
        (tensor(storage(0), shape=(1,), strides=(0,)), 'out of bounds for'),
        (tensor(offset=-1), 'nvalid storage offset -1|storage_offset'),
        (tensor(strides=(-1, 1)), 'egative stride'),
        (tensor(shape=(-2, 3)), 'egative|overflow'),
        (tensor(shape=(2,)), 'ismatch|must match'),
        (tensor(shape=(1 << 40,) * 2, strides=(0, 0)), 'overflow|invalid'),
        (tensor(text('0')), "no attribute 'args'"),
        (tensor(storage(-1)), 'or negative'),
        # Persistent ids.
        (storage(what='elsewhere'), 'an external reference'),
        (storage(end=numbers(0, 0, 6) + b't'), 'an external reference'),
        (text('storage') + b'Q', 'an external reference|unpack'),
        # Calls of what is known with what torch.save never gives.
        (ORDERED + text('a') + b'R', 'call of no function'),
        (ORDERED + b']Na\x85R', 'unpack'),
        (text('a') + b')R', 'a call of no function'),
        (ORDERED + b')R)R', 'a call of no function'),
        (b'ctorch\nfloat32\n)R', 'a call of no function'),
        (b'c__builtin__\nbytearray\n' + number(1 << 40) + b'\x85R', 'int'),
        (b'ccollections\nCounter\n' + text('ab') + b'\x85R', 'mapping'),
        # A tensor, which would be gone through number by number.
        (b'cbuiltins\nset\n' + tensor() + b'\x85R', 'entries in a Tensor'),
        (ORDERED + tensor() + b'\x85R', 'entries in a Tensor'),
        (b'ctorch\nSize\n' + tensor() + b'\x85R', 'entries in a Tensor'),
        (b'c_codecs\nencode\n' + text('a') + text('zip') + b'\x86R', 'codec'),
        (SCALAR + DTYPE + text('a') + b'\x86R', 'index out of range'),
        # Changes of what is already there.
        (tensor() + b'(NNtb', 'a state of a Tensor'),
        (b'}}b', 'a state of a dict'),
        (tensor() + b'K\x00Ns', 'keys of no dict'),
        (b'}Na', "no attribute 'append'"),
        (b'}(Nu', 'shorter'),
        (old_parameter(b'')[:-3] + b'Nb', "type 'NoneType' has no len"),
    ],
)
def test_refused(body: bytes, message: str) -> None:
    with pytest.raises(Exception, match=message) as caught:
        load(body)
    assert not isinstance(caught.value, MemoryError)


@pytest.mark.parametrize(
    'body, what',
    [
        (storage(), 'a storage'),
        (storage(kind=b'ctorch\nQInt8Storage\n'), 'torch.QInt8Storage'),
        (ORDERED, 'collections.OrderedDict'),
        (b'cpackage\nName\n(K\x01tR}b', 'package.Name'),
        (
            b'ctorch._utils\n_rebuild_sparse\n)R',
            'torch._utils._rebuild_sparse',
        ),
        (
            SCALAR + DTYPE + text('U3') + b'\x85R' + text('a') + b'\x86R',
            'numpy.scalar',
        ),
    ],
)
def test_nothing_is_made_of_others(body: bytes, what: str) -> None:
    found = load(body)
    assert type(found) is Inert and found.name == what


@pytest.mark.parametrize(
    'key',
    [
        b'K\x01\x85',
        b'G\0\0\0\0\0\0\0\0',
        b'\x8a\x09' + b'\0' * 7 + b'\x80\0',
        b')' + b'\x85' * 300_000,  # the hash of it would crash Python
        tensor(),
    ],
)
def test_keys_that_are_slow_to_find(key: bytes) -> None:
    """They are not made, so that nothing is hashed."""
    as_set = b'cbuiltins\nset\n]' + key + b'a\x85R'
    for body in (b'}' + key + b'Ns', as_set, b'}(' + key + b'Nu'):
        (found,) = load(body)
        assert type(found) is Inert and found.name.startswith('a key of type')


def test_many_large_numbers_as_keys() -> None:
    """No choice of them makes a dict slow: a set of them is made at once."""
    body = b''.join(number(i << 42) + b'N' for i in range(1 << 15))
    assert len(load(b'}(' + body + b'u')) == 1 << 15


@pytest.mark.parametrize(
    'body',
    [
        *(b'', b'a', b'0', b'R', b't', b's', b'\x87', b'Nq', b'h\x07'),
        *(b'\x80', b'K', b'X\xff\xff\xff\xff', b'X\x01\0\0\0\xff'),
        *(b'\x8a\xff', b'ctorch', b'ctorch\nSize', b'r\xff\xff\xff\xff'),
    ],
)
def test_broken(body: bytes) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        load(body)
    assert not isinstance(caught.value, (MemoryError, RecursionError))


def test_too_many_opcodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pickles, 'MAX_OPCODES', 1000)
    with pytest.raises(FormatError, match='more than 1000 opcodes'):
        load(b'N' * 1000)
    load(b'N' * 998)
