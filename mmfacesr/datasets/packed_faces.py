# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A cache of faces that were read, cut out and reduced before."""

import ast
import hashlib
import json
import logging
import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
import PIL
from filelock import AcquireReturnProxy, FileLock, Timeout
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from PIL import features
from tqdm import tqdm

from mmfacesr.datasets.fixed_steps import FixedSteps, run_steps
from mmfacesr.utils import (
    naming_full_disk,
    printable,
    replacing,
    require_writable,
    write_atomic,
)
from mmfacesr.utils.files import FULL
from mmfacesr.version import __version__

ROWS, FACES = 'rows.npy', 'faces.npy'
LOCK = '.lock'
FACTS = '_facts'  # what is no array, as the last field of a face
LAYOUT = 1  # of these two; another one is another cache
TODO, PACKED, NOT_PACKED = range(3)  # states of a row
ROW = np.dtype([('state', 'u1'), ('checksum', '<u4'), ('stamp', '<u8')])
HASH = 8  # bytes of the hashes of names and stamps
KEY = 16  # hex digits in the name of a folder
MOST_FACTS = 1024  # bytes of it, if the first face has not more


class PackedFaces:
    """What the first transforms of a pipeline give, done once.

    These are the steps that give the same each time (:class:`FixedSteps`);
    the others run as always.

    ::

        CACHE_FOLDER/<hash of the settings>/
          settings.json  what that hash is of
          rows.npy       of each face: state, checksum, stamp of its files
          faces.npy      of each face: its arrays, side by side

    Both arrays are memory-mapped and shared by all processes; one of them
    fills rows. A row gets its state after its face, so that work that was
    killed is continued. A face whose files have another size or time of
    change is packed again. The checksum is compared at each use: a face that
    is damaged, lost in a crash of the machine or just being written is read
    from its file, and packed again. Faces that the transforms refuse are not
    packed; the pipeline meets them each time.

    Args:
        cache_folder (str): Folder of all caches; made if missing.
        dataset (BaseDataset): A fully initialized ``FaceFolder``.

    Raises:
        ValueError: If the pipeline does not begin with ``LoadFaceImage``, or
            faces come in several sizes.
        OSError: If the cache cannot be written; a full disk is named.
    """

    def __init__(self, cache_folder: str, dataset: BaseDataset) -> None:
        self._steps = dataset.pipeline.transforms
        self._fixed = FixedSteps(self._steps)
        infos = [_identity(dataset, i) for i in range(len(dataset))]
        names, stamps = np.array(infos, np.uint64).T
        self._names, first = np.unique(names, return_index=True)
        text = json.dumps(self._settings(dataset), indent=2)
        key = hashlib.sha256(text.encode()).hexdigest()[:KEY]
        self.folder = Path(os.path.abspath(Path(cache_folder).expanduser()))
        self.folder /= key
        self._open()
        if len(self._todo(stamps[first])):
            remedy = 'set another cache_folder, or None'
            require_writable(self.folder / ROWS, remedy)
            write_atomic(self.folder / 'settings.json', text.encode())
            with self._locked():
                self._build(dataset, stamps[first], first)
        self._log_missing()

    def __call__(self, info: dict) -> dict | None:
        """Run the pipeline on a face, packed or not.

        Args:
            info (dict): From ``FaceFolder.get_data_info``.

        Returns:
            dict | None: What ``FaceFolder.pipeline`` returns, to the bit.
        """
        results = self._unpack(info)
        if results is None:
            return run_steps(self._steps, info)
        return run_steps(self._fixed.rest, results)

    def __getstate__(self) -> dict:
        """Leave the arrays where they are: a copy opens them again."""
        return {**self.__dict__, '_rows': None, '_faces': None}

    def __setstate__(self, state: dict) -> None:
        self.__dict__.update(state)
        self._open()

    def _settings(self, dataset: BaseDataset) -> dict[str, Any]:
        """All that the content depends on, but for the files of faces."""
        steps, landmarks = self._fixed.describe(), None
        table = Path(dataset.landmark_table or '')
        if table.is_file() and any('LoadLandmarks' in step for step in steps):
            landmarks = hashlib.sha256(table.read_bytes()).hexdigest()
        return dict(
            data_root=dataset.data_root,
            lr_folder=dataset.lr_folder,
            crop_size=dataset.crop_size,
            num_faces=len(self._names),
            faces=hashlib.sha256(self._names.tobytes()).hexdigest(),
            landmarks=landmarks,
            steps=steps,
            code=self._fixed.hash_code(),
            versions=dict(
                mmfacesr=__version__,
                layout=LAYOUT,
                mmcv=mmcv.__version__,
                opencv=cv2.__version__,
                Pillow=PIL.__version__,
                libjpeg=features.version('libjpeg_turbo'),
            ),
        )

    def _open(self) -> None:
        """Map what there is; rows of a cache that is not there are to do."""
        count = len(self._names)
        self._rows = _mapped(self.folder / ROWS, count)
        self._faces = _mapped(self.folder / FACES, count)
        self._is_new = (
            self._faces is None
            or self._rows is None
            or self._rows.dtype != ROW
        )
        if self._is_new:
            self._rows, self._faces = np.zeros(count, ROW), None

    def _todo(self, stamps: np.ndarray) -> np.ndarray:
        """Rows that are not done, or not of the files there are now."""
        is_done = self._rows['state'] != TODO
        return np.flatnonzero(~is_done | (self._rows['stamp'] != stamps))

    def _locked(self) -> AcquireReturnProxy:
        """Keep other processes from writing."""
        lock = FileLock(self.folder / LOCK)
        with suppress(Timeout):
            return lock.acquire(timeout=0)
        print_log(
            f'Waiting for another process that fills {printable(self.folder)}',
            'current',
        )
        return lock.acquire()

    def _build(
        self, dataset: BaseDataset, stamps: np.ndarray, first: np.ndarray
    ) -> None:
        """Fill the rows that another process has not filled meanwhile."""
        self._open()
        if self._is_new:
            (self.folder / FACES).unlink(missing_ok=True)
            self._rows = self._create(ROWS, ROW)
        todo = self._todo(stamps)
        if not len(todo):
            return
        print_log(
            f'Packing {len(todo)} of {len(stamps)} faces into '
            f'{printable(self.folder)}',
            'current',
        )
        for row in tqdm(todo, desc='packing', unit='face', disable=None):
            self._pack(row, dataset.get_data_info(int(first[row])))

    def _pack(self, row: int, info: dict) -> None:
        """Fill one row."""
        stamp = _stamp(info)  # of before it is read
        state, checksum = NOT_PACKED, 0
        record = self._record(info)
        if record is not None:
            if self._faces is None:
                self._faces = self._create(FACES, record.dtype)
            self._check_layout(record, info)
            state, checksum = PACKED, _checksum(record)
            self._write(FACES, row, record)
        entry = np.array((state, checksum, stamp), ROW)
        self._write(ROWS, row, entry)  # last: the face is there

    def _record(self, info: dict) -> np.ndarray | None:
        """The content of a row; None if the face is not packed."""
        found = self._fixed(info)
        if found is None:
            return None
        arrays = {k: v for k, v in found.items() if isinstance(v, np.ndarray)}
        facts = {k: v for k, v in found.items() if k not in arrays}
        text = repr(facts).encode()
        layout = [(k, v.dtype, v.shape) for k, v in arrays.items()]
        layout.append((FACTS, f'S{max(len(text), MOST_FACTS)}'))
        return np.array((*arrays.values(), text), layout)

    def _check_layout(self, record: np.ndarray, info: dict) -> None:
        """Refuse faces of several sizes."""
        if record.dtype != self._faces.dtype:
            raise ValueError(
                'Expected faces of one size for the cache, got '
                f'{_sizes(self._faces.dtype)} and {_sizes(record.dtype)} of '
                f'{printable(info["file"])}; put ResizeFace into the pipeline '
                'before random transforms, or set cache_folder=None for this '
                'dataset.'
            )

    def _create(self, name: str, dtype: np.dtype) -> np.ndarray:
        """Make an array of zeros with all its bytes on the disk; map it."""
        path, count = self.folder / name, len(self._names)
        header = dict(
            descr=np.lib.format.dtype_to_descr(dtype),
            fortran_order=False,
            shape=(count,),
        )
        with replacing(path) as temporary, temporary.open('r+b') as file:
            np.lib.format.write_array_header_2_0(file, header)
            size = file.tell() + count * dtype.itemsize
            file.truncate(size)
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError as error:  # not every file system can
                if error.errno in FULL:
                    raise
        return _mapped(path, count)

    def _write(self, name: str, row: int, value: np.ndarray) -> None:
        """Write one row to a file. On a full disk a map would be a crash."""
        path = self.folder / name
        with naming_full_disk(path), path.open('r+b') as file:
            after = len(self._names) - int(row)
            file.seek(-after * value.dtype.itemsize, os.SEEK_END)
            file.write(value.tobytes())

    def _unpack(self, info: dict) -> dict | None:
        """Add to a sample what its row holds; None if it is not packed."""
        name = np.uint64(_hash(_paths(info)))
        row = min(np.searchsorted(self._names, name), len(self._names) - 1)
        is_packed = self._rows[row]['state'] == PACKED
        # A dataset that was enlarged later may have faces without a row.
        if self._names[row] != name or not is_packed or self._faces is None:
            return None
        record = self._faces[row].copy()
        if _checksum(record) != self._rows[row]['checksum']:
            self._mend(row, info)
            return None
        for key in record.dtype.names[:-1]:
            info[key] = record[key].copy()
        info.update(_read_facts(bytes(record[FACTS])))
        return info

    def _mend(self, row: int, info: dict) -> None:
        """Pack a damaged face again, if no other process is writing."""
        print_log(
            f'{printable(info["file"])} is damaged in the cache '
            f'{printable(self.folder)}. It is read from its file and packed '
            'again; if that is said again, remove the cache.',
            'current',
            logging.WARNING,
        )
        lock = FileLock(self.folder / LOCK)
        with suppress(OSError, ValueError), lock.acquire(timeout=0):
            self._pack(row, info)

    def _log_missing(self) -> None:
        """Say how many faces are not packed."""
        missing = int((self._rows['state'] != PACKED).sum())
        if missing:
            print_log(
                f'{missing} of {len(self._rows)} faces are not in the cache '
                f'{printable(self.folder)}: the transforms refuse them, or '
                'mirror and reduction do not commute.',
                'current',
                logging.WARNING,
            )


def _paths(info: dict) -> list[str]:
    """Files that a sample is made of."""
    return [info[k] for k in ('gt_path', 'img_path') if k in info]


def _hash(texts: Sequence[str]) -> int:
    """A 64-bit hash of some texts."""
    data = os.fsencode('\0'.join(texts))
    digest = hashlib.blake2b(data, digest_size=HASH).digest()
    return int.from_bytes(digest, 'little')


def _stamp(info: dict) -> int:
    """A hash of sizes and times of change of the files of a sample."""
    texts = []
    for path in _paths(info):
        with suppress(OSError):  # the pipeline says what is wrong with it
            found = os.stat(path)
            texts.append(f'{path}:{found.st_size}:{found.st_mtime_ns}')
    return _hash(texts)


def _identity(dataset: BaseDataset, index: int) -> tuple[int, int]:
    """Hash of the name, and stamp."""
    info = dataset.get_data_info(index)
    return _hash(_paths(info)), _stamp(info)


def _checksum(record: np.ndarray) -> int:
    """CRC-32 of the layout and the content of a row."""
    return zlib.crc32(record.tobytes(), _layout_checksum(record.dtype))


@lru_cache(16)
def _layout_checksum(dtype: np.dtype) -> int:
    """CRC-32 of what is written in the head of the file."""
    return zlib.crc32(repr(dtype.descr).encode())


def _sizes(dtype: np.dtype) -> str:
    """The arrays of a row and their sizes, for people."""
    return ', '.join(f'{k} {dtype[k].shape}' for k in dtype.names[:-1])


@lru_cache(4096)
def _read_facts(text: bytes) -> dict[str, Any]:
    """What is no array, from its text; the caller does not change it."""
    return ast.literal_eval(text.decode())


def _mapped(path: Path, count: int) -> np.ndarray | None:
    """Map an array with a row for each face; None if there is none."""
    try:
        array = np.load(path, mmap_mode='r', allow_pickle=False)
    except Exception:  # a damaged header raises many kinds
        return None
    is_ours = array.shape == (count,) and array.dtype.names is not None
    return np.asarray(array) if is_ours else None
