# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One try at fetching a file: what arrives is kept, and continued if safe."""

import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Optional

import requests
from tqdm import tqdm

from mmfacesr.weights.cache import public_url
from mmfacesr.weights.partial import PartialFile
from mmfacesr.weights.requesting import (
    BrokenOffError,
    RefusedError,
    SafeSession,
    ask,
    chunks,
)

HTTP_OK, HTTP_PARTIAL, HTTP_NOT_SATISFIABLE = 200, 206, 416
# Request Timeout, Too Early, Too Many Requests; and all from 500.
PASSING = frozenset({408, 425, 429})
RANGE = re.compile(r'bytes (\d{1,20})-\d+/(\d{1,20}|\*)')
MAX_DIGITS = 20  # of a length


@dataclass(frozen=True)
class Bounds:
    """Where a download ends that would not end by itself.

    Args:
        most_bytes (int): Largest file.
        end (float): Last moment, of ``time.monotonic``.
    """

    most_bytes: int
    end: float

    def check(self, size: int, part: PartialFile) -> None:
        """Remove what arrived if it is too much, or has taken too long.

        Raises:
            RefusedError: Naming the bound.
        """
        if size > self.most_bytes:
            part.remove()
            raise RefusedError(
                f'more than {self.most_bytes} bytes, the largest file that is '
                'fetched'
            )
        if time.monotonic() > self.end:
            part.remove()
            raise RefusedError('no whole file within the longest time')


def fetch(
    url: str, part: PartialFile, timeout: tuple[float, float], bounds: Bounds
) -> None:
    """Bring a partial file to its full length, in one try.

    Args:
        url (str): Where the file is.
        part (PartialFile): Receives the bytes.
        timeout (tuple[float, float]): Longest wait for the connection, and
            longest silence, in seconds.
        bounds (Bounds): Of the download. Nothing is left of one that passes
            them.

    Raises:
        BrokenOffError: If another try may do.
        RefusedError: If this URL will not give the file.
        OSError: If the bytes cannot be written.
    """
    shown = public_url(url)
    headers = {'Accept-Encoding': 'identity'}
    validator = part.validator(shown)
    start = part.size if validator or part.proven else 0
    if start:
        headers['Range'] = f'bytes={start}-'
        if validator:
            headers['If-Range'] = validator
    with (
        SafeSession() as session,
        ask(session, url, headers, timeout) as response,
    ):
        _check_status(response, part)
        if response.status_code == HTTP_PARTIAL:
            total = _continue(response, part, start, validator, shown)
        else:
            total = _length(response)
            _check_end(response, part, total)
            part.begin(shown, _validator(response))
        try:
            bounds.check(total or 0, part)
            _receive(response, part, total, timeout, bounds)
            if total is not None and part.size != total:
                raise BrokenOffError('an early end')
        except BrokenOffError as error:
            of = '' if total is None else f' of {total}'
            raise BrokenOffError(
                f'{error} after {part.size}{of} bytes'
            ) from error


def _check_status(response: requests.Response, part: PartialFile) -> None:
    """Raise unless the response brings bytes of the file."""
    status = response.status_code
    text = f'status {status} {response.reason or ""}'.rstrip()
    if status == HTTP_NOT_SATISFIABLE:
        part.remove()
        raise BrokenOffError(f'{text}: the file is shorter there')
    if status in PASSING or status >= requests.codes.server_error:
        raise BrokenOffError(text, _wait(response))
    if status not in (HTTP_OK, HTTP_PARTIAL):
        raise RefusedError(text)
    coding = response.headers.get('Content-Encoding', 'identity')
    if coding != 'identity':
        raise RefusedError(f'the file in coding {coding!r}, not asked for')


def _check_end(
    response: requests.Response, part: PartialFile, total: Optional[int]
) -> None:
    """Raise if nobody could tell the whole file from a torn one."""
    coding = response.headers.get('Transfer-Encoding', '')
    has_end = total is not None or 'chunked' in coding.lower()
    if not has_end and not part.proven:
        raise RefusedError('a file whose length the server does not state')


def _continue(
    response: requests.Response,
    part: PartialFile,
    start: int,
    validator: Optional[str],
    shown: str,
) -> Optional[int]:
    """Accept the rest of a file; return the length of the whole."""
    given = RANGE.match(response.headers.get('Content-Range', ''))
    changed = validator and _validator(response) not in (None, validator)
    if not start or not given or int(given[1]) != start or changed:
        part.remove()
        raise BrokenOffError('another part of the file than the one asked for')
    total = None if given[2] == '*' else int(given[2])
    _check_end(response, part, total)
    part.continued = True
    if not validator:
        # From two places or two versions, as long as no hash tells: a later
        # call without one must not continue it.
        part.remember(shown, None)
    return total


def _receive(
    response: requests.Response,
    part: PartialFile,
    total: Optional[int],
    timeout: tuple[float, float],
    bounds: Bounds,
) -> None:
    """Append what arrives, no more than there should be."""
    # Unbuffered: a killed process leaves what it received.
    with (
        part.path.open('ab', buffering=0) as file,
        tqdm(
            initial=part.size,
            total=total,
            desc=part.path.stem,
            unit='B',
            unit_scale=True,
            unit_divisor=1024,
            disable=None,
        ) as bar,
    ):
        for chunk in chunks(response, timeout):
            if total is not None:
                chunk = chunk[: total - part.size]
            written = 0
            while written < len(chunk):
                written += file.write(chunk[written:])
            bar.update(len(chunk))
            if part.size == total:
                return
            bounds.check(part.size, part)


def _length(response: requests.Response) -> Optional[int]:
    """Return the length that a response states for its body."""
    text = response.headers.get('Content-Length', '')
    # Python does not turn thousands of digits into a number.
    return int(text[:MAX_DIGITS]) if text.isdecimal() else None


def _validator(response: requests.Response) -> Optional[str]:
    """Return by what the server knows the file's content, if it is exact."""
    headers = response.headers
    tag = headers.get('ETag')
    if tag:
        return tag if tag.startswith('"') else None  # W/"..." is not exact
    modified = headers.get('Last-Modified')
    try:
        age = parsedate_to_datetime(headers['Date']) - parsedate_to_datetime(
            modified
        )
    except (KeyError, TypeError, ValueError):
        return None
    # A younger file may change once more within the same second.
    return modified if age.total_seconds() >= 1 else None


def _wait(response: requests.Response) -> float:
    """Return how many seconds the server asks to wait."""
    text = response.headers.get('Retry-After', '')
    return float(text) if text.isdecimal() else 0
