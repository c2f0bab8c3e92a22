# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""read_weights_file: formats, strangers, and what the content may be."""

import copyreg
import json
import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from file_makers import save_legacy
from safetensors.torch import save_file
from torch import nn

from mmfacesr.checkpoint import load_weights
from mmfacesr.weights import WeightsError, reading
from mmfacesr.weights.pickles import Inert
from mmfacesr.weights.reading import read_weights_file

SAVERS = {'zip': torch.save, 'legacy': save_legacy, 'safetensors': save_file}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small file of torch.save."""
    path = tmp_path / 'good.pth'
    torch.save({'a': torch.arange(6.0), 'b': torch.ones(2)}, path)
    return path


def assert_refused(path: Path, message: str) -> None:
    """Expect one line with path, message and nothing of torch's advice."""
    with pytest.raises(WeightsError) as caught:
        read_weights_file(path)
    text = str(caught.value)
    start = f'Expected {path} to be a checkpoint of tensors, '
    assert text.startswith(start)
    # Not in the path, which has the name of the test in it.
    assert re.search(message, text.removeprefix(start)), text
    assert '\n' not in text and text.endswith('.')


@pytest.mark.parametrize('saver', SAVERS)
@pytest.mark.parametrize('name', ['a.pth', 'b.safetensors', 'c'])
def test_format_is_told_by_content(
    saver: str, name: str, tmp_path: Path
) -> None:
    state = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).state_dict()
    state |= {'h': torch.ones(2).half(), 'flag': torch.tensor([True])}
    state |= {'i': torch.arange(4, dtype=torch.int16), 'z': torch.zeros(0, 3)}
    SAVERS[saver](dict(state), tmp_path / name)
    got = read_weights_file(tmp_path / name)
    assert got.keys() == state.keys()
    for key, value in state.items():
        assert torch.equal(got[key], value) and got[key].dtype == value.dtype
        assert got[key].device.type == 'cpu'


@pytest.mark.parametrize('save', [torch.save, save_legacy])
def test_whole_checkpoints(save: Callable, tmp_path: Path) -> None:
    net = nn.Linear(3, 2)
    base = torch.arange(12.0)
    content = {
        'state_dict': net.state_dict(),
        'optimizer': {
            'param_groups': [{'betas': (0.9, 0.999), 'params': [0]}]
        },
        # As of PyTorch 1.0, by the addresses of the parameters.
        'old optimizer': {
            'state': {
                140_000_000_000_000 + 72 * i: {'step': i} for i in range(3)
            }
        },
        'scheduler': {'milestones': Counter([3, 5]), 'none': Counter()},
        'scaler': {'scale': 65536.0, '_growth_tracker': 0},
        'parameter': net.weight,
        'views': [base[2:8:2], base.view(3, 4).t()],
        'meta': {'iter': 1 << 40, 'text': 'ü', 'none': None, 1: (2.5, True)},
        'bytes': [b'\x00\xff', bytearray(b'ab'), 1j, {1, 'a'}],
        'torch': [torch.Size([2]), torch.device('cpu'), torch.uint8],
        'ordered': OrderedDict(a=[], b={}),
    }
    save(content, tmp_path / 'a.pth')
    got = read_weights_file(tmp_path / 'a.pth')
    assert got.keys() == content.keys()
    for key in content.keys() - {'state_dict', 'parameter', 'views'}:
        assert got[key] == content[key]
    net.load_state_dict(got['state_dict'])
    assert got['state_dict']._metadata == net.state_dict()._metadata
    assert torch.equal(got['parameter'], net.weight)
    assert got['parameter'].requires_grad
    first, second = got['views']
    assert torch.equal(first, base[2:8:2])
    assert torch.equal(second, base.view(3, 4).t())
    assert first.untyped_storage()._cdata == second.untyped_storage()._cdata


def as_object(parameter: nn.Parameter, _: int) -> tuple:
    """As PyTorch 0.1 to 0.3 pickled a parameter."""
    state = parameter.requires_grad, False, OrderedDict()
    return nn.Parameter, (parameter.data,), state


def as_new_object(parameter: nn.Parameter, _: int) -> tuple:
    """The same in the other way of pickle."""
    state = parameter.requires_grad, False, None
    return copyreg.__newobj__, (nn.Parameter, parameter.data), state


def as_variable(parameter: nn.Parameter, _: int) -> tuple:
    """As the first versions did."""
    grad = parameter.requires_grad
    state = parameter.data, None, OrderedDict(), grad, False
    return nn.Parameter, (torch.zeros(1),), state


@pytest.mark.parametrize('save', [torch.save, save_legacy])
@pytest.mark.parametrize('how', [as_object, as_new_object, as_variable])
def test_old_state_dicts_hold_parameters(
    how: Callable,
    save: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files of VGG that feature losses look through are that old."""
    path, net = tmp_path / 'a.pth', nn.Conv2d(2, 3, 1)
    net.bias.requires_grad = False
    monkeypatch.setattr(nn.Parameter, '__reduce_ex__', how)
    save(OrderedDict(net.named_parameters()), path)
    module = tmp_path / 'module.pth'
    save(net, module)
    monkeypatch.undo()
    assert b'torch.nn.parameter' in path.read_bytes()
    expected = torch.load(path, weights_only=True)
    got = read_weights_file(path)
    for key, value in net.named_parameters():
        for found in (got[key], expected[key]):
            assert type(found) is nn.Parameter and torch.equal(found, value)
            assert found.requires_grad == value.requires_grad
    assert load_weights(nn.Conv2d(2, 3, 1), path).layout == 'mmfacesr'
    extracted = read_weights_file(module)
    assert all(torch.equal(extracted[k], net.state_dict()[k]) for k in got)


@pytest.mark.parametrize('saver', SAVERS)
def test_tensors_can_be_changed_but_not_the_file(
    saver: str, tmp_path: Path
) -> None:
    path = tmp_path / 'a.pth'
    SAVERS[saver]({'a': torch.ones(5)}, path)
    before = path.read_bytes()
    read_weights_file(path)['a'].zero_()
    assert path.read_bytes() == before
    assert read_weights_file(path)['a'].sum() == 5


@pytest.mark.parametrize(
    'content, message',
    [
        (b'', 'an empty file; .*fetch'),
        (b'\0' * 600, 'begins with zeros'),
        (b' <!DOCTYPE html><html>404</html>', 'a web page; .* link'),
        (b'version https://git-lfs.github.com/spec/v1\noid', 'git lfs pull'),
        (b'\x89HDF\r\n\x1a\n', 'HDF5'),
        (b'\x1f\x8b\x08', 'gzip'),
        (b'PK\x05\x06' + b'\0' * 18, 'zip'),
        (b'\x08\x07\x12\x07pytorch\x1a', 'ONNX'),
        (b'(dp0\n.', r"unknown that begins with b'\(dp0"),
        (b'\x80\x02}.', 'pickle that torch.save did not write'),
        (b'weights\x1b[2J', 'unknown'),
    ],
)
def test_strangers_are_named(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / 'a.pth').write_bytes(content)
    assert_refused(tmp_path / 'a.pth', message)


def test_missing_files(tmp_path: Path) -> None:
    for path in (tmp_path / 'none.pth', tmp_path):
        with pytest.raises(WeightsError, match='Expected .*found none'):
            read_weights_file(path)


@pytest.mark.parametrize('save', [torch.save, save_legacy])
@pytest.mark.parametrize(
    'content, what', [([1, 2], 'a list'), (torch.ones(2), 'a Tensor')]
)
def test_content_must_be_a_mapping(
    save: Callable, content: object, what: str, tmp_path: Path
) -> None:
    save(content, tmp_path / 'a.pth')
    assert_refused(tmp_path / 'a.pth', f'got {what}; save the weights alone')


HEADERS = {
    'overlap': {
        'a': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 8]},
        'b': {'dtype': 'F32', 'shape': [2], 'data_offsets': [4, 12]},
    },
    'negative': {'a': {'dtype': 'F32', 'shape': [2], 'data_offsets': [-8, 0]}},
    'huge': {
        'a': {'dtype': 'F32', 'shape': [1 << 62, 4], 'data_offsets': [0, 8]}
    },
    'beyond': {'a': {'dtype': 'F32', 'shape': [9], 'data_offsets': [0, 36]}},
    'dtype': {'a': {'dtype': 'X9', 'shape': [1], 'data_offsets': [0, 8]}},
}


@pytest.mark.parametrize('fault', [*HEADERS, 'length', 'json', 'twice'])
def test_faults_of_safetensors(fault: str, tmp_path: Path) -> None:
    header = json.dumps(HEADERS.get(fault, {})).encode()
    if fault == 'twice':
        entry = b'"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
        header = b'{' + entry + b',' + entry.replace(b'0,8', b'8,16') + b'}'
    length = len(header) if fault != 'length' else 1 << 62
    data = length.to_bytes(8, 'little') + header + b'\0' * 16
    path = tmp_path / 'a.safetensors'
    path.write_bytes(data.replace(b'}', b']') if fault == 'json' else data)
    assert_refused(path, 'SafetensorError: .*fetch it again')


def test_content_is_checked_after_reading(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycle, deep = {}, {}
    cycle['a'] = [cycle] * 20
    for _ in range(70):
        deep = {'a': deep}
    shared = [0] * 40
    monkeypatch.setattr(reading, 'MAX_ENTRIES', 1000)
    wide = torch.ones(1).expand(1 << 40)
    for content, message in (
        ({'a': wide}, 'one value for many elements'),
        ({'a': [Inert('ReLU')]}, r'objects \(ReLU\) and no tensors'),
        (cycle, 'levels'),
        (deep, 'levels'),
        ({'a': [shared] * 40}, 'entries'),
        ({('a', Inert('x')): 1}, r'objects \(x\) and no tensors'),
    ):
        monkeypatch.setattr(
            reading, '_reader', lambda _, c=content: lambda _: c
        )
        assert_refused(archive, message)


@pytest.mark.parametrize('error', [MemoryError, RecursionError, BaseException])
def test_any_error_gets_a_clear_line(
    archive: Path, monkeypatch: pytest.MonkeyPatch, error: type
) -> None:
    def fail(_: Path) -> None:
        raise error('first\nsecond \x1b[2J')

    monkeypatch.setattr(reading, '_reader', fail)
    assert_refused(archive, f'{error.__name__}: first; it is damaged')


def test_interrupts_pass(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, '_reader', interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_weights_file(archive)
