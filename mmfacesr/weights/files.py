# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files of weights: their hashes, and writing the same bytes every time.

torch is imported where it is used: the model index needs hashes alone.
"""

import hashlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Optional

from mmfacesr.utils import replacing
from mmfacesr.weights import WeightsError

# Shorter beginnings of a hash do not tell files apart.
MIN_DIGITS = 8
LENGTHS = (('sha256', MIN_DIGITS, 64), ('git_blob', 40, 40))
# Eight or more, as torch's own names have, unless they are a date as in
# `-20210611.pth`; one hash in 200,000 begins like one.
IN_NAME = re.compile(
    r'-(?!20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\.)'
    r'([0-9a-f]{8,64})\.[^.]+$'
)
CHUNK = 1 << 20
# A younger file may change again without a new time of its change.
SETTLED = 1_000_000_000  # nanoseconds
SAFETENSORS = '.safetensors'
SUFFIXES = ('.pth', '.pt', '.ckpt', SAFETENSORS)
LENGTH_BYTES = 8  # of a safetensors header, which stand before it


@dataclass(frozen=True)
class Checksum:
    """What is known of a file's content; true if anything is.

    Args:
        sha256 (str | None): SHA-256 or its beginning, 8 to 64 hex digits.
        git_blob (str | None): Git's id of the content, 40 hex digits.

    Raises:
        WeightsError: If they are no such digits.
    """

    sha256: Optional[str] = None
    git_blob: Optional[str] = None

    def __post_init__(self) -> None:
        for name, least, most in LENGTHS:
            value = getattr(self, name)
            if value is None:
                continue
            value = str(value).lower()
            if not re.fullmatch(f'[0-9a-f]{{{least},{most}}}', value):
                raise WeightsError(
                    f'Expected {least} to {most} hex digits as {name}, got '
                    f'{value!r}; give the digits that the source states.'
                )
            object.__setattr__(self, name, value)

    def __bool__(self) -> bool:
        return bool(self.sha256 or self.git_blob)

    def __str__(self) -> str:
        known = [f'{name} {x}' for name, x in vars(self).items() if x]
        return ', '.join(known) or 'its hash is not known'

    def fault(self, found: 'Checksum') -> Optional[str]:
        """Say how a file differs, as '... instead of ...'; None: it fits."""
        for name, wanted in vars(self).items():
            got = getattr(found, name)
            if wanted and not got.startswith(wanted):
                return f'{name} {got} instead of {wanted}'
        return None


def checksum_in_name(name: str) -> Checksum:
    """Take the digits that a name ends with, as in ``vgg19-dcbb9e9d.pth``."""
    digits = IN_NAME.search(name)
    return Checksum(sha256=digits and digits[1])


def hash_file(path: str | Path) -> Checksum:
    """Hash a file; one that has not changed since is not read again.

    Raises:
        WeightsError: If it cannot be read.
    """
    try:
        info = os.stat(path)
        is_settled = time.time_ns() - info.st_mtime_ns > SETTLED
        hash_content = _hash if is_settled else _hash.__wrapped__
        return hash_content(
            os.path.realpath(path), info.st_size, info.st_mtime_ns, info.st_ino
        )
    except OSError as error:
        raise WeightsError(
            f'Expected to read {path}, got {error.strerror}; check its '
            'permissions.'
        ) from error


@lru_cache
def _hash(path: str, size: int, *changes_with_the_file: int) -> Checksum:
    sha256 = hashlib.sha256()
    # An identifier of git's, not a protection; SHA-256 is that.
    git_blob = hashlib.sha1(f'blob {size}\0'.encode(), usedforsecurity=False)
    with open(path, 'rb') as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            git_blob.update(chunk)
    return Checksum(sha256.hexdigest(), git_blob.hexdigest())


def writable_target(path: str | Path, force: bool = False) -> Path:
    """Return the path, ``~`` expanded, if a weight file may be written there.

    Raises:
        WeightsError: If its suffix is unknown or a file is there.
    """
    path = Path(path).expanduser()
    is_known = path.suffix.lower() in SUFFIXES
    if not is_known or path.is_dir() or (path.exists() and not force):
        raise WeightsError(
            f'Expected a new file, its name ending in {", ".join(SUFFIXES)}, '
            f'got {path}{", which exists" if path.exists() else ""}; change '
            'its ending or name, or give --force to replace a file.'
        )
    return path


def write_weights_file(
    path: str | Path,
    content: Mapping | bytes,
    metadata: Optional[Mapping[str, str]] = None,
    force: bool = False,
    check: Optional[Callable[[Path], None]] = None,
) -> Checksum:
    """Write weights beside their place, check them, then move them there.

    Args:
        path (str | Path): Its suffix sets the format.
        content (Mapping | bytes): As for :func:`weights_bytes`, or what that
            has made.
        metadata (Mapping[str, str], optional): As there.
        force (bool): Replace a file that is there. Defaults to False.
        check (Callable, optional): Called with the path of the whole file,
            before it gets its name; what it raises leaves nothing behind.

    Raises:
        WeightsError: As :func:`weights_bytes` and :func:`writable_target`, or
            if the name claims another hash.
    """
    path = writable_target(path, force)
    if not isinstance(content, bytes):
        content = weights_bytes(content, path.suffix, metadata)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
        hashes = hash_file(temporary)
        if fault := checksum_in_name(path.name).fault(hashes):
            raise WeightsError(
                'Expected a name that ends in no hash or in the right one, '
                f'got {path.name}: {fault}. Whoever loads it would take it '
                'for damaged; change the name.'
            )
        if check is not None:
            check(temporary)
        writable_target(path, force)
    return hashes


def weights_bytes(
    content: Mapping, suffix: str, metadata: Optional[Mapping] = None
) -> bytes:
    """Make the bytes of a weight file; equal content gives equal bytes.

    Args:
        content (Mapping): Tensors by their keys; for torch's format without
            metadata also nested, with strings, numbers, booleans and None.
        suffix (str): Of the file, which sets its format.
        metadata (Mapping[str, str], optional): In torch's format it goes
            under ``meta`` and the tensors under ``state_dict``.

    Raises:
        WeightsError: If the content does not go into that format.
    """
    import torch

    is_safetensors = suffix.lower() == SAFETENSORS
    is_flat = is_safetensors or metadata is not None
    plain = _plain(content, is_flat)
    if is_safetensors:
        return _safetensors_bytes(plain, dict(metadata or {}, format='pt'))
    if metadata is not None:
        plain = dict(meta=_plain(metadata), state_dict=plain)
    # Into memory, because the bytes would hold the name of a file.
    buffer = io.BytesIO()
    torch.save(plain, buffer)
    return buffer.getvalue()


def _plain(value: Any, is_flat: bool = False, where: str = '') -> Any:
    """Copy nested mappings of tensors and plain values, or tensors alone.

    Tensors get storages of their own and equal strings become one object:
    pickled bytes depend on what is shared.
    """
    import torch

    if isinstance(value, Mapping) and not (is_flat and where):
        return {
            _plain(key, False, f'{where} (a key)'): _plain(
                item, is_flat, f'{where}.{key}'
            )
            for key, item in value.items()
        }
    is_tensor = isinstance(value, torch.Tensor)
    if is_tensor and not value.is_meta:
        layout = torch.contiguous_format
        return value.detach().cpu().clone(memory_format=layout)
    if type(value) in (str, bool, int, float, type(None)) and not is_flat:
        return sys.intern(value) if type(value) is str else value
    raise WeightsError(
        'Expected tensors by their keys, in a .pth file without metadata '
        'also mappings of them, strings and numbers, got '
        f'{"tensor without values" if is_tensor else type(value).__name__} at '
        f'{where.lstrip(".") or "the top"}; leave it out or write it as .pth.'
    )


def _safetensors_bytes(weights: Mapping, metadata: Mapping) -> bytes:
    """Make a file whose metadata stand in a fixed order.

    The library's is that of a hash table, another one every time.
    """
    from safetensors.torch import save

    data = save(weights)
    end = LENGTH_BYTES + int.from_bytes(data[:LENGTH_BYTES], 'little')
    header = {'__metadata__': dict(sorted(metadata.items()))}
    header |= json.loads(data[LENGTH_BYTES:end])
    text = json.dumps(header, separators=(',', ':')).encode()
    text += b' ' * (-len(text) % LENGTH_BYTES)  # aligns the data
    return len(text).to_bytes(LENGTH_BYTES, 'little') + text + data[end:]
