# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Writing weight files: whole or not at all, the same bytes every time."""

import io
import json
import struct
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Optional

import safetensors.torch
import torch
from torch import Tensor

from mmfacesr.utils import replacing
from mmfacesr.weights import WeightsError
from mmfacesr.weights.hashes import FileHashes, checksum_in_name, hash_file

TORCH_SUFFIXES = ('.pth', '.pt', '.ckpt')
SAFETENSORS = '.safetensors'
SUFFIXES = (*TORCH_SUFFIXES, SAFETENSORS)
# A safetensors file: the length of the header as 8 bytes, the header, data.
LENGTH = struct.Struct('<Q')
ALIGNMENT = 8
PLAIN_TYPES = (str, bool, int, float, type(None))


def write_weights_file(
    path: str | Path,
    content: Mapping,
    metadata: Optional[Mapping[str, str]] = None,
    force: bool = False,
    check: Optional[Callable[[Path], None]] = None,
) -> FileHashes:
    """Write weights into a file that is never seen half-written.

    Args:
        path (str | Path): Name ending in .pth, .pt, .ckpt or .safetensors;
            missing folders are made.
        content (Mapping): As for :func:`weights_bytes`.
        metadata (Mapping[str, str], optional): As there.
        force (bool): Replace a file that is there. Defaults to False.
        check (Callable, optional): Called with the path of the whole file
            before it gets its name; what it raises leaves nothing behind.

    Returns:
        FileHashes: Of the file.

    Raises:
        WeightsError: If the name or the content is refused.
    """
    path = writable_target(path, force)
    data = weights_bytes(content, path.suffix, metadata)
    return write_whole(path, data, force, check)


def writable_target(path: str | Path, force: bool = False) -> Path:
    """Return the path, ``~`` expanded, if a weight file may be written there.

    Raises:
        WeightsError: If its suffix is unknown or a file is there.
    """
    path = Path(path).expanduser()
    if path.suffix.lower() not in SUFFIXES:
        raise WeightsError(
            f'Expected a file name ending in {", ".join(SUFFIXES)}, got '
            f'{path.name!r}; change its ending.'
        )
    if path.is_dir() or (path.exists() and not force):
        raise WeightsError(
            f'Expected a new file, got {path}, which exists; give another '
            'name, or --force to replace a file.'
        )
    return path


def weights_bytes(
    content: Mapping, suffix: str, metadata: Optional[Mapping] = None
) -> bytes:
    """Make the bytes of a weight file; equal content gives equal bytes.

    Args:
        content (Mapping): Tensors by their keys; for torch's format also
            nested, with strings, numbers, booleans and None.
        suffix (str): Of the file, which sets its format.
        metadata (Mapping[str, str], optional): For tensors that are not
            nested. In torch's format these go under ``state_dict`` and this
            under ``meta``.

    Returns:
        bytes: For torch 1.6 and newer, or as safetensors.

    Raises:
        WeightsError: If the content does not go into that format.
    """
    plain = _plain(content, '')
    if metadata is not None or suffix.lower() == SAFETENSORS:
        _check_flat(plain)
    if suffix.lower() == SAFETENSORS:
        return _safetensors_bytes(plain, metadata)
    if metadata is not None:
        plain = dict(meta=_plain(metadata, 'meta'), state_dict=plain)
    # Into memory, because the bytes would hold the name of a file.
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    return buffer.getvalue()


def write_whole(
    path: Path,
    data: bytes,
    force: bool = False,
    check: Optional[Callable[[Path], None]] = None,
) -> FileHashes:
    """Write bytes beside their place, check them, then move them there.

    Args:
        path (Path): The file; missing folders are made.
        data (bytes): Its whole content.
        force (bool): As for :func:`write_weights_file`.
        check (Callable, optional): As there.

    Returns:
        FileHashes: Of what was read back from the disk.

    Raises:
        WeightsError: If the name claims another hash or a file is there.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)
        hashes = hash_file(temporary)
        if fault := checksum_in_name(path.name).fault(hashes):
            raise WeightsError(
                f'Expected a name that ends in no hash or in the right one, '
                f'got {path.name}: {fault}. Whoever loads it would take it '
                'for damaged; change the name.'
            )
        if check is not None:
            check(temporary)
        writable_target(path, force)
    return hashes


def _plain(value: Any, where: str) -> Any:
    """Copy nested mappings of tensors and plain values.

    Tensors get storages of their own and equal strings become one object:
    pickled bytes depend on what is shared.
    """
    if isinstance(value, Mapping):
        return {
            _plain(key, f'{where} (a key)'): _plain(item, f'{where}.{key}')
            for key, item in value.items()
        }
    if isinstance(value, Tensor) and value.device.type != 'meta':
        return (
            value.detach().cpu().clone(memory_format=torch.contiguous_format)
        )
    if type(value) is str:
        return sys.intern(value)
    if type(value) in PLAIN_TYPES:
        return value
    kind = (
        'tensor without values'
        if isinstance(value, Tensor)
        else (type(value).__name__)
    )
    raise WeightsError(
        'Expected tensors, strings, numbers and mappings of them, got a '
        f'{kind} at {where.lstrip(".") or "the top"}; leave it out or convert '
        'it.'
    )


def _check_flat(content: Mapping) -> None:
    """Refuse what is no plain mapping from keys to tensors."""
    other = [k for k, v in content.items() if not isinstance(v, Tensor)]
    if other:
        raise WeightsError(
            'Expected tensors by their keys, without nesting, for a '
            f'{SAFETENSORS} file or one with metadata, got {other[0]!r}: '
            f'{type(content[other[0]]).__name__}; write it as .pth, without '
            'metadata.'
        )


def _safetensors_bytes(
    weights: Mapping[str, Tensor], metadata: Optional[Mapping]
) -> bytes:
    """Make a safetensors file whose metadata stand in a fixed order.

    The library writes them in the order of a hash table, another one every
    time.
    """
    data = safetensors.torch.save(weights)
    (length,) = LENGTH.unpack_from(data)
    start = LENGTH.size
    header = json.loads(data[start : start + length])
    entries = dict(metadata or {}, format='pt')
    header = {'__metadata__': dict(sorted(entries.items())), **header}
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % ALIGNMENT)
    return LENGTH.pack(len(text)) + text + data[start + length :]
