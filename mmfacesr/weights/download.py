# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads that are whole, checked, resumed and made once."""

import errno
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from filelock import FileLock, Timeout

from mmfacesr.weights import WeightsError, or_remedy, say, warn
from mmfacesr.weights.cache import public_url
from mmfacesr.weights.hashes import (
    SHA256_DIGITS,
    Checksum,
    FileHashes,
    hash_file,
)
from mmfacesr.weights.partial import PartialFile
from mmfacesr.weights.requesting import BrokenOffError, RefusedError
from mmfacesr.weights.transfer import Bounds, fetch

HEAD = 512  # bytes that tell a page or a pointer from a file
BYTE_ORDER_MARK = b'\xef\xbb\xbf'
WEB_PAGE = (b'<!doctype html', b'<html', b'<head', b'<!--')
GIT_LFS = b'version https://git-lfs'
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class Retries:
    """How long a download waits and how often it tries again.

    Args:
        connect (float): Longest wait for a connection, in seconds.
        silence (float): Longest wait for the next byte, in seconds.
        pauses (tuple[float, ...]): Seconds before the second, third, ... try
            of a URL; a try that made progress starts anew.
        longest_pause (float): Most seconds that a server may ask for.
        most_tries (int): Of one URL, with progress or without.
        most_bytes (int): Largest file. The largest that is published for a
            method here has 1.5 GB.
        longest (float): Seconds for a URL, all tries together.
    """

    connect: float = 10
    silence: float = 30
    pauses: tuple[float, ...] = (1, 2, 4, 8)
    longest_pause: float = 60
    most_tries: int = 50
    most_bytes: int = 8 << 30
    longest: float = 12 * 3600


RETRIES = Retries()


def download(
    urls: Sequence[str],
    path: Path,
    checksum: Checksum = Checksum(),  # noqa: B008  immutable
    what: str = 'a file',
    remedy: Optional[str] = None,
    policy: Optional[Retries] = None,
) -> FileHashes:
    """Bring a file to its place, from the first URL that has it.

    Of several processes that ask for one place, one downloads. What arrived
    before a break stays as ``<name>.part`` and is continued, by a later call
    too, if the server or the checksum can tell that it is the same file. A
    file that is there already is taken if it has the checksum; otherwise it
    is renamed, with ``.damaged`` appended.

    Args:
        urls (Sequence[str]): Addresses of the same file, tried in turn.
        path (Path): The place; missing folders are made.
        checksum (Checksum): What is known of it. Defaults to nothing.
        what (str): What the file is, for messages.
        remedy (str | None): What else one can do, for messages.
        policy (Retries | None): Defaults to None, the usual one.

    Returns:
        FileHashes: Of the file that lies at the place.

    Raises:
        WeightsError: If no URL gives the file or it cannot be written.
    """
    job = _Job(path, checksum, policy or RETRIES)
    reasons = []
    try:
        with _locked(path):
            if (found := job.done()) is not None:
                return found
            for url in urls:
                try:
                    return job.fetch_checked(url)
                except (BrokenOffError, RefusedError) as error:
                    reasons.append(f'{error} from {public_url(url)}')
    except OSError as error:
        raise WeightsError(
            f'Expected to write {what} to {path}, got '
            f'{error.strerror or error}; make room there or set '
            'MMFACESR_WEIGHTS_DIR to another folder that can be written'
            f'{or_remedy(remedy)}.'
        ) from error
    raise WeightsError(
        f'Expected to download {what}, got {"; ".join(reasons)}. Fetch '
        f'{public_url(urls[0])} by other means and put that file, '
        f'{_describe(checksum)}, at {path}{or_remedy(remedy)}.'
    )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep other processes from downloading to the same place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f'.{path.name}.lock'))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f'Waiting for another process that downloads {path}.')
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class _Job:
    """The download of one file."""

    def __init__(
        self, path: Path, checksum: Checksum, policy: Retries
    ) -> None:
        self.path = path
        self.checksum = checksum
        self.policy = policy
        self.part = PartialFile(path, proven=bool(checksum))

    def done(self) -> Optional[FileHashes]:
        """Return the hashes of the file if another process has fetched it."""
        if self.path.is_file():
            found = hash_file(self.path)
            fault = self.checksum.fault(found)
            if not fault:
                return found
            # It may be someone's after all.
            aside = self.path.with_name(f'{self.path.name}.damaged')
            os.replace(self.path, aside)
            warn(
                f'{self.path} has {fault}; it is {aside.name} now and '
                'fetched again.'
            )
        # Received in full by a process that was killed then.
        if self.checksum and self.part.size:
            found = hash_file(self.part.path)
            if not self.checksum.fault(found):
                self.part.finish()
                return found
        return None

    def fetch_checked(self, url: str) -> FileHashes:
        """Fetch from one URL; nothing wrong gets to the place."""
        say(f'Fetching {public_url(url)} to {self.path}.')
        for is_last in (False, True):
            self._fetch_patiently(url)
            found = hash_file(self.part.path)
            fault = self._fault(found)
            if fault is None:
                self.part.finish()
                return found
            continued = self.part.continued
            self.part.remove()
            if is_last or not continued:
                break
            say(
                f'The continued download of {self.path.name} is {fault}: '
                'once more from nothing.'
            )
        raise RefusedError(fault)

    def _fetch_patiently(self, url: str) -> None:
        """Try a URL again after each break, with growing pauses."""
        failures = 0
        bounds = Bounds(
            self.policy.most_bytes, time.monotonic() + self.policy.longest
        )
        for tries in range(1, self.policy.most_tries + 1):
            before = self.part.size
            try:
                return self._fetch(url, bounds)
            except BrokenOffError as error:
                if self.part.size > before:
                    failures = 0
                if failures >= len(self.policy.pauses):
                    raise
                if tries == self.policy.most_tries:
                    raise
                pause = max(
                    self.policy.pauses[failures],
                    min(error.wait, self.policy.longest_pause),
                )
                failures += 1
                say(
                    f'The download of {self.path.name} broke off ({error}); '
                    f'next try in {pause:g} s.'
                )
                time.sleep(pause)

    def _fetch(self, url: str, bounds: Bounds) -> None:
        """Try once; leave a full disk as it was found."""
        waits = self.policy.connect, self.policy.silence
        try:
            fetch(url, self.part, waits, bounds)
        except OSError as error:
            if error.errno in DISK_FULL:
                self.part.remove()
            raise

    def _fault(self, found: FileHashes) -> Optional[str]:
        """Say what was received, if it is not the file asked for."""
        fault = self.checksum.fault(found)
        if self.checksum and not fault:
            return None
        with self.part.path.open('rb') as file:
            head = file.read(HEAD)
        head = head.removeprefix(BYTE_ORDER_MARK).lstrip().lower()
        if not head:
            return 'an empty file'
        if head.startswith(WEB_PAGE):
            return 'a web page instead of the file'
        if head.startswith(GIT_LFS):
            return 'a pointer of git-lfs instead of the file'
        return f'a file with {fault}' if fault else None


def _describe(checksum: Checksum) -> str:
    """Name the expected hash."""
    if checksum.sha256:
        whole = len(checksum.sha256) == SHA256_DIGITS
        return f'sha256 {"" if whole else "starting "}{checksum.sha256}'
    if checksum.git_blob:
        return f'git blob id {checksum.git_blob}'
    return 'its hash is not known'
