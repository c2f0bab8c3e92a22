# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The kinds of image files: those that are read, and those that are not."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress

READ = {
    'PNG': ('.png',),
    'JPEG': ('.jfif', '.jpe', '.jpeg', '.jpg'),
    'WEBP': ('.webp',),
    'BMP': ('.bmp',),
    'TIFF': ('.tif', '.tiff'),
    'GIF': ('.gif',),
    'JPEG2000': ('.j2k', '.jp2', '.jpf', '.jpx'),
    'AVIF': ('.avif',),
}
"""Formats, as Pillow names them, that may be opened -> suffixes.

No other decoder of Pillow is tried, whatever a file is called: the one of EPS
starts Ghostscript.
"""
NOT_READ = {
    'HEIC': ('.heic', '.heif', '.hif'),
    'JPEG XL': ('.jxl',),
    'EPS': ('.eps', '.ps'),
    'PDF': ('.pdf',),
    'SVG': ('.svg',),
    'Photoshop': ('.psb', '.psd'),
    'Targa': ('.tga',),
    'PNM': ('.pbm', '.pgm', '.pnm', '.ppm'),
    'HDR': ('.exr', '.hdr', '.pfm'),
    'icon': ('.icns', '.ico'),
    'camera raw': (
        '.arw',
        '.cr2',
        '.cr3',
        '.dng',
        '.nef',
        '.orf',
        '.raf',
        '.rw2',
    ),
}
"""Images for people, but not for this reader: what they are -> suffixes."""
IMAGE_SUFFIXES = frozenset(sum(READ.values(), ()))
VIDEO_SUFFIXES = ('.avi', '.m4v', '.mkv', '.mov', '.mp4', '.webm')
UNREAD = {
    suffix: kind for kind, suffixes in NOT_READ.items() for suffix in suffixes
}
_HEIF_BRANDS = frozenset(
    (b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1')
)
_PNG = b'\x89PNG\r\n\x1a\n'
_NOT_PIXELS = frozenset((b'tEXt', b'zTXt', b'iTXt', b'iCCP'))
# What programs other than cameras write the orientation into.
_ORIENTATION_TEXTS = (b'Raw profile type exif\0', b'XML:com.adobe.xmp\0')
_LONGEST_TEXT = 1 << 20  # bytes
_LONGEST_PROFILE = 1 << 26
_REMARKS = frozenset(
    (
        *(b'tEXt', b'zTXt', b'iTXt', b'tIME'),
        *(b'gAMA', b'cHRM', b'sRGB', b'cICP'),
    )
)
PNG_HEADER_END = 33
"""Bytes of a PNG before its second chunk."""
_CHUNK_FRAME = 12  # bytes of a chunk that are not its content


def unread_kind(suffix: str, data: bytes) -> str | None:
    """What a file is that no decoder takes, as far as that is known.

    Args:
        suffix (str): Of its name, in lower case.
        data (bytes): At least its first 12 bytes.
    """
    if data[4:8] == b'ftyp' and data[8:12] in _HEIF_BRANDS:
        return 'HEIC'  # phones also name it .jpg
    return UNREAD.get(suffix)


def without_texts(data: bytes) -> bytes:
    """Leave out what no pixel of a PNG depends on: texts, color profiles.

    Pillow refuses the whole file for a long one (a workflow, an edit
    history). Texts that can hold the orientation stay, unless they are long.

    Args:
        data (bytes): A file; others than PNG are returned as they are.
    """
    if not data.startswith(_PNG):
        return data
    kept = [_PNG]
    for kind, chunk in png_chunks(data):
        orients = len(chunk) - _CHUNK_FRAME <= _LONGEST_TEXT and bytes(
            chunk[8:40]
        ).startswith(_ORIENTATION_TEXTS)
        if orients or kind not in _NOT_PIXELS:
            kept.append(chunk)
    return b''.join(kept)


def png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The chunks of a PNG: what each is called, and all of it.

    A chunk is 4 bytes of length, 4 of its name, its content, 4 of a check.
    The last one is as short as the file.
    """
    view, start = memoryview(data), len(_PNG)
    while start < len(data):
        length = int.from_bytes(data[start : start + 4], 'big')
        end = start + length + _CHUNK_FRAME
        yield data[start + 4 : start + 8], view[start:end]
        start = end


def png_profile(data: bytes) -> bytes | None:
    """The color profile of a PNG, if it has one that can be unpacked."""
    for kind, chunk in png_chunks(data):
        if kind == b'iCCP':
            _, _, packed = bytes(chunk[8:-4]).partition(b'\0')
            with suppress(zlib.error):
                # After the name comes the method, of which there is one.
                unpacker = zlib.decompressobj()
                return unpacker.decompress(packed[1:], _LONGEST_PROFILE)
    return None


def png_remarks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Texts and colors of a PNG: names and contents of their chunks.

    What Pillow gives as EXIF data or XMP is not among them.
    """
    return [
        (kind, bytes(chunk[8:-4]))
        for kind, chunk in png_chunks(data)
        if kind in _REMARKS
        and not bytes(chunk[8:40]).startswith(_ORIENTATION_TEXTS)
    ]


def suffix_of(name: str | os.PathLike) -> str:
    """Suffix of a file name in lower case."""
    return os.path.splitext(name)[1].lower()
