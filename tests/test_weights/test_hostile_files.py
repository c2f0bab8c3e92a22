# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""No code of a file is run, and the refusal says why and what to do."""

import argparse
import builtins
import io
import os
import pickle
import pickletools
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from file_makers import save_legacy, zipped
from mmengine.logging import HistoryBuffer
from torch import nn

from mmfacesr.weights import WeightsError
from mmfacesr.weights.matching import flat_tensors
from mmfacesr.weights.pickles import OPCODES as KNOWN
from mmfacesr.weights.reading import read_weights_file

MAGIC, VERSION, KEYS = 0x1950A86A20F9469CFC6C, 1001, []


class Call:
    """Calls a function when it is unpickled."""

    def __init__(self, function: Callable, *args: object) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple:
        return self.call


def in_a_row(path: Path, at: int, content: bytes) -> None:
    """Write a legacy file whose pickle of one number is another."""
    parts = [pickle.dumps(v, 2) for v in (MAGIC, VERSION, {}, {}, KEYS)]
    parts[at] = content
    path.write_bytes(b''.join(parts))


def refused(path: Path) -> str:
    """Return the message of the refusal."""
    with pytest.raises(WeightsError) as caught:
        read_weights_file(path)
    return str(caught.value)


ATTACKS = {
    'touch': lambda trace: Call(Path.touch, trace),
    'system': lambda trace: Call(os.system, f'touch {trace}'),
    'exec': lambda trace: Call(builtins.exec, f'open({str(trace)!r}, "w")'),
    'eval': lambda trace: Call(builtins.eval, f'open({str(trace)!r}, "w")'),
    'open': lambda trace: Call(open, str(trace), 'w'),
    'getattr': lambda trace: Call(getattr, trace, 'touch'),
    'load': lambda trace: Call(torch.load, str(trace)),
    'hub': lambda trace: Call(torch.hub.load, str(trace), 'a', 'local'),
    'pickle': lambda trace: Call(
        pickle.loads, pickle.dumps(Call(os.system, f'touch {trace}'))
    ),
}


@pytest.mark.parametrize('protocol', [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize('attack', ATTACKS)
def test_attacks(attack: str, protocol: int, tmp_path: Path) -> None:
    trace, path = tmp_path / 'trace', tmp_path / 'a.pth'
    hostile = ATTACKS[attack](trace)
    is_of_torch = attack in ('load', 'hub')
    for content in (
        hostile,
        {'state_dict': {'a': [hostile]}, 'net': nn.ReLU()},
        {'a': torch.float32, 'b': (hostile, {1, 2})},
    ):
        data = pickle.dumps(content, protocol)
        zipped(path, data)
        message = refused(path)
        if protocol in (2, 3) and not is_of_torch:
            # The lone name tells it from a file that is merely broken.
            assert 'calls of Python code (' in message
        for at in range(5):
            in_a_row(path, at, data)
            with suppress(WeightsError):
                read_weights_file(path)
        path.write_bytes(data)
        refused(path)
    assert not trace.exists()
    if attack not in ('load', 'hub', 'getattr'):
        pickle.loads(data)
        assert trace.exists(), 'the attack does nothing'


OPCODES = {
    'INST': b"(S'touch {}'\nios\nsystem\n.",
    'OBJ': b"(cos\nsystem\nS'touch {}'\no.",
    'REDUCE': b"cos\nsystem\n(S'touch {}'\ntR.",
    'STACK_GLOBAL': b"\x8c\x02os\x94\x8c\x06system\x94\x93(S'touch {}'\ntR.",
    'STACK_GLOBAL of memo': (
        b"\x8c\x02os\x940\x8c\x06system\x940h\x00h\x01\x93(S'touch {}'\ntR."
    ),
    'NEWOBJ': b"csubprocess\nPopen\n((lS'touch'\naS'{}'\nat\x81.",
    'BUILD': b"ccollections\nOrderedDict\n)R(S'touch {}'\ncos\nsystem\ndb.",
}


@pytest.mark.parametrize('name', OPCODES)
@pytest.mark.parametrize('start', [b'', b'\x80\x02', b'\x80\x04'])
def test_opcodes(name: str, start: bytes, tmp_path: Path) -> None:
    trace, path = tmp_path / 'trace', tmp_path / 'a.pth'
    code = OPCODES[name].replace(b'{}', str(trace).encode())
    zipped(path, start + code)
    message = refused(path)
    if name == 'NEWOBJ' and start == b'\x80\x02':
        assert 'os.system' in message or 'subprocess.Popen' in message
        assert 'do not load it elsewhere' in message
    in_a_row(path, 3, b'\x80\x02' + code)
    assert 'got' in refused(path)
    assert not trace.exists()
    if name not in ('NEWOBJ', 'BUILD'):
        pickle.loads(start + code)
        assert trace.exists(), 'the attack does nothing'


def test_every_opcode_is_known_or_refused(tmp_path: Path) -> None:
    assert len(KNOWN) == len(set(KNOWN)) == 33
    path = tmp_path / 'a.pth'
    # An argument that every opcode can read.
    argument = b'1\n' + b'\0' * 20
    for opcode in pickletools.opcodes:
        code = opcode.code.encode('latin1')
        if code not in KNOWN:
            zipped(path, b'\x80\x02}' + code + argument)
            assert f'the opcode {ord(code):#x};' in refused(path)


def test_other_records_are_never_unpickled(tmp_path: Path) -> None:
    trace, path = tmp_path / 'trace', tmp_path / 'a.pth'
    data = pickle.dumps(Call(os.system, f'touch {trace}'))
    good = pickle.dumps({'a': 1}, 2)
    for name in ('data/0', 'code.pkl', 'x/data.pkl', '.data/data.pkl'):
        zipped(path, good, **{name: data})
        assert read_weights_file(path) == {'a': 1}
    zipped(path, good, **{'constants.pkl': data})
    assert 'TorchScript' in refused(path)
    for name in (
        'byteorder',
        '.format_version',
        '.storage_alignment',
        '.data/serialization_id',
    ):
        zipped(path, good, **{name: data})
        with suppress(WeightsError):
            read_weights_file(path)
    assert not trace.exists()


class Block(nn.Module):
    """A module of somebody."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 1)
        self.act = nn.functional.relu


@pytest.mark.parametrize('save', [torch.save, save_legacy])
@pytest.mark.parametrize('make', [Block, lambda: nn.Sequential(nn.ReLU())])
def test_pickled_modules(
    save: Callable, make: Callable, tmp_path: Path
) -> None:
    path = tmp_path / 'a.pth'
    net = nn.Sequential(make(), nn.Linear(1, 1))
    for content in (net, {'model': net, 'epoch': 3}):
        save(content, path)
        found = read_weights_file(path)
    assert flat_tensors(found['model']).keys() == net.state_dict().keys()


@pytest.mark.parametrize(
    'extra, named',
    [
        (HistoryBuffer([1.0], [1]), 'mmengine.logging.history_buffer.History'),
        (np.ones(3), '._reconstruct'),
        (argparse.Namespace(lr=1.0), 'argparse.Namespace'),
        (Path('a'), 'pathlib.PosixPath'),
        (defaultdict(int), 'collections.defaultdict'),
        (datetime.now(), 'datetime.datetime'),
    ],
)
def test_checkpoints_of_training(
    extra: object, named: str, tmp_path: Path, said: list
) -> None:
    path = tmp_path / 'a.pth'
    state = {'a': torch.ones(2)}
    torch.save({'state_dict': state, 'extra': extra}, path)
    found = read_weights_file(path)
    assert list(found) == ['state_dict']
    assert torch.equal(found['state_dict']['a'], state['a'])
    ((text, _),) = said
    assert named in text and 'left out' in text


def test_special_tensors(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    tagged = torch.ones(2)
    tagged.tag = 'mine'
    for value in (
        torch.eye(2).to_sparse(),
        torch.ones(2, device='meta'),
        tagged,
    ):
        torch.save({'a': value}, path)
        assert 'objects (torch._' in refused(path)


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    zipped(path, b'\x80\x02cevil\x1b[2J\n' + b'Name' * 1000 + b'\n.')
    message = refused(path)
    assert '\x1b' not in message and len(message) < 1000
    assert io.StringIO(message).readline() == message
