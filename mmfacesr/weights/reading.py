# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading files of weights without running any code in them."""

import functools
import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from mmfacesr.utils import first_few
from mmfacesr.weights import WeightsError, say
from mmfacesr.weights.pickles import (
    FETCH_AGAIN,
    SAVE_PLAINLY,
    FormatError,
    Inert,
    Unpickler,
)

MAX_DEPTH = 64
MAX_ENTRIES = 1_000_000
ANOTHER_FILE = 'give the file of weights itself'
# How files begin that people take for weights, what they are, what to do.
STRANGERS = (
    (b'', 'an empty file', FETCH_AGAIN),
    (bytes(8), 'a file that begins with zeros', FETCH_AGAIN),
    (b'<', 'a web page', 'fetch the file behind the link of the page'),
    (b'version https://git-lfs', 'a pointer of git-lfs', 'run `git lfs pull`'),
    (b'\x89HDF', 'an HDF5 file, as Keras writes', ANOTHER_FILE),
    (b'\x1f\x8b', 'a gzip archive', 'unpack it'),
    (b'\x08', 'a protobuf file, such as an ONNX model', ANOTHER_FILE),
    (b'PK', 'an empty or divided zip archive', ANOTHER_FILE),
)
MODULE_PARTS = ('_parameters', '_buffers', '_modules')
HEAD_SIZE, LENGTH_SIZE = 512, 8
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
    except (KeyboardInterrupt, SystemExit):
        raise
    # A damaged file can raise nearly anything, also what Rust calls a panic,
    # which is no Exception.
    except BaseException as error:
        if not isinstance(error, FormatError):
            line, *_ = str(error).strip().splitlines() or ['no message']
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
        from safetensors.torch import load_file

        return load_file
    for start, what, remedy in STRANGERS:
        if head.lstrip().startswith(start) if start else not head:
            raise FormatError(what, remedy)
    raise FormatError(
        f'something unknown that begins with {head[:16]!r}',
        'give a file of torch.save or safetensors, or fetch it again',
    )


def _read_archive(path: Path) -> Any:
    """Read what torch.save has written since 1.6: an uncompressed zip."""
    size = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        top = _checked_folder(archive, size)

        @functools.cache
        def find_storage(key: str, dtype: torch.dtype, numel: int) -> Tensor:
            entry = archive.getinfo(f'{top}data/{key}')
            storage = torch.empty(numel, dtype=dtype)
            with archive.open(entry) as file:  # compares the checksum
                _fill(storage, entry.file_size, file)
            return storage

        stream = io.BytesIO(archive.read(f'{top}data.pkl'))
        return Unpickler(stream, size, find_storage).load()


def _checked_folder(archive: zipfile.ZipFile, size: int) -> str:
    """Return the one folder that everything in an archive is in."""
    entries, names = archive.infolist(), archive.namelist()
    top = names[0].partition('/')[0] + '/' if names else ''
    if f'{top}data.pkl' not in names or f'{top}constants.pkl' in names:
        raise FormatError(
            'a zip archive that torch.save did not write, such as one of '
            'TorchScript (which is code) or NumPy (.npz)',
            ANOTHER_FILE,
        )
    # Another reader would find something else in it, or too much.
    if (
        len({name.lower() for name in names}) < len(names)
        or not all(name.startswith(top) for name in names)
        or any(entry.compress_type for entry in entries)
        or min(entry.header_offset for entry in entries)
        or sum(entry.file_size for entry in entries) > size
    ):
        raise FormatError('an ambiguous or compressed zip archive')
    order = f'{top}byteorder'
    if order in names and archive.read(order) != b'little':
        raise FormatError('numbers in another byte order', SAVE_PLAINLY)
    return top


def _read_pickles(path: Path) -> Any:
    """Read what torch.save wrote before 1.6.

    Five pickles in a row: a magic number, a version, the system, the content
    and the keys of the storages. Then each storage behind its length.
    """
    size = path.stat().st_size
    storages: dict[str, Tensor] = {}  # without values at first

    def find_storage(key: str, dtype: torch.dtype, numel: int) -> Tensor:
        # Takes no memory until there are values.
        return storages.setdefault(key, torch.empty(numel, dtype=dtype))

    with path.open('rb') as file:

        def load() -> Any:
            return Unpickler(file, size, find_storage).load()

        if load() != MAGIC_NUMBER or load() != VERSION:
            raise FormatError(
                'a Python pickle that torch.save did not write', SAVE_PLAINLY
            )
        load()
        content, keys = load(), load()
        if type(keys) is not list or sorted(keys) != sorted(storages):
            raise FormatError('storages that the content does not fit')
        for key in keys:
            numel = int.from_bytes(file.read(LENGTH_SIZE), 'little')
            _fill(storages[key], numel * storages[key].element_size(), file)
        if file.read(1):
            raise FormatError('bytes behind the last storage')
    return content


def _fill(storage: Tensor, size: int, file: BinaryIO) -> None:
    """Read the values of a storage, which should be of a size in bytes."""
    values = storage.view(torch.uint8).numpy()
    found = file.readinto(values) if size == len(values) else size
    if found != len(values):
        raise FormatError(
            f'a storage of size {found} instead of {len(values)}'
        )


def _plain(content: Any, path: Path) -> Mapping:
    """Return what is tensors and plain values; say what is left out."""
    tensors, objects = _tensors_and_objects(content, path.stat().st_size)
    if objects:
        shown = first_few(objects)
        if not tensors:
            raise FormatError(
                f'objects ({shown}) and no tensors under names',
                'give a file of weights',
            )
        say(
            f'{path} holds objects ({shown}) beside its tensors; they were '
            'left out, none of their code was run.'
        )
        return tensors
    if not isinstance(content, Mapping):
        raise FormatError(f'a {type(content).__name__}', SAVE_PLAINLY)
    return content


def _tensors_and_objects(content: Any, size: int) -> tuple[Any, list[str]]:
    """Check a file's content; find tensors under names, and names of objects.

    A module becomes nested dicts whose dotted keys are its state dict's.
    """
    objects: dict[str, None] = {}
    count = 0

    def tensors_of(value: Any, depth: int = 0) -> Any:
        nonlocal count
        count += 1
        # It contains itself, or something again and again.
        if count > MAX_ENTRIES or depth > MAX_DEPTH:
            raise FormatError(
                f'more than {MAX_ENTRIES} entries or {MAX_DEPTH} levels',
                SAVE_PLAINLY,
            )
        if isinstance(value, Tensor):
            if value.nbytes <= size:
                return value
            raise FormatError(
                'a tensor larger than the file, one value for many elements',
                'save a contiguous copy of it',
            )
        if isinstance(value, Inert):
            objects[value.name] = None
            value = _parts_of_module(value)
        if isinstance(value, (list, tuple, set)):
            for part in value:
                tensors_of(part, depth + 1)
        if not isinstance(value, Mapping):
            return None
        tensors_of(getattr(value, '_metadata', None), depth + 1)
        found = {}
        for key, item in value.items():
            tensors_of(key, depth + 1)
            tensors = tensors_of(item, depth + 1)
            if type(key) is str and tensors is not None:
                found[key] = tensors
        return found or None

    return tensors_of(content), list(objects)


def _parts_of_module(module: Inert) -> dict:
    """Return parameters, buffers and modules that a pickled module has."""
    state = module.state if isinstance(module.state, dict) else {}
    left_out = state.get('_non_persistent_buffers_set') or ()
    found = {}
    for name in MODULE_PARTS:
        if isinstance(state.get(name), dict):
            found |= state[name]
    return {key: found[key] for key in found if key not in left_out}
