# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading files of weights without running any code in them."""

import functools
import io
import mmap
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mmfacesr.weights import WeightsError, say
from mmfacesr.weights.pickles import (
    FETCH_AGAIN,
    SAVE_PLAINLY,
    FormatError,
    Inert,
    Unpickler,
)

# Of these very types; a bool is an int and a torch.Size a tuple, but listed.
PLAIN_TYPES = frozenset(
    {type(None), bool, int, float, complex, str, bytes, bytearray}
    | {torch.dtype, torch.device}
)
MAX_DEPTH = 64
MAX_ENTRIES = 1_000_000
NUM_NAMED = 4
ANOTHER_FILE = 'give the file of weights itself'
# How files begin that people take for weights, what they are, what to do.
STRANGERS = (
    (b'', 'an empty file', FETCH_AGAIN),
    (bytes(8), 'a file that begins with zeros', FETCH_AGAIN),
    (b'<', 'a web page', 'fetch the file behind the link of the page'),
    (b'version https://git-lfs', 'a pointer of git-lfs', 'run `git lfs pull`'),
    (b'\x89HDF', 'an HDF5 file, as Keras writes', ANOTHER_FILE),
    (b'\x93NUMPY', 'a NumPy array', ANOTHER_FILE),
    (b'\x1f\x8b', 'a gzip archive', 'unpack it'),
    (b'\x08', 'a protobuf file, such as an ONNX model', ANOTHER_FILE),
    (b'PK', 'an empty or divided zip archive', ANOTHER_FILE),
)
MODULE_PARTS = ('_parameters', '_buffers', '_modules')
HEAD_SIZE, LENGTH_SIZE = 512, 8
PICKLE = 'data.pkl'
RECORDS = {
    'constants.pkl': 'a TorchScript archive, which is code',
    '.npy': 'an archive of NumPy arrays (.npz)',
}
MAGIC_NUMBER, VERSION = 0x1950A86A20F9469CFC6C, 1001


def read_weights_file(path: str | Path) -> Mapping:
    """Read a checkpoint without running any code in it.

    The format is told by the content: torch.save's of any version since
    0.1.10, or safetensors. NumPy's numbers become Python's.

    Where there are objects beside the tensors (log histories in a checkpoint
    of training, a module that was pickled whole) the tensors alone are
    returned, and the log says so: no training can be resumed from that.

    Args:
        path (str | Path): File written by `torch.save` or safetensors.

    Returns:
        Mapping: The content: dense tensors on the CPU and plain values, in
        dicts, lists, tuples and sets without cycles.

    Raises:
        WeightsError: If the file is missing, is no checkpoint, is damaged,
            holds objects and no tensors, or names functions of Python.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise WeightsError(
            f'Expected a file of weights at {path}, found none; check the '
            'path.'
        )
    try:
        return _plain(_reader(path)(path), path)
    # A damaged file can raise nearly anything, also what Rust calls a panic,
    # which is no Exception.
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        if not isinstance(error, FormatError):
            line = (str(error).strip().splitlines() or ['no message'])[0]
            error = FormatError(f'{type(error).__name__}: {line}')
        raise WeightsError(
            f'Expected {path} to be a checkpoint of tensors, got {error}; '
            f'{error.remedy}.'
        ) from error


def _reader(path: Path) -> Callable[[Path], Any]:
    """Choose what reads a file, by its content."""
    with path.open('rb') as file:
        head = file.read(HEAD_SIZE)
    if head.startswith(b'PK\x03\x04'):
        return _read_archive
    if head.startswith(b'\x80'):
        return _read_pickles
    # The length of the header, and the header: a JSON object.
    if head[LENGTH_SIZE:].startswith(b'{'):
        return _read_safetensors
    for start, what, remedy in STRANGERS:
        if head.lstrip().startswith(start) if start else not head:
            raise FormatError(what, remedy)
    raise FormatError(
        f'something unknown that begins with {head[:16]!r}',
        'give a file of torch.save or safetensors, or fetch it again',
    )


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    return load_file(str(path), device='cpu')


def _read_archive(path: Path) -> Any:
    """Read what torch.save has written since 1.6: an uncompressed zip."""
    with zipfile.ZipFile(path) as archive:
        entries = _checked_entries(archive, path.stat().st_size)
        if 'byteorder' in entries:
            order = archive.read(entries['byteorder'])
            if order != b'little':
                raise FormatError(
                    f'numbers in the order {order!r}', SAVE_PLAINLY
                )

        @functools.cache
        def read(key: str) -> Tensor:  # zipfile compares the checksum
            data = archive.read(entries[f'data/{key}'])
            return torch.frombuffer(bytearray(data), dtype=torch.uint8)

        def find_storage(key: str, dtype: torch.dtype, numel: int) -> Tensor:
            entry = entries.get(f'data/{key}')
            _check_size(entry and entry.file_size, numel * dtype.itemsize)
            return (
                read(key).view(dtype) if numel else torch.empty(0, dtype=dtype)
            )

        content = archive.read(entries[PICKLE])
        return Unpickler(
            io.BytesIO(content), len(content), find_storage
        ).load()


def _checked_entries(
    archive: zipfile.ZipFile, size: int
) -> dict[str, zipfile.ZipInfo]:
    """Return the entries below the one folder that all are in."""
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    top = names[0].split('/')[0] + '/' if names else ''
    for record, what in RECORDS.items():
        if any(name.endswith(record) for name in names):
            raise FormatError(what, ANOTHER_FILE)
    if top + PICKLE not in names:
        raise FormatError(
            'a zip archive that torch.save did not write',
            'unpack it if the file of weights is inside',
        )
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
        raise FormatError(
            'a zip archive with compressed entries', 'fetch the original again'
        )
    # Another reader would find something else in it, or too much.
    if (
        len({name.lower() for name in names}) < len(names)
        or not all(name.startswith(top) for name in names)
        or min(entry.header_offset for entry in entries)
        or sum(entry.file_size for entry in entries) > size
    ):
        raise FormatError('an ambiguous zip archive')
    return {entry.filename.removeprefix(top): entry for entry in entries}


def _check_size(found: int | None, wanted: int) -> None:
    """Compare what there is of a storage with what there should be."""
    if found != wanted:
        raise FormatError(
            f'a storage of size {found or 0} instead of {wanted}'
        )


def _read_pickles(path: Path) -> Any:
    """Read what torch.save wrote before 1.6.

    Five pickles in a row: a magic number, a version, the system, the content
    and the keys of the storages. Then each storage behind its length.
    """
    data: dict[str, Tensor] = {}  # without values at first
    with (
        path.open('rb') as file,
        # Mapped, so that reading allocates no more than there is.
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream,
    ):
        left = len(stream)

        def find_storage(key: str, dtype: torch.dtype, numel: int) -> Tensor:
            nonlocal left
            if key not in data:
                left -= numel * dtype.itemsize
                if left < 0:
                    raise FormatError('storages larger than the file')
                data[key] = torch.empty(numel, dtype=dtype)
            if data[key].dtype != dtype or len(data[key]) != numel:
                raise FormatError('a storage of two sizes')
            return data[key]

        def load() -> Any:
            return Unpickler(stream, len(stream), find_storage).load()

        if load() != MAGIC_NUMBER or load() != VERSION:
            raise FormatError(
                'a Python pickle that torch.save did not write', SAVE_PLAINLY
            )
        load()
        content, keys = load(), load()
        if type(keys) is not list or sorted(keys) != sorted(data):
            raise FormatError('storages that the content does not fit')
        for key in keys:
            _fill(data[key], stream)
        if stream.tell() != len(stream):
            raise FormatError('bytes behind the last storage')
    return content


def _fill(storage: Tensor, stream: mmap.mmap) -> None:
    """Read the values of a storage, which their number stands before."""
    numel = int.from_bytes(stream.read(LENGTH_SIZE), 'little')
    _check_size(numel, len(storage))
    values = storage.view(torch.uint8)
    found = stream.read(len(values))
    _check_size(len(found), len(values))
    memoryview(values.numpy())[:] = found


def _plain(content: Any, path: Path) -> Mapping:
    """Return what is tensors and plain values; say what is left out."""
    objects = _objects(content, path.stat().st_size)
    if objects:
        shown = ', '.join(objects[:NUM_NAMED])
        shown += ', ...' if len(objects) > NUM_NAMED else ''
        content = _tensors_alone(content)
        _objects(content, path.stat().st_size)
        if not content:
            raise FormatError(
                f'objects ({shown}) and no tensors under names',
                'give a file of weights',
            )
        say(
            f'{path} holds objects ({shown}) beside its tensors; they were '
            'left out, none of their code was run.'
        )
    if not isinstance(content, Mapping):
        raise FormatError(f'a {type(content).__name__}', SAVE_PLAINLY)
    return content


def _objects(content: Any, size: int) -> list[str]:
    """Check values from a file of a size; list what is not plain."""
    names, count, waiting = {}, 0, [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        parts: Collection = ()
        if isinstance(value, Mapping):
            more = getattr(value, '_metadata', None)
            parts = [*value, *value.values(), more]
        elif isinstance(value, (list, tuple, set)):
            parts = value
        elif isinstance(value, Tensor):
            if value.numel() * value.element_size() > size:
                raise FormatError(
                    'a tensor larger than the file, one value for many '
                    'elements',
                    'save a contiguous copy of it',
                )
        elif type(value) not in PLAIN_TYPES:
            names[getattr(value, 'name', type(value).__name__)] = None
        count += len(parts)
        _check_bounds(count, depth)
        waiting.extend((part, depth + 1) for part in parts)
    return list(names)


def _check_bounds(count: int, depth: int) -> None:
    """Refuse what contains itself, or something again and again."""
    if count > MAX_ENTRIES or depth > MAX_DEPTH:
        raise FormatError(
            f'more than {MAX_ENTRIES} entries or {MAX_DEPTH} levels',
            SAVE_PLAINLY,
        )


def _tensors_alone(content: Any) -> dict:
    """Return the tensors in dicts, and in what stands for modules.

    A module becomes nested dicts whose dotted keys are its state dict's.
    """
    count = 0

    def tensors_of(value: Any, depth: int) -> dict:
        nonlocal count
        if type(value) is Inert:
            value = _parts_of_module(value)
        if not isinstance(value, Mapping):
            return {}
        count += len(value)
        _check_bounds(count, depth)
        found = {}
        for key, item in value.items():
            if isinstance(item, Tensor) and type(key) is str:
                found[key] = item
            elif type(key) is str and (inner := tensors_of(item, depth + 1)):
                found[key] = inner
        return found

    return tensors_of(content, 0)


def _parts_of_module(module: Inert) -> dict:
    """Return parameters, buffers and modules that a pickled module has."""
    state = module.state if isinstance(module.state, dict) else {}
    left_out = state.get('_non_persistent_buffers_set') or ()
    parts = (state.get(name) for name in MODULE_PARTS)
    return {
        key: value
        for part in parts
        if isinstance(part, dict)
        for key, value in part.items()
        if key not in left_out
    }
