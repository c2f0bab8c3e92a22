# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a visitor sends: one picture and what to do with it, in memory."""

import asyncio
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mmfacesr.apis.web.headers import Header, read_header, too_many_pixels

UPSCALES = (1, 2, 4)
ENLARGED = 4  # times the pixels of the limit, at most
FORM_BYTES = 1 << 14  # of a form, all but its picture
TEXT_BYTES = 200  # of a text of the form, the longest name of a model
MOST_NAME = 255  # letters
PICTURE = 'picture'
TEXTS = ('model', 'upscale', 'force', 'only_center_face')
BOOLS = {'true': True, 'false': False}
# Turns the reading direction of what follows: x_gpj.exe looks like .jpg.
TURNING = re.compile('[\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True)
class Limits:
    """What a visitor may send.

    Args:
        bytes (int): Of a picture.
        pixels (int): Of a picture; enlarged it may have 4 times as many.
        pictures (int): At a time; the page holds that, one request has one.
        seconds (float): For one upload. Defaults to 60.
    """

    bytes: int
    pixels: int
    pictures: int
    seconds: float = 60


@dataclass(frozen=True)
class Upload:
    """A picture that was sent, and what is to be done with it."""

    name: str
    data: bytes = field(repr=False)
    header: Header
    model: str
    upscale: int = 1
    force: bool = False
    only_center_face: bool = False


async def receive_upload(
    request: Request, limits: Limits, default: str
) -> Upload:
    """Take the form of a request.

    Args:
        request (Request): Of multipart/form-data.
        limits (Limits): What it may hold.
        default (str): The model, if the form names none.

    Raises:
        HTTPException: 400, 413, 415 or 422 for what is not as it should be.
    """
    boundary = _boundary(request)
    body = await _read_body(request, limits)
    # Elsewhere, so that nobody waits for the parsing of others' pictures.
    return await asyncio.to_thread(_take, body, boundary, limits, default)


def _boundary(request: Request) -> bytes:
    """Return what stands between the parts of a form."""
    kind, options = parse_options_header(request.headers.get('content-type'))
    boundary = options.get(b'boundary', b'')
    if kind != b'multipart/form-data' or not boundary:
        raise _bad('multipart/form-data with a boundary', 'something else')
    return boundary


async def _read_body(request: Request, limits: Limits) -> bytearray:
    """Read a request, but no more than it may have."""
    most = limits.bytes + FORM_BYTES
    if int(request.headers.get('content-length', 0)) > most:
        raise _too_many_bytes(limits)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_many_bytes(limits)
    return body


def _take(
    body: bytearray, boundary: bytes, limits: Limits, default: str
) -> Upload:
    """Take a form apart and check all of it, without decoding the picture."""
    form = _Form(body, boundary)
    name = form.names.get(PICTURE)
    if name is None:
        raise _bad(f'a file as {PICTURE!r}', 'none')
    _check_name(name)
    data = bytes(form.values[PICTURE])
    if len(data) > limits.bytes:
        raise _too_many_bytes(limits)
    header = read_header(data)
    upload = Upload(
        name,
        data,
        header,
        form.text('model', str, default),
        form.text('upscale', {str(x): x for x in UPSCALES}.__getitem__, 1),
        form.text('force', BOOLS.__getitem__, False),
        form.text('only_center_face', BOOLS.__getitem__, False),
    )
    _check_pixels(header, upload.upscale, limits)
    return upload


class _Form:
    """The parts of a form: each once, and none but those that are known.

    Args:
        body (bytearray): The whole form.
        boundary (bytes): What stands between its parts.

    Attributes:
        values (dict[str, bytearray]): Name of a part -> what it holds.
        names (dict[str, str]): Name of a part -> name of its file.
    """

    def __init__(self, body: bytearray, boundary: bytes) -> None:
        self.values: dict[str, bytearray] = {}
        self.names: dict[str, str] = {}
        self._done: set[str] = set()
        self._field = self._name = self._value = b''
        self._headers: dict[bytes, bytes] = {}
        here = self
        try:
            parser = MultipartParser(
                boundary,
                dict(
                    on_header_field=here._add_to('_field'),
                    on_header_value=here._add_to('_value'),
                    on_header_end=here._end_header,
                    on_headers_finished=here._begin_part,
                    on_part_data=here._add_data,
                    on_part_end=here._end_part,
                ),
            )
            parser.write(body)
            parser.finalize()
        except FormParserError as error:
            raise _bad('multipart/form-data', 'a damaged one') from error
        if self._done != set(self.values):
            raise _bad('a whole form', 'one without its end')

    def text(
        self, name: str, convert: Callable[[str], Any], default: Any
    ) -> Any:
        """Return what a text of the form means."""
        if name not in self.values:
            return default
        try:
            return convert(self.values[name].decode())
        except (KeyError, ValueError) as error:
            raise _bad(f'a known value of {name!r}', 'another') from error

    def _add_to(self, name: str) -> Callable[[bytes, int, int], None]:
        def add(data: bytes, start: int, end: int) -> None:
            setattr(self, name, getattr(self, name) + data[start:end])

        return add

    def _end_header(self) -> None:
        self._headers[bytes(self._field).lower()] = bytes(self._value)
        self._field = self._value = b''

    def _begin_part(self) -> None:
        disposition = self._headers.get(b'content-disposition', b'')
        kind, options = parse_options_header(disposition)
        self._headers = {}
        name = options.get(b'name', b'').decode('utf-8', 'replace')
        is_file = b'filename' in options
        if name not in ((PICTURE,) if is_file else TEXTS):
            known = f'one file {PICTURE!r} and the texts {", ".join(TEXTS)}'
            raise _bad(known, 'another field')
        if name in self.values:
            raise _bad(f'one {name!r}', 'several')
        if is_file:
            self.names[name] = options[b'filename'].decode('utf-8', 'replace')
        self._name, self.values[name] = name, bytearray()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        value = self.values[self._name]
        value += data[start:end]
        if self._name != PICTURE and len(value) > TEXT_BYTES:
            raise _bad(f'a short {self._name!r}', 'a long one')

    def _end_part(self) -> None:
        self._done.add(self._name)


def _check_name(name: str) -> None:
    """Refuse names that are paths, or would not be shown as they are."""
    odd = any(
        unicodedata.category(x) in ('Cc', 'Cs', 'Zl', 'Zp') for x in name
    )
    is_path = '/' in name or '\\' in name or name.strip('. ') == ''
    if odd or is_path or TURNING.search(name) or len(name) > MOST_NAME:
        raise _bad(
            'the plain name of a file',
            'a path, control characters or a very long name',
        )


def _check_pixels(header: Header, upscale: int, limits: Limits) -> None:
    """Refuse a picture that would take too much memory."""
    _, width, height = header
    pixels, most = width * height, limits.pixels
    if pixels > most:
        raise too_many_pixels(f'at most {most} pixels', f'{width}x{height}')
    if pixels * upscale**2 > ENLARGED * most:
        raise too_many_pixels(
            f'at most {ENLARGED * most} pixels once it is enlarged',
            f'{width * upscale}x{height * upscale}',
        )


def _bad(expected: str, got: str) -> HTTPException:
    return HTTPException(
        400, f'Expected {expected}, got {got}; use the page of this server.'
    )


def _too_many_bytes(limits: Limits) -> HTTPException:
    return HTTPException(
        413,
        f'Expected a picture of at most {limits.bytes} bytes, got a larger '
        'one; reduce it, or save it as JPEG.',
    )
