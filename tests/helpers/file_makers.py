# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files as torch.save writes them, or as somebody else would."""

import zipfile
from pathlib import Path

import torch


def save_legacy(content: object, path: Path) -> None:
    """Save as torch did before 1.6."""
    torch.save(content, path, _use_new_zipfile_serialization=False)


def zipped(path: Path, content: bytes, **others: bytes) -> Path:
    """Write an archive of torch.save with a given pickle and records."""
    with zipfile.ZipFile(path, 'w') as archive:
        archive.writestr('a/data.pkl', content)
        archive.writestr('a/version', '3\n')
        for name, data in others.items():
            archive.writestr(f'a/{name}', data)
    return path
