# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The outside of files of torch.save: zip archives, and pickles in a row.

torch trusts what such a file says of itself; both are checked here first.
"""

import io
import mmap
import re
import zipfile
from pathlib import Path

import torch

from mmfacesr.weights.file_kinds import ANOTHER_FILE, FormatError
from mmfacesr.weights.pickle_scan import Scan, scan_pickle
from mmfacesr.weights.pickle_values import StorageClaim, Value
from mmfacesr.weights.pickled_objects import scan_objects

# As torch's reader takes them: letter by letter, without a way to write one
# name in two manners.
PLAIN_NAME = re.compile(r'[\x21-\x7e][\x20-\x7e]*')
PICKLE = 'data.pkl'
LENGTH_SIZE = 8
MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
RECORDS = {
    'constants.pkl': 'a TorchScript archive, which is code',
    'saved_model.pb': 'a model of TensorFlow',
    'model.weights.h5': 'a model of Keras',
}


def check_archive(path: Path) -> Scan:
    """Check a zip archive of torch.save for torch.load with ``mmap``.

    Args:
        path (Path): The archive.

    Returns:
        Scan: Of its pickle; each storage is there. With objects in it, it is
        nothing for torch.load.

    Raises:
        FormatError: If it is damaged, is none of torch.save's, or may do harm.
        zipfile.BadZipFile: If it is damaged, too.
    """
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        top = _check_is_torch([entry.orig_filename for entry in entries])
        _check_entries(entries, path.stat().st_size)
        sizes = {e.filename.removeprefix(top): e.file_size for e in entries}
        damaged = archive.testzip()
        if damaged is not None:
            raise FormatError(
                f'another checksum of {damaged}',
                'it is damaged: fetch it again (or it was saved with '
                'torch.serialization.set_crc32_options(False): save it '
                'without that)',
            )
        content = archive.read(top + PICKLE)
    # An archive can be made that looks different to two readers.
    if torch._C.PyTorchFileReader(str(path)).get_record(PICKLE) != content:
        raise FormatError('an ambiguous zip archive')
    found = scan_objects(io.BytesIO(content))
    for key, claim in found.storages.items():
        if sizes.get(f'data/{key}') != claim.nbytes:
            raise FormatError(
                f'{sizes.get(f"data/{key}", "no")} bytes of storage '
                f'{key!r} instead of {claim.nbytes}'
            )
    return found


def _check_is_torch(names: list[str]) -> str:
    """Return the one folder that all entries are in, a pickle among them."""
    if not names or not all(PLAIN_NAME.fullmatch(name) for name in names):
        raise FormatError('a zip archive with unreadable names')
    top = names[0].split('/')[0] + '/'
    for record, what in RECORDS.items():
        if record in names or top + record in names:
            raise FormatError(what, ANOTHER_FILE)
    if all(name.endswith('.npy') for name in names):
        raise FormatError('an archive of NumPy arrays (.npz)', ANOTHER_FILE)
    if top + PICKLE not in names:
        raise FormatError(
            'a zip archive that torch.save did not write',
            'unpack it if the file of weights is inside',
        )
    if not all(name.startswith(top) for name in names):
        raise FormatError('a zip archive of several folders')
    return top


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Check that entries lie in the file as they are, each once."""
    # torch's reader does not tell capital letters from small ones.
    names = {entry.filename.lower() for entry in entries}
    if len(names) < len(entries):
        raise FormatError('a zip archive with two entries of one name')
    if any(e.compress_type != zipfile.ZIP_STORED for e in entries):
        raise FormatError(
            'a zip archive with compressed entries, which torch.save does '
            'not write',
            'fetch the original again',
        )
    if sum(entry.file_size for entry in entries) > size:
        raise FormatError('a zip archive whose entries are larger than itself')


def check_pickles(stream: mmap.mmap) -> tuple[Scan, dict[str, int]]:
    """Check a file of torch.save before 1.6.

    Five pickles in a row: a magic number, a version, the system, the content
    and the names of the storages. Then each storage with its length.

    Args:
        stream (mmap.mmap): The whole file; stands at its beginning again
            afterwards.

    Returns:
        tuple[Scan, dict[str, int]]: Of the content, as of
        :func:`check_archive`, and where each storage begins.

    Raises:
        FormatError: If it is damaged, or may do harm.
    """
    # The first one may be the whole of another file.
    if scan_objects(stream).value.known != MAGIC_NUMBER:
        raise FormatError(
            'a Python pickle that torch.save did not write',
            'save a state dict with torch.save',
        )
    if scan_pickle(stream).value.known != PROTOCOL_VERSION:
        raise FormatError('an unknown version of the format of torch.save')
    scan_pickle(stream)
    found = scan_objects(stream)
    storages = found.storages
    keys = [item.known for item in _strings(scan_pickle(stream).value)]
    if sorted(keys) != sorted(storages):
        raise FormatError('storages that the content does not fit')
    places = {key: _skip_storage(stream, storages[key]) for key in keys}
    if stream.tell() != len(stream):
        raise FormatError('bytes behind the last storage')
    stream.seek(0)
    return found, places


def _strings(value: Value) -> list[Value]:
    """Return the strings in a list."""
    if value.kind != 'list' or any(v.kind != 'str' for v in value.items):
        raise FormatError('no list of storages')
    return list(value.items)


def _skip_storage(stream: mmap.mmap, claim: StorageClaim) -> int:
    """Go behind a storage, as long as the content says; return its place."""
    numel = int.from_bytes(stream.read(LENGTH_SIZE), 'little')
    left = len(stream) - stream.tell()
    if numel != claim.numel or claim.nbytes > left:
        raise FormatError(
            f'{left} bytes where storage {claim.key!r} of {claim.nbytes} '
            'should be'
        )
    place = stream.tell()
    stream.seek(claim.nbytes, 1)
    return place
