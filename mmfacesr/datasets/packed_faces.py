# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A cache of faces that were read, cut out and reduced before."""

import ast
import errno
import hashlib
import json
import logging
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path

import lmdb
import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from safetensors.numpy import load, save
from tqdm import tqdm

from mmfacesr.datasets.fixed_steps import FixedSteps
from mmfacesr.utils import naming_full_disk, printable, write_atomic

BATCH = 64  # faces of a transaction: what a kill loses
# Bytes at first, doubled when they are full; processes at the same time.
OPTIONS = dict(map_size=2**30, max_readers=1024, readahead=False)
ROOM = 2**20  # bytes; a disk with fewer is full
FACTS, CRC = '_facts', 4  # name of what is no array, bytes of a checksum
_read = lru_cache(4096)(ast.literal_eval)  # nobody changes what it gives


class PackedFaces:
    """What the first transforms of a pipeline give, done once.

    These are the steps without chance (:class:`FixedSteps`); the others run
    as always. ``CACHE_FOLDER/<hash of the settings>/`` is an LMDB environment
    with ``settings.json`` for people. The key of a face is a hash of its
    files, sizes and times of change; old entries stay. A damaged entry is
    packed again. One of a face that the transforms refuse is empty.

    Args:
        cache_folder (str): Folder of all caches; made if missing.
        dataset (BaseDataset): A fully initialized ``FaceFolder``.

    Raises:
        ValueError: If the pipeline does not begin with ``LoadFaceImage``.
        OSError: If the cache cannot be used; a full disk is named.
    """

    def __init__(self, cache_folder: str, dataset: BaseDataset) -> None:
        self._pipeline = dataset.pipeline
        self._fixed = FixedSteps(dataset.pipeline.transforms)
        settings = json.dumps(self._fixed.describe(dataset), indent=2).encode()
        name = hashlib.sha256(settings).hexdigest()
        self.folder = Path(cache_folder).expanduser().resolve() / name
        if not (self.folder / 'settings.json').exists():
            write_atomic(self.folder / 'settings.json', settings)
        with _clear_errors(self.folder):
            self._fill(dataset)

    def __call__(self, info: dict) -> dict | None:
        """Run the pipeline on a face, packed or not.

        Args:
            info (dict): From ``FaceFolder.get_data_info``.

        Returns:
            dict | None: What ``FaceFolder.pipeline`` returns, to the bit.
        """
        key, found = _key(info), None
        with _clear_errors(self.folder), self._begin() as txn:
            if entry := txn.get(key):
                found = _unpack(entry)
        if found:
            return self._fixed.rest({**info, **found})
        if found is not None:
            text = f'Packing again {info["file"]}, damaged in {self.folder}'
            print_log(printable(text), 'current', logging.WARNING)
            with suppress(lmdb.Error), self._begin(write=True) as txn:
                txn.put(key, _pack(self._fixed(info)))
        return self._pipeline(info)

    def _begin(self, write: bool = False) -> lmdb.Transaction:
        """Start a transaction; one that writes waits for other processes."""
        try:
            return _open(self.folder).begin(write=write, buffers=True)
        except lmdb.MapResizedError:  # another process has added faces
            _open(self.folder).set_mapsize(0)
            return self._begin(write)

    def _fill(self, dataset: BaseDataset) -> None:
        """Make the entries that are missing."""
        keys = (_key(dataset.get_data_info(i)) for i in range(len(dataset)))
        with self._begin() as txn:
            todo = [i for i, key in enumerate(keys) if txn.get(key) is None]
        if todo:
            what = f'{len(todo)} of {len(dataset)} faces into {self.folder}'
            print_log(f'Packing {printable(what)}', 'current')
        for start in tqdm(range(0, len(todo), BATCH), 'batches', disable=None):
            self._add(dataset, todo[start : start + BATCH])

    def _add(self, dataset: BaseDataset, indices: list[int]) -> None:
        """Make entries that no other process made meanwhile."""
        try:
            with self._begin(write=True) as txn:
                for info in map(dataset.get_data_info, indices):
                    key = _key(info)  # of before it is read
                    if txn.get(key) is None:
                        txn.put(key, _pack(self._fixed(info)))
        except lmdb.MapFullError:
            size = _open(self.folder).info()['map_size']
            _open(self.folder).set_mapsize(2 * size)
            self._add(dataset, indices)


@cache
def _open(folder: Path) -> lmdb.Environment:
    """Open an environment, once in a process as LMDB wants it."""
    is_fixed = not os.access(folder, os.W_OK)
    return lmdb.open(str(folder), readonly=is_fixed, **OPTIONS)


os.register_at_fork(before=_open.cache_clear)  # closes them: none may be open


@contextmanager
def _clear_errors(folder: Path) -> Iterator[None]:
    """Say what LMDB could not do; it calls a full disk an I/O error."""
    with naming_full_disk(folder):
        try:
            yield
        except lmdb.Error as error:
            if shutil.disk_usage(folder).free < ROOM:
                raise OSError(errno.ENOSPC, str(error)) from error
            raise OSError(
                f'Expected a cache in {printable(folder)}, got {error}; '
                'remove it, or set another cache_folder, on a local disk.'
            ) from error


def _key(info: dict) -> bytes:
    """Hash the files of a sample: paths, sizes and times of change."""
    known = [info[name] for name in ('gt_path', 'img_path') if name in info]
    with suppress(OSError):  # the pipeline says what is wrong with a file
        known += [(s.st_size, s.st_mtime_ns) for s in map(os.stat, known)]
    return hashlib.sha256(repr(known).encode()).digest()


def _pack(found: dict | None) -> bytes:
    """Make an entry; an empty one of what the steps refuse."""
    if found is None:
        return b''
    arrays = {k: v for k, v in found.items() if isinstance(v, np.ndarray)}
    facts = {k: v for k, v in found.items() if k not in arrays}
    arrays[FACTS] = np.frombuffer(repr(facts).encode(), np.uint8)
    # save() would not keep the order of other arrays.
    data = save({k: np.array(v, order='C') for k, v in arrays.items()})
    return zlib.crc32(data).to_bytes(CRC, 'little') + data


def _unpack(entry: memoryview) -> dict:
    """Copy what an entry holds; nothing if it is damaged."""
    if zlib.crc32(entry[CRC:]) != int.from_bytes(entry[:CRC], 'little'):
        return {}
    found = load(bytes(entry[CRC:]))
    return {**_read(found.pop(FACTS).tobytes().decode()), **found}
