# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Uploads to the web server, parsed, judged and decoded."""

import random
from collections.abc import Callable

import pytest
from hostile import Fault, Trial, mutate
from hostile_files import pictures
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mmfacesr.apis.web.uploads import Limits, _boundary, _take
from mmfacesr.utils.images import UnreadableImageError
from mmfacesr.utils.photos import decode_photo

LIMITS = Limits(1 << 20, 1_000_000, 1)
EDGES = (b'x', b'-', b'', b'\r\n', b'x' * 99, b'\xff', b'\0')
NAMES = ('x.png', '../x.png', '', 'a\0b', '\r\nX: y', '"', '=?utf-8?q?x?=')
TYPES = (b'multipart/form-data', b'text/plain', b'', b'multipart/form-data;')
FIELDS = (b'model', b'upscale', b'force', b'picture', b'other', b'')


def form(chance: random.Random, edge: bytes) -> bytes:
    """A form with parts of any kind."""
    name = chance.choice(NAMES).encode() if chance.random() < 0.1 else b'x.png'
    file = chance.choice(sorted(pictures()))
    data = pictures()[file]
    if chance.random() < 0.7:
        _, data = mutate(data, chance, pictures()['rgb.jpg'])
    parts = [
        b'Content-Disposition: form-data; name="picture"; filename="'
        + name
        + b'"\r\n\r\n'
        + data
    ]
    if chance.random() < 0.2:
        field = chance.choice(FIELDS)
        parts.append(
            b'Content-Disposition: form-data; name="' + field + b'"\r\n\r\n2'
        )
    body = b''.join(b'--' + edge + b'\r\n' + x + b'\r\n' for x in parts)
    return body + b'--' + edge + b'--\r\n'


def upload(seed: int, trial: Trial) -> None:
    """One request."""
    chance = random.Random(f'upload {seed}')
    edge = chance.choice(EDGES) if seed % 20 == 0 else b'x7d'
    body, kind = form(chance, edge), 'picture'
    if seed % 3 == 0:
        kind, body = mutate(body, chance, body)
    head = chance.choice(TYPES) if seed % 20 == 0 else TYPES[0]
    head += b'; boundary=' + edge
    if seed % 20 == 1:
        _, head = mutate(head, chance, b";\"*=utf-8''%ff")
    request = Request({'type': 'http', 'headers': [(b'content-type', head)]})

    def take() -> None:
        try:
            known = _boundary(request)
            found = _take(bytearray(body), known, LIMITS, 'model')
            photo = decode_photo('the picture', found.data)
        except HTTPException as error:
            if error.status_code not in (400, 413, 415, 422):
                raise Fault(str(error)) from error
            return
        except UnreadableImageError:
            return
        height, width = photo.size
        if height * width > LIMITS.pixels:
            raise Fault(f'{width}x{height} pixels')

    trial(kind, take)


def test_uploads_shortly(endure: Callable) -> None:
    endure(upload, 60, 60, 'uploads')


@pytest.mark.slow
def test_uploads(endure: Callable) -> None:
    endure(upload, 10_000, 10_000, 'uploads')
