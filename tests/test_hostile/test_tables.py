# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Landmark tables that are damaged, or lie about what they hold."""

import io
import random
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from hostile import Trial, mutate

from mmfacesr.faces.npz_files import MAX_BYTES
from mmfacesr.faces.table import LandmarkTable

COUNT = 3
ARRAYS = dict(
    file=np.array([f'{i}.png' for i in range(COUNT)]),
    points=np.zeros((COUNT, 68, 2), np.float32),
    box=np.ones((COUNT, 4), np.float32),
    score=np.ones(COUNT, np.float32),
    sha256=np.array(['a' * 64] * COUNT),
    size=np.ones((COUNT, 2), np.int32),
    scheme=np.array('ibug68'),
)
CLAIMS = (0, 1, 3, 1 << 20, 1 << 33, 1 << 62, -1, 10**30)
TYPES = ('<f4', '<f8', '|O', '<U1', '<U4294967', '|V0', 'M8[ns]', '<c16')


def npy(array: np.ndarray) -> bytes:
    """An array as a file."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def lying(chance: random.Random) -> bytes:
    """An array whose header says what it likes."""
    shape = tuple(
        chance.choice(CLAIMS) for _ in range(chance.choice((0, 1, 2, 3, 40)))
    )
    kind = chance.choice(TYPES)
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}"
    if chance.random() < 0.3:
        head = chance.choice(('(' * 9000, '[' * 200, 'L' * 9, '"', '{1:2', ''))
    text = head.encode() + b'\n'
    return b'\x93NUMPY\1\0' + len(text).to_bytes(2, 'little') + text


def arrays_of(chance: random.Random) -> tuple[str, dict[str, bytes]]:
    """Kind of damage and files of a table."""
    files = {name: npy(array) for name, array in ARRAYS.items()}
    name = chance.choice(sorted(files))
    match chance.randrange(5):
        case 0:
            files[name] = lying(chance)
            return 'header', files
        case 1:
            other = chance.choice(sorted(files))
            files[name] = files[other]
            return 'exchanged', files
        case 2:
            del files[name]
            return 'missing', files
        case 3:
            files[name] = npy(np.array([print, {}], object))
            return 'objects', files
    kind, files[name] = mutate(files[name], chance, files['points'])
    return f'{kind} in array', files


def bomb(chance: random.Random) -> bytes:
    """Zeros that are packed well, of any array."""
    files = {name: npy(array) for name, array in ARRAYS.items()}
    name = chance.choice(sorted(files))
    descr = '<U99' if ARRAYS[name].dtype.kind == 'U' else '<f4'
    row = dict(points=(68, 2), box=(4,)).get(name, ())
    size = chance.choice((1 << 28, MAX_BYTES + 1))
    rows = size // int(np.prod(row)) // np.dtype(descr).itemsize + 1
    shape = (rows, *row)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        for key, data in files.items():
            with archive.open(f'{key}.npy', 'w', force_zip64=True) as file:
                if key != name:
                    file.write(data)
                    continue
                head = dict(descr=descr, fortran_order=False, shape=shape)
                np.lib.format.write_array_header_1_0(file, head)
                left = int(np.prod(shape)) * np.dtype(descr).itemsize
                for _ in range(-(-left >> 24)):
                    file.write(bytes(min(left, 1 << 24)))
                    left -= 1 << 24
    return buffer.getvalue()


def packed(files: dict[str, bytes], chance: random.Random) -> bytes:
    """The archive of some files."""
    buffer = io.BytesIO()
    kind = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(buffer, 'w', kind) as archive:
        for name, data in files.items():
            archive.writestr(f'{name}.npy', data)
    return buffer.getvalue()


def table(seed: int, trial: Trial) -> None:
    """One table, read and asked."""
    chance = random.Random(f'table {seed}')
    kind, files = arrays_of(chance)
    data = packed(files, chance)
    if seed % 2:
        whole = {name: npy(array) for name, array in ARRAYS.items()}
        kind, data = mutate(packed(whole, chance), chance, data)
    path = trial.inputs / 'landmarks68.npz'
    path.write_bytes(data)

    def ask() -> None:
        found = LandmarkTable.load(path)
        found.save(trial.out / 'again.npz')
        for file in found.file.tolist():
            found.check_image(file, (1, 1), b'x')
            found.points_of(file)

    trial(kind, ask)


def large(seed: int, trial: Trial) -> None:
    """A bomb of an archive."""
    path = trial.inputs / 'landmarks68.npz'
    path.write_bytes(bomb(random.Random(f'bomb {seed}')))
    trial('bomb', lambda: LandmarkTable.load(path))


def test_tables_shortly(endure: Callable) -> None:
    endure(table, 60, 60, 'tables')


@pytest.mark.slow
def test_tables(endure: Callable) -> None:
    endure(table, 11_994, 11_994, 'tables')


@pytest.mark.slow
def test_bombs_of_tables(endure: Callable) -> None:
    endure(large, 6, 6, 'bombs of tables')
