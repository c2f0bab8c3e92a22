# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small files that take hours or gigabytes to read."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress

from PIL import Image

from mmfacesr.utils.image_formats import png_chunks

MOST_CHUNKS = 1 << 16  # of a PNG
MOST_SCANS = 100  # of a JPEG: each costs as much as decoding the picture
SCAN = b'\xff\xda'  # never among the pixels of a JPEG
EXIF_SEGMENT = re.compile(rb'\xff\xe1(..)Exif\0\0', re.DOTALL)
EXIF_TEXT = 'Raw profile type exif'
# Where directories of EXIF data and TIFF begin, the big ones too.
DIRECTORY = re.compile(rb'II[*+]\0|II\0[*+]|MM\0[*+]|MM[*+]\0')
BYTES_PER_KIND = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
BYTES_PER_KIND |= {16: 8, 17: 8, 18: 8}  # 1 of others
LINKS = (0x8769, 0x8825, 0xA005)  # to further directories
MOST_DIRECTORIES = 1 << 10


def is_bomb(data: bytes, name: str) -> bool:
    """Whether a picture has far more parts than pictures have.

    Args:
        data (bytes): The whole file.
        name (str): Its format, as Pillow names it.
    """
    if name == 'PNG' and sum(1 for _ in png_chunks(data)) > MOST_CHUNKS:
        return True
    if name == 'JPEG':
        # Pillow puts the pieces of EXIF data together.
        pieces = [
            data[x.end() : x.start(1) + int.from_bytes(x[1], 'big')]
            for x in EXIF_SEGMENT.finditer(data)
        ]
        if data.count(SCAN) > MOST_SCANS or _repeats(b''.join(pieces)):
            return True
    return _repeats(data)


def hides_bomb(image: Image.Image) -> bool:
    """Whether an opened picture has one in what is packed in its file."""
    text = image.info.get(EXIF_TEXT, '')
    lines = ''.join(text.split('\n')[3:])
    return bool(lines) and _repeats(bytes.fromhex(lines))


def _repeats(data: bytes) -> bool:
    """Whether directories name more bytes than there are.

    Each entry is read into memory for itself, also where all of them name
    the same bytes.
    """
    total = 0
    for count, match in enumerate(DIRECTORY.finditer(data)):
        with suppress(struct.error):  # the data end before a directory
            for size in _entry_sizes(data, match.start(), match[0]):
                total += min(size, len(data))
                if total > 2 * len(data):
                    return True
        if count > MOST_DIRECTORIES:
            return True
    return False


def _entry_sizes(data: bytes, start: int, head: bytes) -> Iterator[int]:
    """Yield the bytes of each entry of a directory and of those it links."""
    order = '<' if head.startswith(b'I') else '>'
    big = b'+' in head
    count_of = struct.Struct(order + ('Q' if big else 'H'))
    row = struct.Struct(order + ('HHQQ' if big else 'HHII'))
    place_of = struct.Struct(order + ('Q' if big else 'I'))
    (first,) = place_of.unpack_from(data, start + (8 if big else 4))
    waiting, seen = [first], set()
    while waiting:
        place = start + waiting.pop()
        if place in seen:
            continue
        seen.add(place)
        (count,) = count_of.unpack_from(data, place)
        place += count_of.size
        for _ in range(count):
            tag, kind, items, value = row.unpack_from(data, place)
            yield row.size + items * BYTES_PER_KIND.get(kind, 1)
            if tag in LINKS:
                waiting.append(value)
            place += row.size
