# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The outside of files of torch.save, from 1.6 on and before."""

import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from file_makers import save_legacy

from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file


def rezip(
    source: Path, path: Path, change: Callable = lambda entries: None, **how
) -> Path:
    """Pack a zip archive again, after a change of its entries."""
    with zipfile.ZipFile(source) as archive:
        entries = [(name, archive.read(name)) for name in archive.namelist()]
    change(entries)
    with zipfile.ZipFile(path, 'w', **how) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A small file of torch.save."""
    path = tmp_path / 'good.pth'
    torch.save({'a': torch.arange(6.0), 'b': torch.ones(2)}, path)
    return path


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    """A small file of torch.save before 1.6."""
    path = tmp_path / 'legacy.pth'
    save_legacy({'a': torch.arange(6.0), 'b': torch.ones(2)}, path)
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


def test_strange_zip_archives_are_named(tmp_path: Path, archive: Path) -> None:
    np.savez(tmp_path / 'a.npz', a=np.ones(2))
    assert_refused(tmp_path / 'a.npz', 'npz')
    script = ('good/constants.pkl', b'')
    rezip(archive, tmp_path / 'a.pt', lambda e: e.append(script))
    assert_refused(tmp_path / 'a.pt', 'TorchScript')
    rezip(archive, tmp_path / 'b.zip', lambda e: e.pop(0))
    assert_refused(tmp_path / 'b.zip', 'torch.save did not write')


def test_repacked_archive_is_read(archive: Path, tmp_path: Path) -> None:
    path = rezip(archive, tmp_path / 'a.pth')
    assert torch.equal(read_weights_file(path)['a'], torch.arange(6.0))


def test_archives_that_two_readers_read_differently(
    archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / 'a.pth'
    name, data = 'good/data.pkl', b'\x80\x02}.'
    for added in (name, 'good/DATA.pkl', 'other/data.pkl'):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr('warnings.warn', lambda *_, **__: None)
            rezip(archive, path, lambda e, n=added: e.append((n, data)))
        assert_refused(path, 'ambiguous')
    # A second archive before the last one, at which a search may stop.
    rezip(archive, path)
    path.write_bytes(archive.read_bytes() + path.read_bytes())
    assert_refused(path, 'ambiguous')


def test_records_of_another_size(archive: Path, tmp_path: Path) -> None:
    path, record = tmp_path / 'a.pth', 'good/data/0'
    for data in (b'\0' * 20, b'\0' * 28):

        def change(entries: list, data: bytes = data) -> None:
            entries[[name for name, _ in entries].index(record)] = record, data

        rezip(archive, path, change)
        assert_refused(path, f'a storage of size {len(data)} instead of 24')
    rezip(archive, path, lambda e: e.pop([n for n, _ in e].index(record)))
    assert_refused(path, "no item named '.*data/0'")


def test_compressed_entries(archive: Path, tmp_path: Path) -> None:
    path = rezip(archive, tmp_path / 'a.pth', compression=zipfile.ZIP_DEFLATED)
    assert_refused(path, 'compressed')
    assert path.stat().st_size < 3000


def test_entries_larger_than_the_file(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    # Both sizes of an entry in the central directory.
    at = data.index(b'data/0', data.index(b'PK\x01\x02')) - len('good/') - 46
    data[at + 20 : at + 28] = (1 << 30).to_bytes(4, 'little') * 2
    archive.write_bytes(data)
    assert_refused(archive, 'ambiguous')


def test_flipped_bit_is_noticed(archive: Path) -> None:
    data = archive.read_bytes()
    values = torch.arange(6.0).numpy().tobytes()
    archive.write_bytes(data.replace(values, values[:-1] + b'\x41'))
    assert_refused(archive, 'Bad CRC-32')


def test_files_of_the_time() -> None:
    """lpips ships files of the first versions of PyTorch."""
    lpips = pytest.importorskip('lpips')
    paths = sorted(Path(lpips.__file__).parent.glob('weights/*/*.pth'))
    assert len(paths) == 6
    for path in paths:
        expected = torch.load(path, weights_only=True, map_location='cpu')
        found = read_weights_file(path)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[k], expected[k]) for k in expected)


def legacy_parts(path: Path) -> list[bytes]:
    """Five pickles and the storages of a file."""
    data, parts = path.read_bytes(), []
    with path.open('rb') as file:
        for _ in range(3):
            pickle.load(file)
            parts.append(file.tell())
    # The pickle of the content ends where that of the keys begins.
    parts.append(data.index(b'\x80\x02]'))
    parts.append(data.index(b'e.', parts[-1]) + 2)
    return [data[a:b] for a, b in zip([0, *parts], [*parts, len(data)])]


@pytest.mark.parametrize(
    'part, change, message',
    [
        (0, lambda p: pickle.dumps(7, 2), 'torch.save did not write'),
        (1, lambda p: pickle.dumps(7, 2), 'torch.save did not write'),
        (3, lambda p: p.replace(b'K\x06Nt', b'K\x07Nt'), 'a storage of size'),
        (
            3,
            lambda p: p.replace(b'K\x06Nt', b'K\x05Nt'),
            'out of bounds for storage',
        ),
        (4, lambda p: pickle.dumps([], 2), 'content does not fit'),
        (4, lambda p: pickle.dumps([1], 2), 'content does not fit'),
        (4, lambda p: pickle.dumps('ab', 2), 'content does not fit'),
        (5, lambda p: p[:-1], 'a storage of size'),
        (5, lambda p: p[:-16], 'a storage of size'),
        (5, lambda p: p + b'\0', 'bytes behind'),
        (5, lambda p: b'\xff' * 8 + p[8:], 'a storage of size'),
        (5, lambda p: b'', 'a storage of size 0 instead'),
    ],
)
def test_faults_of_legacy_files(
    part: int, change: Callable, message: str, legacy: Path
) -> None:
    parts = legacy_parts(legacy)
    assert change(parts[part]) != parts[part]
    parts[part] = change(parts[part])
    legacy.write_bytes(b''.join(parts))
    assert_refused(legacy, message)


@pytest.mark.parametrize(
    'numel', [7, 1 << 31, 1 << 40, 1 << 62, -1, -(1 << 62)]
)
def test_claims_of_numbers_of_elements(
    numel: int, archive: Path, legacy: Path, tmp_path: Path
) -> None:
    # As many elements in the tensor, too.
    long = b'\x8a\x08' + numel.to_bytes(8, 'little', signed=True)

    def claim(data: bytes) -> bytes:
        data = re.sub(rb'K\x06(N?t.{2}Q)', long + rb'\1', data)
        return re.sub(rb'K\x06(\x85.{2}K\x01\x85)', long + rb'\1', data)

    parts = legacy_parts(legacy)
    changed = claim(parts[3])
    assert changed.count(long) == 2
    legacy.write_bytes(b''.join([*parts[:3], changed, *parts[4:]]))
    assert_refused(legacy, 'a storage of size|larger than the file|INT')

    def change(entries: list) -> None:
        entries[0] = entries[0][0], claim(entries[0][1])
        assert entries[0][1].count(long) == 2

    rezip(archive, tmp_path / 'a.pth', change)
    assert_refused(tmp_path / 'a.pth', 'a storage of size|larger than')


def test_references_of_two_sizes(legacy: Path) -> None:
    values = torch.arange(6.0)
    content = {'a': values, 'b': values[1:], 'c': torch.ones(2)}
    save_legacy(content, legacy)
    parts = legacy_parts(legacy)
    before, size, after = parts[3].rpartition(b'K\x06Nt')
    assert size in before
    parts[3] = before + b'K\x07Nt' + after
    legacy.write_bytes(b''.join(parts))
    assert_refused(legacy, 'a storage of two sizes')


def test_keys_that_stand_twice(legacy: Path) -> None:
    parts = legacy_parts(legacy)
    keys = pickle.loads(parts[4])
    parts[4] = pickle.dumps([*keys, keys[0]], 2)
    legacy.write_bytes(b''.join([*parts, parts[5][:32]]))
    assert_refused(legacy, 'content does not fit')


def test_legacy_file_that_is_a_tar_archive(legacy: Path) -> None:
    # torch would unpack a file of this kind that it opens by its path.
    parts = legacy_parts(legacy)
    start = b''.join(parts[:2]) + b'\x80\x02X'
    length = tarfile.BLOCKSIZE - len(start) - 4
    start += length.to_bytes(4, 'little')
    header = bytearray(start.ljust(tarfile.BLOCKSIZE, b'\0'))
    for at, field in (
        (100, b'0000644\0'),
        (108, b'0000000\0' * 2 + b'00000000000\0' * 2 + b' ' * 8 + b'0'),
        (257, b'ustar\x0000'),
    ):
        header[at : at + len(field)] = field
    header[148:156] = b'%06o\0 ' % sum(header)
    legacy.write_bytes(bytes(header) + b'.' + b''.join(parts[3:]))
    assert tarfile.is_tarfile(legacy)
    assert torch.equal(read_weights_file(legacy)['a'], torch.arange(6.0))
