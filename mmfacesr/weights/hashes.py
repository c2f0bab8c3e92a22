# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hashes of weight files, and what is known of them beforehand."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmfacesr.weights import WeightsError

# Shorter beginnings of a hash do not tell files apart.
MIN_DIGITS = 8
SHA256_DIGITS = 64
GIT_DIGITS = 40
# Eight or more, as torch's own names have; a word such as `-face.` is none.
IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.[^.]+$')
# As in `-20210611.pth`; one hash in 200,000 begins like this.
DATE = re.compile(r'20[0-4]\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])')
CHUNK = 1 << 20


@dataclass(frozen=True)
class FileHashes:
    """What a file's content is.

    Args:
        sha256 (str): 64 hex digits.
        git_blob (str): SHA-1 of ``blob <size>``, a zero byte and the
            content: the id by which git knows the file, 40 hex digits.
    """

    sha256: str
    git_blob: str


@dataclass(frozen=True)
class Checksum:
    """What is known of a file before one has it.

    Args:
        sha256 (str | None): SHA-256 or its beginning, 8 to 64 hex digits.
        git_blob (str | None): Git's id of the content, 40 hex digits.

    Raises:
        WeightsError: If they are no such digits.
    """

    sha256: Optional[str] = None
    git_blob: Optional[str] = None

    def __post_init__(self) -> None:
        for name, least, most in (
            ('sha256', MIN_DIGITS, SHA256_DIGITS),
            ('git_blob', GIT_DIGITS, GIT_DIGITS),
        ):
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
        """Whether anything is known."""
        return bool(self.sha256 or self.git_blob)

    def fault(self, found: FileHashes) -> Optional[str]:
        """Say what differs, as 'sha256 ... instead of ...'; None: nothing."""
        for name in ('sha256', 'git_blob'):
            wanted, got = getattr(self, name), getattr(found, name)
            if wanted and not got.startswith(wanted):
                return f'{name} {got} instead of {wanted}'
        return None


def checksum_in_name(name: str) -> Checksum:
    """Take the digits of the SHA-256 that a file's name ends with.

    Eight digits that are a date are not taken for a hash.

    Args:
        name (str): As in ``vgg19-dcbb9e9d.pth``.
    """
    digits = IN_NAME.search(name)
    if digits is None or DATE.fullmatch(digits[1]):
        return Checksum()
    return Checksum(sha256=digits[1])


def hash_file(path: str | Path) -> FileHashes:
    """Hash a file in pieces of a megabyte.

    Raises:
        OSError: If it cannot be read.
    """
    path = Path(path)
    sha256 = hashlib.sha256()
    # An identifier of git's, not a protection; SHA-256 is that.
    git_blob = hashlib.sha1(
        f'blob {path.stat().st_size}\0'.encode(), usedforsecurity=False
    )
    with path.open('rb') as file:
        while chunk := file.read(CHUNK):
            sha256.update(chunk)
            git_blob.update(chunk)
    return FileHashes(sha256.hexdigest(), git_blob.hexdigest())
