# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading weight files safely."""

import mmap
import shlex
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from mmfacesr.weights import WeightsError, say
from mmfacesr.weights.file_kinds import (
    FETCH_AGAIN,
    FormatError,
    recognize,
)
from mmfacesr.weights.pickle_scan import Scan
from mmfacesr.weights.pickle_values import MAX_DEPTH, MAX_ENTRIES
from mmfacesr.weights.pickled_objects import tensors_among_objects
from mmfacesr.weights.stand_ins import stand_ins
from mmfacesr.weights.torch_files import check_archive, check_pickles

TENSOR_TYPES = (Tensor, nn.Parameter)
# Of these very types; a bool is an int and a torch.Size a tuple, but listed.
PLAIN_TYPES = frozenset(
    {type(None), bool, int, float, complex, str, bytes, bytearray}
    | {torch.dtype, torch.device}
)
BYTE_ORDER = 'byteorder'
SAVE_STATE_DICT = 'save the state dict of the model, a dict of tensors'


def existing_file(path: str | Path) -> Path:
    """Return the path of a file, ``~`` expanded, that is there.

    Raises:
        WeightsError: If there is none.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise WeightsError(
            f'Expected a file of weights at {path}, found '
            'none; check the path.'
        )
    return path


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
        dicts, lists, tuples and sets without cycles. Tensors may stay mapped
        to the file: replace the file rather than overwrite it while they are
        in use. Changing them does not change the file.

    Raises:
        WeightsError: If the file is missing, is no checkpoint, is damaged,
            holds no tensors or calls functions.
    """
    path = existing_file(path)
    with refusals(path):
        content = _READERS[recognize(path)](path)
        if not isinstance(content, Mapping):
            raise FormatError(f'a {type(content).__name__}', SAVE_STATE_DICT)
        _check_content(content, path.stat().st_size)
    return content


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn whatever reading a file raises into one line and a remedy.

    Raises:
        WeightsError: If the body raises anything but an interruption.
    """
    try:
        yield
    # A damaged file can raise nearly anything, also what Rust calls a panic,
    # which is no Exception.
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        fault = _fault(error)
        remedy = fault.remedy.replace('{path}', shlex.quote(str(path)))
        raise WeightsError(
            f'Expected {path} to be a checkpoint of tensors, got {fault}; '
            f'{remedy}.'
        ) from error


def _fault(error: BaseException) -> FormatError:
    """Turn any error into what was found, in a line, and a remedy."""
    if isinstance(error, FormatError):
        return error
    # Not torch's advice to load the file with weights_only=False.
    text = str(error).rpartition('WeightsUnpickler error: ')[2].strip()
    line = (text.splitlines() or ['no message'])[0]
    if 'weights_only' in line:
        line = 'refused by torch'
    return FormatError(
        f'{type(error).__name__}: {line}',
        'check that you may read it'
        if isinstance(error, PermissionError)
        else FETCH_AGAIN,
    )


def _read_archive(path: Path) -> Any:
    """Read what torch.save has written since 1.6.

    Mapped, because torch cuts the storages out of a mapped file, but torch
    2.1 reads others in the length that the pickle claims.
    """
    found = check_archive(path)
    if found.objects:
        reader = torch._C.PyTorchFileReader(str(path))
        if reader.has_record(BYTE_ORDER):
            order = reader.get_record(BYTE_ORDER)
            if order != b'little':
                raise FormatError(
                    f'numbers in the order {order!r}', SAVE_STATE_DICT
                )
        return _tensors_alone(
            path, found, lambda key: reader.get_record(f'data/{key}')
        )
    # torch.load takes a path that ends like this for what it says.
    if path.name.endswith('.safetensors'):
        with path.open('rb') as file:
            return _load(file)
    return _load(str(path), mmap=True)


def _read_pickles(path: Path) -> Any:
    """Read what torch.save wrote before 1.6.

    Not by its path, because torch unpacks a file by that name into a folder
    if it passes for a tar archive, too.
    """
    with (
        path.open('rb') as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as stream,
    ):
        found, places = check_pickles(stream)
        if found.objects:
            return _tensors_alone(
                path,
                found,
                lambda key: stream[
                    places[key] : places[key] + found.storages[key].nbytes
                ],
            )
        return _load(stream)


def _tensors_alone(
    path: Path, found: Scan, read: Callable[[str], bytes]
) -> dict:
    """Take the tensors out, and say that there is more."""
    content = tensors_among_objects(found, path.stat().st_size, read)
    say(
        f'{path} holds {found.objects} beside its tensors; they were left '
        'out, none of their code was run.'
    )
    return content


def _load(source: str | BinaryIO | mmap.mmap, **options: bool) -> Any:
    """Call torch.load without its warnings about itself."""
    with stand_ins(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return torch.load(
            source, map_location='cpu', weights_only=True, **options
        )


def _read_safetensors(path: Path) -> Any:
    """Read a file of safetensors."""
    from safetensors.torch import load_file

    return load_file(str(path), device='cpu')


_READERS = {
    'zip': _read_archive,
    'pickles': _read_pickles,
    'safetensors': _read_safetensors,
}


def _check_content(content: Any, size: int) -> None:
    """Check that there are dense tensors and plain values alone.

    Args:
        content (Any): What was read.
        size (int): Bytes of the file; no tensor may be larger.

    Raises:
        FormatError: If there is something else, or too much of it.
    """
    count, waiting = 0, [(content, 0)]
    while waiting:
        value, depth = waiting.pop()
        parts = _parts(value, size)
        count += len(parts)
        if count > MAX_ENTRIES or depth > MAX_DEPTH:
            raise FormatError(
                f'more than {MAX_ENTRIES} entries or {MAX_DEPTH} levels',
                SAVE_STATE_DICT,
            )
        waiting.extend((part, depth + 1) for part in parts)


def _parts(value: Any, size: int) -> Collection:
    """Return the entries of a container, none for a checked value."""
    if isinstance(value, Mapping):
        return [*value.keys(), *value.values()]
    if isinstance(value, (list, tuple, set)):
        return value
    if type(value) in TENSOR_TYPES:
        _check_tensor(value, size)
    elif type(value) not in PLAIN_TYPES:
        raise FormatError(f'a {type(value).__name__} in it', SAVE_STATE_DICT)
    return ()


def _check_tensor(tensor: Tensor, size: int) -> None:
    """Check that a tensor is dense and no larger than the file."""
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise FormatError('sparse or quantized tensors', 'save dense ones')
    if tensor.device.type != 'cpu':
        raise FormatError('tensors without values', 'save the values')
    if tensor.numel() * tensor.element_size() > size:
        raise FormatError(
            'a tensor larger than the file, one value for many elements',
            'save a contiguous copy of it',
        )
