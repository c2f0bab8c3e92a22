# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files with objects: their tensors are read, the objects are not made."""

import functools
import pickle
import sys
import zipfile
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import released_files
import torch
from file_makers import save_legacy, zipped
from mmengine.logging import HistoryBuffer
from torch import nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.pfsrnet import DistilledFANHead
from mmfacesr.weights import WeightsError, reading
from mmfacesr.weights.matching import flat_tensors
from mmfacesr.weights.reading import read_weights_file

START, STOP = b'\x80\x02', b'.'
EMPTY_ORDERED = b'ccollections\nOrderedDict\n)R'


SAVERS = pytest.mark.parametrize('save', [torch.save, save_legacy])


class Odd(nn.Module):
    """A module with much that is no tensor of its state dict."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 3, bias=False)
        self.tied = nn.Linear(2, 3)
        self.tied.weight = self.first.weight
        self.skipped = None
        self.register_buffer('kept', torch.arange(3)[::2])
        self.register_buffer('left', torch.ones(9), persistent=False)
        self.register_parameter('none', None)
        self.plain = torch.ones(2)
        self.act = nn.functional.relu
        self.part = functools.partial(torch.sum, dim=1)
        self.method = self.extra_repr
        self.array = np.ones((2, 2))
        self.queue, self.counts = deque([1, 2]), defaultdict(int, a=1)
        self.table = {1: 'a', (2, 3): nn.ReLU, 'x': [Path('a'), {1, 'b'}]}
        self.first.register_forward_pre_hook(nn.functional.dropout)


class Plain(nn.Module):
    """The parts that the released networks are made of."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ModuleList([nn.PReLU(4), nn.InstanceNorm2d(4)]),
        )
        self.norm = torch.nn.utils.spectral_norm(nn.Conv2d(4, 4, 1))
        self.half = nn.Linear(2, 2).bfloat16()
        self.empty = nn.Parameter(torch.zeros(0, 3))
        self.flag = nn.Parameter(torch.tensor([True]), requires_grad=False)


def assert_equal(found: dict, wanted: dict) -> None:
    found = flat_tensors(found)
    assert list(found) == list(wanted)
    for key, value in wanted.items():
        assert found[key].dtype == value.dtype
        assert torch.equal(found[key], value), key


@SAVERS
@pytest.mark.parametrize('kind', [Plain, Odd, lambda: nn.LSTM(3, 4, 2)])
def test_equals_the_state_dict(
    save: Callable, kind: Callable, tmp_path: Path
) -> None:
    path, net = tmp_path / 'a.pth', kind()
    save(net, path)
    loaded = torch.load(path, weights_only=False)
    assert_equal(read_weights_file(path), loaded.state_dict())
    # Nothing of the file stays in use.
    found = read_weights_file(path)
    path.write_bytes(bytes(path.stat().st_size))
    assert_equal(found, net.state_dict())


@SAVERS
def test_modules_within_a_checkpoint(save: Callable, tmp_path: Path) -> None:
    net = Plain()
    content = {
        'epoch': 3,
        'nets': {'G': net, 'D': nn.DataParallel(nn.Linear(1, 2))},
        'state_dict': net.state_dict(),
        'ema_state_dict': {'a': torch.ones(2)},
        'optimizer': torch.optim.Adam(net.parameters()).state_dict(),
        7: torch.ones(3),
        'list': [torch.ones(3)],
    }
    save(content, tmp_path / 'a.pth')
    found = read_weights_file(tmp_path / 'a.pth')
    assert list(found) == ['nets', 'state_dict', 'ema_state_dict']
    assert_equal(found['nets']['G'], net.state_dict())
    assert list(found['nets']['D']['module']) == ['weight', 'bias']
    assert_equal(found['state_dict'], net.state_dict())
    assert found['ema_state_dict']['a'].sum() == 2


@SAVERS
def test_checkpoint_of_mmengine_without_our_hook(
    save: Callable, tmp_path: Path
) -> None:
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    history.statistics('mean', 1)
    net = DistilledFANHead()
    save(
        {
            'state_dict': net.state_dict(),
            'message_hub': {
                'log_scalars': {'loss': history},
                'runtime_info': {'iter': np.int64(3), 'x': np.ones(2)},
            },
        },
        tmp_path / 'a.pth',
    )
    found = read_weights_file(tmp_path / 'a.pth')
    assert list(found) == ['state_dict']
    assert load_weights(DistilledFANHead(), found).layout == 'mmfacesr'


@SAVERS
def test_classes_need_not_be_there(
    save: Callable, tmp_path: Path, golden: Path, fill: ModuleType
) -> None:
    """The released landmark network, as it was published."""
    released = released_files.make('landmarks of pfsrnet', golden, fill)
    module = ModuleType('models_of_an_author')
    module.FAN = type(
        'FAN', (DistilledFANHead,), {'__module__': module.__name__}
    )
    net = module.FAN()
    net.load_state_dict(released.content)
    sys.modules[module.__name__] = module
    try:
        save(net, tmp_path / 'fan.pth')
    finally:
        del sys.modules[module.__name__]
    with pytest.raises(ModuleNotFoundError):
        torch.load(tmp_path / 'fan.pth', weights_only=False)
    found = read_weights_file(tmp_path / 'fan.pth')
    load_weights(released.network, found)
    with torch.no_grad():
        output = released.run(released.network.eval())
    assert (output - released.wanted).abs().max() < released.tolerance


@pytest.mark.parametrize(
    'content, message',
    [
        ({'a': Path('b')}, r'objects \(pathlib.PosixPath\) and no tensors'),
        ({'a': np.ones(2)}, 'no tensors under names'),
        ([nn.Linear(1, 1)], 'no tensors under names'),
        (nn.ReLU(), 'no tensors under names'),
        (nn.ParameterList([torch.eye(2).to_sparse()]), 'no tensors'),
        (nn.Linear(1, 1, device='meta'), 'no tensors'),
    ],
)
def test_refused(content: object, message: str, tmp_path: Path) -> None:
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=message):
        read_weights_file(tmp_path / 'a.pth')


def test_parameter_with_attributes_is_not_passed_over(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(1, 1))
    net[0].bias.tag = Path('mine')
    torch.save(net, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=r'1 missing \(0.bias\)'):
        load_weights(net, tmp_path / 'a.pth')


def test_other_reading_are_named(tmp_path: Path) -> None:
    path = tmp_path / 'a.pth'
    path.write_bytes(pickle.dumps(nn.ReLU(), 2))
    with pytest.raises(WeightsError, match='torch.save did not write'):
        read_weights_file(path)
    net = nn.Linear(2, 2)
    torch.save(net, path, pickle_protocol=4)
    with pytest.raises(WeightsError, match='the opcode 0x95'):
        read_weights_file(path)


def test_other_byte_order(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as archive:
        entries = {n: archive.read(n) for n in archive.namelist()}
    with zipfile.ZipFile(tmp_path / 'b.pth', 'w') as archive:
        for name, data in entries.items():
            big = name.endswith('/byteorder')
            archive.writestr(name, b'big' if big else data)
    assert any(name.endswith('/byteorder') for name in entries)
    with pytest.raises(WeightsError, match='another byte order'):
        read_weights_file(tmp_path / 'b.pth')


def short(text: str) -> bytes:
    """Push a string."""
    return b'X' + len(text).to_bytes(4, 'little') + text.encode()


def tensor(shape: tuple[int, ...], strides: tuple[int, ...]) -> bytes:
    """Push a tensor of the storage '0', two floats."""

    def numbers(values: tuple[int, ...]) -> bytes:
        pushed = (b'J' + v.to_bytes(4, 'little') for v in values)
        return b'(' + b''.join(pushed) + b't'

    storage = b'(' + short('storage') + b'ctorch\nFloatStorage\n'
    storage += short('0') + short('cpu') + b'K\x02tQ'
    function = b'ctorch._utils\n_rebuild_tensor_v2\n('
    sizes = b'K\x00' + numbers(shape) + numbers(strides)
    return function + storage + sizes + b'\x89' + EMPTY_ORDERED + b'tR'


def module(children: bytes) -> bytes:
    """Push an object with what stands in its `_modules`."""
    new = b'csome.code\nNet\n)\x81'
    return new + b'}' + short('_modules') + b'}' + children + b'sb'


LEAF = b'csome.code\nNet\n)\x81}' + short('_parameters') + b'}'
LEAF += short('w') + tensor((2,), (1,)) + b'ssbq\x00'
TREES = {
    'each level holds the one below twice': LEAF
    + (module(b'(' + short('a') + b'h\0' + short('b') + b'h\0u') + b'q\0')
    * 40,
    'an object is its own part': (
        b'csome.code\nNet\n)\x81q\0}'
        + short('_modules')
        + b'}'
        + short('a')
        + b'h\0ssb'
    ),
    'each level holds the one below': LEAF
    + (module(short('a') + b'h\0s') + b'q\0') * 80,
}


@pytest.mark.parametrize('name', TREES)
def test_trees_without_an_end(name: str, tmp_path: Path) -> None:
    path = zipped(
        tmp_path / 'a.pth', START + TREES[name] + STOP, **{'data/0': bytes(8)}
    )
    with pytest.raises(WeightsError, match='entries or 64 levels'):
        read_weights_file(path)


def test_trees_with_an_end(tmp_path: Path) -> None:
    body = LEAF + (module(short('a') + b'h\0s') + b'q\0') * 20
    path = zipped(
        tmp_path / 'a.pth', START + body + STOP, **{'data/0': bytes(8)}
    )
    found = flat_tensors(read_weights_file(path))
    assert list(found) == ['a.' * 20 + 'w']


def test_tensors_larger_than_the_file(tmp_path: Path) -> None:
    for shape, strides in (((1 << 30,), (0,)), ((1 << 15, 1 << 15), (0, 0))):
        body = b'}' + short('a') + tensor(shape, strides) + b's'
        path = zipped(
            tmp_path / 'a.pth', START + body + STOP, **{'data/0': b'\0' * 8}
        )
        with pytest.raises(WeightsError, match='larger than the file'):
            read_weights_file(path)
    # As many as the file has names for are no harm.
    first = short('k') + tensor((2,), (1,)) + b'q\x00'
    rest = b''.join(short(f'{i}') + b'h\x00' for i in range(1000))
    body = b'}(' + first + rest + b'u'
    path = zipped(
        tmp_path / 'a.pth', START + body + STOP, **{'data/0': b'\0' * 8}
    )
    assert len(read_weights_file(path)) == 1001


def test_children_that_are_no_modules(tmp_path: Path) -> None:
    body = module(b'(' + short('a') + b'N' + short('b') + b'K\x01u')
    path = zipped(tmp_path / 'a.pth', START + body + STOP)
    with pytest.raises(WeightsError, match='no tensors'):
        read_weights_file(path)


def test_a_claim_of_a_storage_is_checked(tmp_path: Path) -> None:
    body = b'}' + short('a') + tensor((2,), (1,)) + b's'
    path = zipped(tmp_path / 'a.pth', START + body + STOP, **{'data/0': b'1'})
    with pytest.raises(WeightsError, match='size 1 instead of 8'):
        read_weights_file(path)


def test_nothing_is_imported_or_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forbid(*_: object, **__: object) -> None:
        raise AssertionError('loads objects')

    said = []
    torch.save(Odd(), tmp_path / 'a.pth')
    with monkeypatch.context() as context:
        context.setattr(torch, 'load', forbid)
        context.setattr(pickle, 'Unpickler', forbid)
        context.setattr(reading, 'say', said.append)
        context.setattr('builtins.__import__', forbid)
        found = read_weights_file(tmp_path / 'a.pth')
    assert set(flat_tensors(found)) == set(Odd().state_dict())
    assert 'left out' in said[0] and 'Odd, ' in said[0]
