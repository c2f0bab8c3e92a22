# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The landmark table survives a round trip and names what is wrong."""

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from odd_names import ODD_NAMES, UNLISTABLE

from mmfacesr.faces.schemes import five_from_68, flip_indices
from mmfacesr.faces.table import LandmarkError, LandmarkTable


def make_table(**changes: object) -> LandmarkTable:
    """Two rows, with some arrays replaced."""
    rng = np.random.default_rng(0)
    arrays = dict(
        file=np.array(['train/a.jpg', 'é b.png']),
        points=rng.normal(size=(2, 68, 2)).astype(np.float32),
        box=np.float32([[-9, -9, 9, 9]] * 2),
        score=np.array([0.5, np.nan], np.float32),
        sha256=np.array([hashlib.sha256(b'a').hexdigest(), '']),
        size=np.array([[218, 178], [0, 0]], np.int32),
    )
    return LandmarkTable(**{**arrays, **changes})


def test_round_trip(tmp_path: Path) -> None:
    table = make_table()
    table.save(tmp_path / 'new/table.npz')
    again = LandmarkTable.load(tmp_path / 'new/table.npz')
    for name in ('file', 'points', 'box', 'score', 'sha256', 'size'):
        before, after = getattr(table, name), getattr(again, name)
        assert before.dtype == after.dtype
        assert np.array_equal(before, after, equal_nan=name == 'score')
    assert again.scheme == 'ibug68'
    assert 'é b.png' in again and 'b.png' not in again and len(again) == 2
    assert (again.points_of('é b.png') == table.points[1]).all()


def test_numpy_alone_reads_the_file(tmp_path: Path) -> None:
    table = make_table()
    table.save(tmp_path / 'table.npz')
    with np.load(tmp_path / 'table.npz', allow_pickle=False) as data:
        assert set(data.files) == {
            'file',
            'points',
            'box',
            'score',
            'sha256',
            'size',
            'scheme',
        }
        assert str(data['scheme']) == 'ibug68'
        assert (data['points'] == table.points).all()


def test_odd_names_come_back(tmp_path: Path) -> None:
    names = [*ODD_NAMES, UNLISTABLE]
    points = np.zeros((len(names), 68, 2), np.float32)
    LandmarkTable(
        file=np.array(names),
        points=points,
        box=points[:, :2].reshape(-1, 4),
        score=points[:, 0, 0],
        sha256=np.array([''] * len(names)),
    ).save(tmp_path / 'table.npz')
    table = LandmarkTable.load(tmp_path / 'table.npz')
    assert table.file.tolist() == names
    assert [table.row_of(name) for name in names] == list(range(len(names)))


def test_table_without_sizes_is_read(tmp_path: Path) -> None:
    make_table().save(tmp_path / 'new.npz')
    with (
        zipfile.ZipFile(tmp_path / 'new.npz') as new,
        zipfile.ZipFile(tmp_path / 'old.npz', 'w') as old,
    ):
        for name in set(new.namelist()) - {'size.npy'}:
            old.writestr(name, new.read(name))
    table = LandmarkTable.load(tmp_path / 'old.npz')
    assert table.size.tolist() == [[0, 0]] * 2
    table.check_image('train/a.jpg', (9, 9))


def test_another_picture_is_refused() -> None:
    table = make_table()
    table.check_image('train/a.jpg', (218, 178), b'a')
    table.check_image('é b.png', (9, 9), b'what ever')  # nothing known of it
    with pytest.raises(LandmarkError, match='178x109.*178x218.*extract'):
        table.check_image('train/a.jpg', (109, 178))
    with pytest.raises(LandmarkError, match='a.jpg.*changed.*extract'):
        table.check_image('train/a.jpg', (218, 178), b'b')


def test_header_that_claims_any_shape_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'table.npz'
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, dict(descr='<f4', fortran_order=False, shape=(10**15, 68, 2))
    )
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('points.npy', header.getvalue())
    with pytest.raises(ValueError, match='table.npz'):
        LandmarkTable.load(path)


def test_empty_table(tmp_path: Path) -> None:
    make_table(
        file=np.array([], dtype=np.str_),
        points=np.zeros((0, 68, 2), np.float32),
        box=np.zeros((0, 4), np.float32),
        score=np.zeros(0, np.float32),
        sha256=np.array([], dtype=np.str_),
        size=None,
    ).save(tmp_path / 'table.npz')
    assert len(LandmarkTable.load(tmp_path / 'table.npz')) == 0


@pytest.mark.parametrize(
    'changes, message',
    [
        (dict(points=np.zeros((2, 68, 2))), 'points.*float32.*float64'),
        (dict(points=np.zeros((2, 5, 2), np.float32)), r'\(2, 68, 2\).*5'),
        (dict(box=np.zeros((3, 4), np.float32)), 'box'),
        (dict(score=np.zeros((2, 1), np.float32)), 'score'),
        (dict(sha256=np.zeros(2)), 'sha256.*text'),
        (dict(size=np.zeros((2, 2))), r'size.*int32.*float64'),
        (dict(file=np.array(['a', 'a'])), '2 different'),
        (dict(scheme='wflw98'), 'wflw98'),
    ],
)
def test_wrong_arrays_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_table(**changes)


def test_interrupted_save_keeps_the_old_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'table.npz'
    make_table().save(path)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError('disk full')

    monkeypatch.setattr(os, 'replace', fail)
    with pytest.raises(OSError, match='disk full'):
        make_table(score=np.zeros(2, np.float32)).save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ['table.npz']


@pytest.mark.parametrize('damage', ['text', 'truncated', 'flipped', 'npy'])
def test_damaged_file_is_named(tmp_path: Path, damage: str) -> None:
    path = tmp_path / 'table.npz'
    make_table().save(path)
    data = bytearray(path.read_bytes())
    if damage == 'text':
        data = b'file,x0,y0\n'
    elif damage == 'truncated':
        data = data[: len(data) // 2]
    elif damage == 'flipped':
        middle = len(data) // 3
        data[middle : middle + 20] = bytes(
            byte ^ 255 for byte in data[middle : middle + 20]
        )
    path.write_bytes(data)
    if damage == 'npy':
        with open(path, 'wb') as stream:
            np.save(stream, np.zeros(3))
    with pytest.raises(ValueError, match='table.npz'):
        LandmarkTable.load(path)


def test_missing_array_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'table.npz'
    np.savez(path, points=np.zeros((1, 68, 2), np.float32))
    with pytest.raises(ValueError, match='missing.*sha256'):
        LandmarkTable.load(path)


def test_pickled_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / 'table.npz'
    np.savez(path, points=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match='could not read'):
        LandmarkTable.load(path)


def test_five_points_of_68() -> None:
    points = np.arange(68, dtype=float)[:, None] * (1, -1)
    five = five_from_68(points)
    assert five[:, 0].tolist() == [38.5, 44.5, 30, 48, 54]
    assert (five[:, 1] == -five[:, 0]).all()


def test_flip_indices_of_an_unknown_scheme() -> None:
    assert flip_indices(5).tolist() == [1, 0, 2, 4, 3]
    with pytest.raises(ValueError, match='98'):
        flip_indices(98)


def test_characters_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    """Python crashes on them."""
    path = tmp_path / 'landmarks68.npz'
    codes = np.array([0x110000, 0x7FFFFFFF], np.uint32)
    np.savez(path, sha256=codes.view('<U1'))
    with pytest.raises(ValueError, match='`sha256` is damaged'):
        LandmarkTable.load(path)


@pytest.mark.parametrize('header', ['(' * 9000, "{'descr': '<f4'", '[' * 200])
def test_headers_that_numpy_cannot_read_are_named(
    tmp_path: Path, header: str
) -> None:
    path = tmp_path / 'landmarks68.npz'
    size = len(header).to_bytes(2, 'little')
    with zipfile.ZipFile(path, 'w') as archive:
        data = b'\x93NUMPY\1\0' + size + header.encode()
        archive.writestr('points.npy', data)
    with pytest.raises(ValueError, match='could not read it'):
        LandmarkTable.load(path)


def test_tables_that_unpack_to_too_much_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'landmarks68.npz'
    np.savez_compressed(path, points=np.zeros((1000, 68, 2), np.float32))
    monkeypatch.setattr('mmfacesr.faces.npz_files.MAX_BYTES', 500_000)
    with pytest.raises(ValueError, match='unpacks to 544128 bytes'):
        LandmarkTable.load(path)
