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
from tqdm import tqdm
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from mmfacesr.utils import write_atomic
from mmfacesr.utils.files import FULL
from mmfacesr.weights import WeightsError, or_remedy, public_url, say, warn
from mmfacesr.weights.files import Checksum, hash_file

TIMEOUT = (10, 30)  # seconds to a connection, and to the next byte
PAUSES = (1, 2, 4, 8)  # seconds between tries; one with progress begins anew
LONGEST_PAUSE = 60  # seconds that a server may ask for
LONGEST = 12 * 3600  # seconds for one URL
MOST_BYTES = 8 << 30  # the largest file that a method here has is of 1.5 GB
CHUNK = 1 << 16  # less of what arrived is lost when a connection breaks
HEAD, SHOWN = 512, 50  # bytes that are looked at for these, and shown
NO_WEIGHTS = re.compile(
    rb'(\xef\xbb\xbf)?\s*'  # a byte order mark
    rb'(\Z|<!doctype html|<html|<head|<!--|version https://git-lfs)',
    re.IGNORECASE,
)
OK, PARTIAL, TOO_SHORT, ERRORS = 200, 206, 416, 500
# Request Timeout, Too Early, Too Many Requests; and all from 500.
PASSING = frozenset({408, 425, 429})
NUMBER = re.compile(r'\d{1,18}')  # servers can write thousands of digits
MAX_REASON = 300  # characters of an error; they can write more here, too
BAR = dict(unit='B', unit_scale=True, unit_divisor=1024, disable=None)


class FailedError(Exception):
    """A URL did not give the file, and would not after a pause of None."""

    def __init__(self, reason: str, pause: Optional[float] = None) -> None:
        super().__init__(reason[:MAX_REASON])
        self.pause = pause


def download(
    urls: Sequence[str],
    path: Path,
    checksum: Checksum = Checksum(),  # noqa: B008  immutable
    what: str = 'a file',
    remedy: Optional[str] = None,
) -> Checksum:
    """Bring a file to its place, from the first URL that has it.

    Of several processes, one downloads. What arrived before a break stays as
    ``<name>.part`` and is continued if the server can tell that it is the
    same file. A wrong file at the place becomes ``<name>.damaged``.

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
                except FailedError as error:
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
    with suppress(Timeout):
        return lock.acquire(timeout=0)
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

    def found(self) -> Optional[Checksum]:
        """Return the hashes of what another process has fetched."""
        if self.path.is_file():
            found = hash_file(self.path)
            if not (fault := self.checksum.fault(found)):
                return found
            # It may be someone's after all.
            aside = self.path.with_name(f'{self.path.name}.damaged')
            os.replace(self.path, aside)
            warn(f'{self.path} has {fault}: fetched again, it is {aside} now.')
        # Received in full by a process that was killed then.
        is_known = self.checksum and self.size
        if is_known and not self.checksum.fault(hash_file(self.part)):
            return self._finish()
        return None

    def complete(self, url: str) -> Checksum:
        """Fetch from one URL, again after breaks, with growing pauses."""
        say(f'Fetching {public_url(url)} to {self.path}.')
        failures, end = 0, time.monotonic() + LONGEST
        while True:
            before = self.size
            try:
                self._fetch(url, end)
                return self._finish()
            except FailedError as error:
                failures = 0 if self.size > before else failures
                if error.pause is None or failures == len(PAUSES):
                    raise
                pause = max(PAUSES[failures], min(error.pause, LONGEST_PAUSE))
                failures += 1
                say(f'It broke off ({error}); next try in {pause:g} s.')
                time.sleep(pause)
            except OSError as error:
                if error.errno in FULL:
                    self._remove()
                raise

    def _fetch(self, url: str, end: float) -> None:
        """Try once to complete the part."""
        shown, tag = public_url(url), ''
        with suppress(OSError, ValueError, LookupError, TypeError):
            tag = str(json.loads(self.note.read_text('utf-8'))[shown])
        start = self.size if tag.startswith('"') else 0  # exact, no W/"..."
        asked = {'Range': f'bytes={start}-', 'If-Range': tag} if start else {}
        with _ask(url, asked) as response:
            headers, is_whole = response.headers, response.status_code == OK
            length = headers.get('Content-Length', '')
            if not is_whole:
                text = headers.get('Content-Range', '')
                rest = re.fullmatch(rf'bytes {start}-\d+/(\d+)', text)
                if not (start and rest and headers.get('ETag', tag) == tag):
                    self._remove()
                    raise FailedError('another part of the file than asked', 0)
                length = rest[1]
            total = int(length) if NUMBER.fullmatch(length) else None
            if total is None and not (response.raw.chunked or self.checksum):
                raise FailedError('a file of unknown length')
            if is_whole:
                # In this order: no old bytes below a new note.
                self.part.write_bytes(b'')
                note = json.dumps({shown: headers.get('ETag')})
                write_atomic(self.note, note.encode())
            self._receive(response.raw, total, end)

    def _receive(
        self, body: HTTPResponse, total: Optional[int], end: float
    ) -> None:
        """Append what arrives, no more than there should be."""
        size, is_torn = self.size, False
        bar = tqdm(initial=size, total=total, desc=self.path.name, **BAR)
        with self.part.open('ab') as file, bar:
            while size != total:
                is_late = time.monotonic() > end
                if is_late or max(size, total or 0) > MOST_BYTES:
                    self._remove()
                    raise FailedError(f'over {MOST_BYTES} B or {LONGEST} s')
                most = CHUNK if total is None else min(CHUNK, total - size)
                try:
                    # `iter_content` would wait until a chunk is full.
                    chunk = body.read1(most, decode_content=False)
                except (HTTPError, ValueError):
                    chunk, is_torn = b'', True
                if not chunk:
                    break
                size += file.write(chunk)
                bar.update(len(chunk))
        if is_torn or total not in (None, size):
            text = f'no more than {size} of {total or "?"} bytes'
            raise FailedError(text, 0)

    def _finish(self) -> Checksum:
        """Put the part to its place, if it is the file, all of it."""
        with self.part.open('rb+') as file:
            head = file.read(HEAD)
            # A crash of the machine must not leave the name without bytes.
            os.fsync(file.fileno())
        found = hash_file(self.part)
        fault = self.checksum.fault(found)
        if (fault or not self.checksum) and NO_WEIGHTS.match(head):
            fault = f'a web page, a git-lfs link or nothing: {head[:SHOWN]!r}'
        if fault:
            self._remove()
            raise FailedError(f'a file with {fault}')
        os.replace(self.part, self.path)
        self._remove()
        return found

    def _remove(self) -> None:
        self.part.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _ask(url: str, headers: dict[str, str]) -> requests.Response:
    """Return an answer, header only, that brings bytes of the file."""
    headers = {'Accept-Encoding': 'identity', **headers}
    options = dict(headers=headers, timeout=TIMEOUT, stream=True)
    try:
        response = requests.get(url, **options)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise FailedError(_reason(error, url), 0) from error
    except (requests.RequestException, ValueError) as error:
        raise FailedError(_reason(error, url)) from error
    status, answer = response.status_code, response.headers
    text = f'status {status} {response.reason or ""}'.rstrip()
    if status in PASSING or status >= ERRORS:
        asked = answer.get('Retry-After', '')
        raise FailedError(text, int(asked) if NUMBER.fullmatch(asked) else 0)
    coding = answer.get('Content-Encoding', 'identity')
    schemes = [r.url.partition(':')[0] for r in (*response.history, response)]
    if schemes != sorted(schemes):  # 'http' comes first
        text = f'a redirect from https to {public_url(response.url)}'
    elif coding != 'identity':
        text = f'the file in coding {coding!r}, not asked for'
    elif status in (OK, PARTIAL, TOO_SHORT):
        return response
    raise FailedError(text)


def _reason(error: Exception, url: str) -> str:
    """Return the innermost one: 'Caused by ...: Connection refused'."""
    text = str(error).replace(url, public_url(url)).rpartition(': ')[2]
    return f'{type(error).__name__}: {text}'.rstrip(')\'" ')
