# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files that are written whole or not at all."""

import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from mmfacesr.utils.text import printable

FULL = (errno.ENOSPC, errno.EDQUOT)
MAKE_ROOM = (
    'Free some space, or choose a folder on another disk, and run the same '
    'command again (a training with --resume)'
)
BLOCK = 1 << 20  # bytes
DIGITS = 16  # of the hash in the name of a temporary file
KINDS = {
    stat.S_IFDIR: 'a folder',
    stat.S_IFIFO: 'a pipe',
    stat.S_IFSOCK: 'a socket',
    stat.S_IFCHR: 'a device',
    stat.S_IFBLK: 'a device',
}


def read_regular(path: str | os.PathLike, max_bytes: int) -> bytes:
    """Read a whole file, but nothing that has no end or does not fit.

    Args:
        path (str | os.PathLike): The file, or a link to it.
        max_bytes (int): The largest size that is read.

    Raises:
        OSError: If it cannot be opened, is larger, or is no regular file: a
            device gives bytes for ever, a pipe lets its reader wait.
    """
    _check_regular(os.stat(path), max_bytes)  # opening a device may act
    # Whatever has taken its place since is not waited for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, 'rb') as file:
        info = os.fstat(descriptor)
        _check_regular(info, max_bytes)
        return file.read(info.st_size)


def sha256_of(path: str | os.PathLike) -> str:
    """SHA-256 of a file of any size, in hexadecimal digits.

    Raises:
        OSError: If it cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _check_regular(info: os.stat_result, max_bytes: int) -> None:
    """Refuse what is no file, and what is too large."""
    if not stat.S_ISREG(info.st_mode):
        kind = KINDS.get(stat.S_IFMT(info.st_mode), 'something else')
        raise OSError(errno.EINVAL, f'it is {kind}, not a file')
    if info.st_size > max_bytes:
        raise OSError(
            errno.EFBIG, f'{info.st_size} bytes, the limit is {max_bytes}'
        )


def write_atomic(path: str | os.PathLike, data: bytes) -> None:
    """Write a file so that it is never seen half-written.

    Args:
        path (str | os.PathLike): The file; missing folders are made.
        data (bytes): Its whole content.

    Raises:
        OSError: As :func:`replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(data)


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Give a file to fill, which takes the place of ``path`` at the end.

    It is synced to the disk before it gets the name, so that a crash of the
    machine leaves the old content or the new one. It lies beside ``path``
    under a name that depends on that of ``path`` alone: what a killed process
    left there is overwritten by the next one. Two processes that write the
    same file take turns.

    Args:
        path (str | os.PathLike): The file; missing folders are made.

    Yields:
        Path: An empty file. Whatever is raised leaves ``path`` as it was.

    Raises:
        OSError: If it cannot be written; a full disk is named with the file
            and the remedy.
    """
    path = Path(path)
    digest = hashlib.sha1(os.fsencode(path.name)).hexdigest()[:DIGITS]
    # Short whatever the name's length, and of no suffix that is looked for.
    temporary = path.parent / f'.{digest}.tmp'
    with naming_full_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _open_alone(temporary) as file:
            try:
                yield temporary
                os.fsync(file.fileno())
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)  # still ours: it is locked
                raise


def _open_alone(path: Path) -> BinaryIO:
    """Open an empty file that no other process writes; wait if one does."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    while True:
        if path.is_symlink() or path.is_fifo():  # somebody put it there
            path.unlink(missing_ok=True)
        file = os.fdopen(os.open(path, flags | os.O_NOFOLLOW, 0o666), 'ab')
        with suppress(OSError):  # a file system without locks
            fcntl.flock(file, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                return file
        file.close()  # who held the lock has moved or removed that file


@contextmanager
def naming_full_disk(path: str | os.PathLike) -> Iterator[None]:
    """Say which file did not fit on a full disk, and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise OSError(
            error.errno,
            f'No space left on the disk for {printable(path)}. {MAKE_ROOM}',
        ) from error
