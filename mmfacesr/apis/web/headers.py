# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What an upload is, by its header; no pixel is decoded here."""

import io
from typing import NamedTuple

from PIL import Image
from starlette.exceptions import HTTPException

from mmfacesr.utils.bombs import (
    ImageBombError,
    refuse_bomb,
    refuse_hidden_bomb,
)
from mmfacesr.utils.image_formats import unread_kind, without_texts

KNOWN = 'PNG, JPEG, WebP, BMP, TIFF, GIF, JPEG 2000 or AVIF'
BEGINNINGS = {
    b'\x89PNG\r\n\x1a\n': 'PNG',
    b'\xff\xd8\xff': 'JPEG',
    b'BM': 'BMP',
    b'II*\0': 'TIFF',
    b'MM\0*': 'TIFF',
    b'GIF87a': 'GIF',
    b'GIF89a': 'GIF',
    b'\0\0\0\x0cjP  \r\n\x87\n': 'JPEG2000',
    b'\xff\x4f\xff\x51': 'JPEG2000',
}
FIRST = 1024  # bytes in which browsers look for what a file is
# Bytes of programs and pages, in lower case.
FOREIGN = (
    *(b'<html', b'<!doctype', b'<head', b'<body', b'<script', b'<iframe'),
    *(b'<svg', b'<?php', b'%pdf-', b'javascript:', b'alert(', b'eval('),
)
SCRIPT_COMMENT = b'/*'  # what hides a header from a script engine
HEADER = 8  # bytes in which such a comment has to begin
ZIP_END = b'PK\5\6\0\0\0\0'  # its directory, on the first of its disks
ZIP_TAIL = 22 + 65535  # bytes from there to the end, at most


class Header(NamedTuple):
    """What a picture says of itself.

    Args:
        format (str): As Pillow names it.
        width (int): In pixels.
        height (int): In pixels.
    """

    format: str
    width: int
    height: int


def read_header(data: bytes) -> Header:
    """Find out what a picture is.

    Args:
        data (bytes): The whole upload.

    Raises:
        HTTPException: 415 if it is no picture, or something else too; 413 if
            it has more pixels than can be decoded at all; 422 if its header
            is damaged.
    """
    name = _format_of(data)
    _refuse_polyglot(data)
    try:
        refuse_bomb(data)
        stream = io.BytesIO(without_texts(data))
        with Image.open(stream, formats=(name,)) as image:
            refuse_hidden_bomb(image)
            return Header(name, *image.size)
    except Image.DecompressionBombError as error:
        raise too_many_pixels('a picture', str(error)) from error
    except ImageBombError as error:
        raise _damaged(name, 'far more parts than a picture has') from error
    except Exception as error:  # Pillow's plugins raise many kinds
        raise _damaged(name, 'a damaged header') from error


def too_many_pixels(expected: str, got: str) -> HTTPException:
    """Return the error of a picture that is too large."""
    return HTTPException(
        413, f'Expected {expected}, got too many pixels: {got}; reduce it.'
    )


def _damaged(name: str, what: str) -> HTTPException:
    return HTTPException(
        422,
        f'Expected a whole picture, got a {name} with {what}; save it again '
        'or take another copy.',
    )


def _format_of(data: bytes) -> str:
    """Name the format that a file begins as."""
    for beginning, name in BEGINNINGS.items():
        if data.startswith(beginning):
            return name
    if data[:4] == b'RIFF' and data[8:12] == b'WEBP':
        return 'WEBP'
    if data[4:8] == b'ftyp' and b'avif' in data[8:64]:
        return 'AVIF'
    kind = unread_kind('', data) or 'something else'
    raise HTTPException(
        415,
        f'Expected a picture ({KNOWN}), got {kind}; convert it to JPEG or '
        'PNG first.',
    )


def _refuse_polyglot(data: bytes) -> None:
    """Refuse a picture that is a page, a program or an archive too."""
    first = data[:FIRST].lower()
    found = [mark for mark in FOREIGN if mark in first]
    hidden = SCRIPT_COMMENT in data[:HEADER]
    if found or hidden or ZIP_END in data[-ZIP_TAIL:]:
        raise HTTPException(
            415,
            'Expected a picture and nothing else, got one that is also a '
            'page, a script or an archive; save it again by a program for '
            'pictures.',
        )
