# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Loading weights into a module, whoever wrote them.

The namings that are understood stand in `mmfacesr.weights.layouts`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from mmfacesr.weights.errors import WeightsError
from mmfacesr.weights.files import existing_file, read_weights_file
from mmfacesr.weights.matching import find_weights

__all__ = ['LoadRecord', 'WeightsError', 'load_weights']

# Shorter beginnings of a hash do not tell files apart.
MIN_HASH_DIGITS = 8


@dataclass(frozen=True)
class LoadRecord:
    """What was loaded.

    Args:
        layout (str): Name of the layout that the weights had.
        source (str): Path of the file, or 'state dict'.
        sha256 (str | None): Hash of the file; None for a state dict.
    """

    layout: str
    source: str
    sha256: str | None


def load_weights(
    module: nn.Module, source: Mapping | str | Path, sha256: str | None = None
) -> LoadRecord:
    """Load weights strictly: all of them or none.

    Args:
        module (nn.Module): Receives the weights, on its own device and in its
            own dtype.
        source (Mapping | str | Path): State dict, whole checkpoint, or a file
            of either. Wrappers (``state_dict``, ``netG``) and prefixes
            (``generator.``, ``module.``) are found; averaged weights
            (``generator_ema.``) are preferred.
        sha256 (str | None): Expected hash of the file, or at least its first
            8 hex digits. Defaults to None, no check.

    Returns:
        LoadRecord: Layout, source and hash.

    Raises:
        WeightsError: If the source cannot be read safely, has another hash or
            does not fit; the module is unchanged then.
    """
    if isinstance(source, Mapping):
        if sha256 is not None:
            raise WeightsError(
                'Expected a file to compare with sha256, got a '
                'state dict; give the file, or no sha256.'
            )
        content, name, digest = source, 'state dict', None
    else:
        path = _local_path(source)
        name, digest = str(path), _check_hash(path, sha256)
        content = read_weights_file(path)
    layout, weights = find_weights(module, content)
    module.load_state_dict(weights, strict=True)
    return LoadRecord(layout.name, name, digest)


def _local_path(source: str | Path) -> Path:
    """Return the path of a file that exists."""
    if '://' in str(source):
        raise WeightsError(
            f'Expected a local file, got {source}; download it '
            'first and give its path.'
        )
    return existing_file(source)


def _check_hash(path: Path, expected: str | None) -> str:
    """Return the SHA-256 of a file after comparing it with its beginning."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if expected is None:
        return digest
    if len(expected) < MIN_HASH_DIGITS:
        raise WeightsError(
            f'Expected at least {MIN_HASH_DIGITS} hex digits '
            f'as sha256, got {expected!r}; give more of them.'
        )
    if not digest.startswith(expected.lower()):
        raise WeightsError(
            f'Expected sha256 {expected} for {path}, got {digest}; the file '
            'is damaged or another one, download it again.'
        )
    return digest
