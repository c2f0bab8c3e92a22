# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights from a file, a URL or a name of the model index: local, checked."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmfacesr.weights import WeightsError, or_remedy
from mmfacesr.weights.cache import public_url
from mmfacesr.weights.hashes import Checksum, FileHashes
from mmfacesr.weights.model_index import close_names, find_entry
from mmfacesr.weights.remote import RemoteWeights, hash_weights

# What is like one of these is meant as a file.
SUFFIXES = ('.pth', '.pt', '.ckpt', '.bin', '.tar', '.zip', '.safetensors')


@dataclass(frozen=True)
class LocalWeights:
    """A file of weights that is there and is what it should be.

    Args:
        path (Path): The file.
        hashes (FileHashes): Of the file.
        source (str): What was asked for, without user and password.
    """

    path: Path
    hashes: FileHashes
    source: str


def local_weights(
    source: str | Path,
    what: str = 'weights',
    remedy: Optional[str] = None,
    sha256: Optional[str] = None,
) -> LocalWeights:
    """Return the local file of some weights, downloaded if need be.

    A download lies at `places.place_of` of its official URL and is used from
    there without a network. At each use it must have the digits in its name,
    those of the model index and those given here; if there are none, it must
    be what it was at its first use.

    Args:
        source (str | Path): Path, ``~`` allowed, http(s) URL, or name of the
            model index. A file that is there comes before a name.
        what (str): What the weights are, as in 'the weights of VGG19'.
        remedy (str | None): What else one can do, as in 'set loss_weight to
            0'. Defaults to None, nothing.
        sha256 (str | None): Expected hash, or at least its first 8 digits.

    Returns:
        LocalWeights: A file that is there, and its hashes.

    Raises:
        WeightsError: If the file cannot be had or is another one.
    """
    text = str(source)
    path = Path(os.path.expanduser(source))
    is_url = '://' in text
    if not is_url and path.is_file():
        return _checked_file(path, Checksum(sha256))
    entry = find_entry(text)
    if is_url or entry is not None:
        remote = RemoteWeights(text, entry, what, remedy, sha256)
        return LocalWeights(*remote.get(), public_url(text))
    if _is_meant_as_path(source):
        raise WeightsError(
            f'Expected {what} at {path}, found none; check the path'
            f'{or_remedy(remedy)}.'
        )
    close = ', '.join(close_names(text))
    raise WeightsError(
        f'Expected a file, a URL or a name of the model index as {what}, got '
        f'{text!r}; `mmfacesr models` lists the names'
        f'{f" (close ones: {close})" if close else ""}{or_remedy(remedy)}.'
    )


def _is_meant_as_path(source: str | Path) -> bool:
    """Whether a text without a file is more like a path than like a name."""
    return (
        isinstance(source, Path)
        or source.startswith('~')
        or '/' in source
        or os.sep in source
        or source.lower().endswith(SUFFIXES)
    )


def _checked_file(path: Path, checksum: Checksum) -> LocalWeights:
    """Return a file that the caller named."""
    hashes = hash_weights(path)
    if fault := checksum.fault(hashes):
        raise WeightsError(
            f'Expected another file at {path}, got one with {fault}; it is '
            'damaged or another version: fetch it again or correct sha256.'
        )
    return LocalWeights(path, hashes, str(path))
