# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads that are whole, checked, resumed and made once."""

import json
import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Optional

import requests
from filelock import AcquireReturnProxy, FileLock, Timeout
from requests import Response
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from mmfacesr.utils import write_atomic
from mmfacesr.utils.files import FULL
from mmfacesr.weights import WeightsError, or_remedy, public_url, say, warn
from mmfacesr.weights.files import Checksum, FileHashes, hash_file

TIMEOUT = (10, 30)  # seconds to a connection, and to the next byte
PAUSES = (1, 2, 4, 8)  # seconds between tries; one with progress begins anew
LONGEST_PAUSE = 60  # seconds that a server may ask for
MOST_TRIES = 50  # of one URL
MOST_BYTES = 8 << 30  # the largest file that a method here has is of 1.5 GB
LONGEST = 12 * 3600  # seconds for one URL
# Less than this much of what arrived is lost when a connection breaks.
CHUNK = 1 << 16
HEAD, SHOWN = 512, 50  # bytes that are looked at for these, and shown
NO_WEIGHTS = re.compile(
    rb'(\xef\xbb\xbf)?\s*'  # a byte order mark
    rb'(\Z|<!doctype html|<html|<head|<!--|version https://git-lfs)',
    re.IGNORECASE,
)
OK, PARTIAL, ERRORS = 200, 206, 500
RANGE_STATUSES = (PARTIAL, 416)  # the latter if the file is shorter there
# Request Timeout, Too Early, Too Many Requests; and all from 500.
PASSING = frozenset({408, 425, 429})
RANGE = re.compile(r'bytes (\d{1,20})-\d+/(\d{1,20}|\*)')
MAX_DIGITS = 20  # Python does not turn thousands of digits into a number
MAX_REASON = 300  # characters; a server can write tens of thousands
BAR = dict(unit='B', unit_scale=True, unit_divisor=1024, disable=None)


class TryAgainError(Exception):
    """A try that failed for a reason that may pass."""

    wait = 0.0  # seconds that the server asks for


class RefusedError(Exception):
    """This URL will not give the file, however often one asks."""


def download(
    urls: Sequence[str],
    path: Path,
    checksum: Checksum = Checksum(),  # noqa: B008  immutable
    what: str = 'a file',
    remedy: Optional[str] = None,
) -> FileHashes:
    """Bring a file to its place, from the first URL that has it.

    Of several processes that ask for one place, one downloads. What arrived
    before a break stays as ``<name>.part`` and is continued, by a later call
    too, if the server can tell that it is the same file. A wrong file at the
    place is renamed, with ``.damaged`` appended.

    Args:
        urls (Sequence[str]): Addresses of the same file, tried in turn.
        path (Path): The place; missing folders are made.
        checksum (Checksum): What is known of it. Defaults to nothing.
        what (str): What the file is, for messages.
        remedy (str | None): What else one can do, for messages.

    Raises:
        WeightsError: If no URL gives the file or it cannot be written.
    """
    job, reasons = _Download(path, checksum), []
    try:
        with _locked(path):
            if found := job.found():
                return found
            for url in urls:
                try:
                    return job.complete(url)
                except (TryAgainError, RefusedError) as error:
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
        f'{checksum}, at {path}{or_remedy(remedy)}.'
    )


def _locked(path: Path) -> AcquireReturnProxy:
    """Keep other processes from downloading to the same place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f'.{path.name}.lock'))
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        say(f'Waiting for another process that downloads {path}.')
        return lock.acquire()


class _Download:
    """What has arrived of a file, with a note of where it is from."""

    def __init__(self, path: Path, checksum: Checksum) -> None:
        self.path, self.checksum = path, checksum
        self.part = path.with_name(f'{path.name}.part')
        self.note = path.with_name(f'{path.name}.part.json')

    @property
    def size(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def found(self) -> Optional[FileHashes]:
        """Return the hashes of a file that another process has fetched."""
        if self.path.is_file():
            found = hash_file(self.path)
            if not (fault := self.checksum.fault(found)):
                return found
            # It may be someone's after all.
            aside = self.path.with_name(f'{self.path.name}.damaged')
            os.replace(self.path, aside)
            warn(f'{self.path} has {fault}: fetched again, it is {aside} now.')
        # Received in full by a process that was killed then.
        if self.checksum and self.size:
            found = hash_file(self.part)
            if not self.checksum.fault(found):
                return self._finished(found)
        return None

    def complete(self, url: str) -> FileHashes:
        """Fetch from one URL, again after breaks, with growing pauses."""
        say(f'Fetching {public_url(url)} to {self.path}.')
        failures, self.end = 0, time.monotonic() + LONGEST
        for left in range(MOST_TRIES, 0, -1):
            before = self.size
            try:
                self._fetch(url)
                break
            except TryAgainError as error:
                failures = 0 if self.size > before else failures
                if left == 1 or failures == len(PAUSES):
                    raise
                pause = max(PAUSES[failures], min(error.wait, LONGEST_PAUSE))
                failures += 1
                say(f'It broke off ({error}); next try in {pause:g} s.')
                time.sleep(pause)
            except OSError as error:
                if error.errno in FULL:
                    self._remove()
                raise
        found = hash_file(self.part)
        if fault := self._fault(found):
            self._remove()
            raise RefusedError(fault)
        return self._finished(found)

    def _fetch(self, url: str) -> None:
        """Try once to complete the part."""
        shown = public_url(url)
        tag = None
        with suppress(OSError, ValueError, LookupError, TypeError):
            tag = json.loads(self.note.read_text('utf-8'))[shown]
        start = self.size if tag else 0
        asked = {'Range': f'bytes={start}-', 'If-Range': tag}
        with _ask(url, asked if start else {}) as response:
            is_rest = response.status_code in RANGE_STATUSES
            if is_rest and not _continues(response, start, tag):
                self._remove()
                raise TryAgainError('another part of the file than asked for')
            _check_answer(response)
            total = _length(response)
            has_end = total is not None or response.raw.chunked
            if not has_end and not self.checksum:
                raise RefusedError('a file of unknown length')
            if not is_rest:
                # In this order: no old bytes below a new note.
                self.part.write_bytes(b'')
                note = json.dumps({shown: _tag(response)})
                write_atomic(self.note, note.encode())
            self._receive(response, total)

    def _receive(self, response: Response, total: Optional[int]) -> None:
        """Append what arrives, no more than there should be."""
        size, is_torn = self.size, False
        bar = tqdm(initial=size, total=total, desc=self.path.name, **BAR)
        with self.part.open('ab') as file, bar:
            while size != total:
                is_late = time.monotonic() > self.end
                if is_late or max(size, total or 0) > MOST_BYTES:
                    self._remove()
                    raise RefusedError(f'over {MOST_BYTES} B or {LONGEST} s')
                try:
                    # `iter_content` would wait until a chunk is full.
                    chunk = response.raw.read1(CHUNK, decode_content=False)
                except (HTTPError, OSError, ValueError):
                    chunk, is_torn = b'', True
                if not chunk:
                    break
                chunk = chunk if total is None else chunk[: total - size]
                file.write(chunk)
                size += len(chunk)
                bar.update(len(chunk))
        if is_torn or total not in (None, size):
            raise TryAgainError(f'no more than {size} of {total or "?"} bytes')

    def _remove(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)

    def _finished(self, found: FileHashes) -> FileHashes:
        """Put the part to its place, all of it or nothing."""
        with self.part.open('rb+') as file:
            # A crash of the machine must not leave the name without bytes.
            os.fsync(file.fileno())
        os.replace(self.part, self.path)
        self.note.unlink(missing_ok=True)
        return found

    def _fault(self, found: FileHashes) -> Optional[str]:
        """Say what was received, if it is not the file asked for."""
        fault = self.checksum.fault(found)
        if self.checksum and not fault:
            return None
        with self.part.open('rb') as file:
            head = file.read(HEAD)
        if NO_WEIGHTS.match(head):
            return f'a web page, a git-lfs link or nothing: {head[:SHOWN]!r}'
        return fault and f'a file with {fault}'


def _ask(url: str, headers: dict[str, str]) -> Response:
    """Send a request; the response has its header only."""
    headers = {'Accept-Encoding': 'identity', **headers}
    try:
        return requests.get(url, headers=headers, timeout=TIMEOUT, stream=True)
    except (requests.RequestException, ValueError) as error:
        # The innermost reason: 'Caused by ...: Connection refused'.
        text = str(error).replace(url, public_url(url)).rpartition(': ')[2]
        text = f'{type(error).__name__}: {text}'[:MAX_REASON].rstrip(')\'" ')
        if isinstance(error, (requests.ConnectionError, requests.Timeout)):
            raise TryAgainError(text) from error
        raise RefusedError(text) from error


def _check_answer(response: Response) -> None:
    """Raise unless the response brings bytes of the file."""
    status, headers = response.status_code, response.headers
    text = f'status {status} {response.reason or ""}'.rstrip()
    if status in PASSING or status >= ERRORS:
        error, wait = TryAgainError(text), headers.get('Retry-After', '')
        error.wait = float(wait) if wait.isdecimal() else 0
        raise error
    if status not in (OK, PARTIAL):
        raise RefusedError(text)
    coding = headers.get('Content-Encoding', 'identity')
    if coding != 'identity':
        raise RefusedError(f'the file in coding {coding!r}, not asked for')
    schemes = [r.url.partition(':')[0] for r in (*response.history, response)]
    if schemes != sorted(schemes):  # 'http' comes first
        shown = public_url(response.url)
        raise RefusedError(f'a redirect from https to {shown}')


def _continues(response: Response, start: int, tag: Optional[str]) -> bool:
    """Whether a response brings the rest of the file from a byte on."""
    given = RANGE.match(response.headers.get('Content-Range', ''))
    is_same = _tag(response) in (None, tag)
    return bool(start and given and int(given[1]) == start and is_same)


def _length(response: Response) -> Optional[int]:
    """Return the length that a response states for the whole file."""
    text = response.headers.get('Content-Length', '')
    if response.status_code == PARTIAL:
        text = RANGE.match(response.headers['Content-Range'])[2]
    return int(text[:MAX_DIGITS]) if text.isdecimal() else None


def _tag(response: Response) -> Optional[str]:
    """Return the ETag of the content, if it is exact, unlike W/"..."."""
    tag = response.headers.get('ETag', '')
    return tag if tag.startswith('"') else None
