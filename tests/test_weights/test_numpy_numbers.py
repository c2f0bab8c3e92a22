# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""NumPy's numbers in checkpoints become Python's."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file

NUMBERS = [
    np.float64(1.5),
    np.float32(-2.5),
    np.float16(0.5),
    np.int64(-3),
    np.int8(-4),
    np.uint16(65535),
    np.bool_(True),
    np.complex64(1 + 2j),
    np.dtype('>i4').type(7),
]
OLD, NEW = b'cnumpy.core.multiarray\n', b'cnumpy._core.multiarray\n'


def save(content: object, path: Path, spelling: bytes, zipped: bool) -> None:
    """Save as NumPy 1 or 2 would."""
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    if not zipped:
        path.write_bytes(respell(path.read_bytes(), spelling))
        return
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in entries.items():
            archive.writestr(name, respell(data, spelling))


def respell(data: bytes, spelling: bytes) -> bytes:
    """Name NumPy's module as one of its versions does."""
    return data.replace(OLD, spelling).replace(NEW, spelling)


@pytest.mark.parametrize('spelling', [OLD, NEW])
@pytest.mark.parametrize('zipped', [True, False])
def test_numbers_become_plain(
    spelling: bytes, zipped: bool, tmp_path: Path
) -> None:
    path = tmp_path / 'a.pth'
    save({'a': NUMBERS, 'again': NUMBERS[0]}, path, spelling, zipped)
    assert spelling in path.read_bytes()
    got = read_weights_file(path)
    assert got['a'] == [number.item() for number in NUMBERS]
    for value, number in zip(got['a'], NUMBERS):
        assert type(value) is type(number.item())


def test_byte_order(tmp_path: Path) -> None:
    save({'a': np.float64(1.5)}, tmp_path / 'a.pth', OLD, zipped=False)
    data = (tmp_path / 'a.pth').read_bytes()
    value = np.float64(1.5).tobytes()
    assert b'X\x01\x00\x00\x00<' in data
    text = [v.decode('latin1').encode() for v in (value, value[::-1])]
    data = data.replace(b'X\x01\x00\x00\x00<', b'X\x01\x00\x00\x00>')
    (tmp_path / 'a.pth').write_bytes(data.replace(*text))
    assert read_weights_file(tmp_path / 'a.pth')['a'] == 1.5


@pytest.mark.parametrize(
    'value, message',
    [
        (np.str_('abc'), 'numpy.scalar'),
        (np.datetime64('2020-01-01'), 'numpy.scalar'),
        (np.longdouble(1), 'numpy.scalar'),
        (np.void(b'ab'), 'numpy.scalar'),
        (np.ones(2), 'numpy.*_reconstruct'),
        (np.dtype('f8'), 'numpy.dtype'),
        ((1, [np.dtype('f8')]), 'numpy.dtype'),
    ],
)
def test_other_things_of_numpy_are_refused(
    value: object, message: str, tmp_path: Path
) -> None:
    torch.save({'a': value}, tmp_path / 'a.pth')
    with pytest.raises(WeightsError, match=message + r'\) and no tensors'):
        read_weights_file(tmp_path / 'a.pth')


@pytest.mark.parametrize(
    'old, new, message',
    [
        (b'\xc3\xb8?', b'?', 'not|multiple|buffer'),  # seven bytes
        (b'X\x01\x00\x00\x00<', b'X\x01\x00\x00\x00x', 'byteorder|not'),
        (b'NNNJ', b'NN\x88J', 'numpy.scalar'),
    ],
)
def test_broken_numbers(
    old: bytes, new: bytes, message: str, tmp_path: Path
) -> None:
    save({'a': np.float64(1.5)}, tmp_path / 'a.pth', OLD, zipped=False)
    data = (tmp_path / 'a.pth').read_bytes()
    data = data.replace(old, new)
    if b'\xc3' in old:
        data = data.replace(b'X\x09\0\0\0', b'X\x07\0\0\0')
    (tmp_path / 'a.pth').write_bytes(data)
    with pytest.raises(WeightsError, match=message):
        read_weights_file(tmp_path / 'a.pth')
