# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files of NumPy arrays, also damaged ones and those of strangers."""

import io
import os
import sys
import zipfile
from collections.abc import Sequence

import numpy as np

MAX_BYTES = 1 << 31
"""Largest content of a file: a million images with long names fit."""


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """The ``.npz`` file of arrays; np.savez cannot take one named file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, 'w', zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            with archive.open(f'{name}.npy', 'w', force_zip64=True) as stream:
                np.lib.format.write_array(stream, array, allow_pickle=False)
    return buffer.getvalue()


def read_npz(
    path: str | os.PathLike, names: Sequence[str]
) -> dict[str, np.ndarray]:
    """Read arrays of a file that others may have written.

    Args:
        path (str | os.PathLike): The ``.npz`` file.
        names (Sequence[str]): Arrays to read, as far as they are there.

    Raises:
        Exception: Of nearly any kind, if it is something else.
    """
    if not zipfile.is_zipfile(path):
        raise zipfile.BadZipFile('it is no .npz archive')
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f'it unpacks to {size} bytes, over {MAX_BYTES}')
    with np.load(path, allow_pickle=False) as data:
        arrays = {name: data[name] for name in names if name in data}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray) or not _holds_text(array):
            raise ValueError(f'`{name}` is damaged')
    return arrays


def _holds_text(array: np.ndarray) -> bool:
    """Whether text is of characters that exist; True for numbers.

    NumPy does not look, and Python may crash on others.
    """
    if array.dtype.kind != 'U' or not array.nbytes:
        return True
    codes = np.dtype(np.uint32).newbyteorder(array.dtype.byteorder)
    flat = np.ascontiguousarray(array).reshape(-1)
    return bool(flat.view(codes).max() <= sys.maxunicode)
