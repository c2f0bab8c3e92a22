# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small files of images that take minutes or gigabytes to read."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress

from PIL import Image

from mmfacesr.utils.image_formats import png_chunks

MOST_CHUNKS = 1 << 16  # of a PNG
MOST_SCANS = 100  # of a JPEG: each costs as much as decoding the picture
MOST_ENTRIES = 1 << 16  # of all directories together; photos have hundreds
PNG, JPEG = b'\x89PNG', b'\xff\xd8'
# Of a JPEG, as its decoders look for it: fill bytes, and what is no pixel.
MARKER = re.compile(rb'\xff+([^\0\xff])')
SCAN, END = 0xDA, 0xD9
WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD9)))
EXIF_SEGMENT = re.compile(rb'\xff\xe1(..)Exif\0\0', re.DOTALL)
EXIF_TEXT = 'Raw profile type exif'
# Where directories of EXIF data and TIFF begin, the big ones too.
DIRECTORY = re.compile(rb'II[*+]\0|II\0[*+]|MM\0[*+]|MM[*+]\0')
# Bytes of an item; entries of other kinds are skipped by decoders.
BYTES_PER_KIND = dict.fromkeys((1, 2, 6, 7), 1) | dict.fromkeys((3, 8), 2)
BYTES_PER_KIND |= dict.fromkeys((4, 9, 11, 13), 4)
BYTES_PER_KIND |= dict.fromkeys((5, 10, 12, 16, 17, 18), 8)
LINKS = (0x8769, 0x8825, 0xA005)  # to further directories


class ImageBombError(ValueError):
    """An image has far more parts than images have."""

    def __init__(self) -> None:
        super().__init__('it has far more parts than a picture has')


def refuse_bomb(data: bytes) -> None:
    """Refuse a file that is small and would take much to read.

    Pillow reads each entry of EXIF data and TIFF into memory for itself, also
    where all of them name the same bytes; it walks over all chunks of a PNG
    and decodes a JPEG once for each of its scans.

    Args:
        data (bytes): The whole file.

    Raises:
        ImageBombError: If it is one.
    """
    if data.startswith(PNG):
        is_bomb = sum(1 for _ in png_chunks(data)) > MOST_CHUNKS
    elif data.startswith(JPEG):
        # Pillow puts the pieces of EXIF data together.
        pieces = [
            data[x.end() : x.start(1) + int.from_bytes(x[1], 'big')]
            for x in EXIF_SEGMENT.finditer(data)
        ]
        is_bomb = _num_scans(data) > MOST_SCANS or _repeats(b''.join(pieces))
    else:
        is_bomb = False
    if is_bomb or _repeats(data):
        raise ImageBombError


def refuse_hidden_bomb(image: Image.Image) -> None:
    """Refuse an opened picture with a bomb in what is packed in its file.

    Raises:
        ImageBombError: If it has one.
        ValueError: If its text of EXIF data is none.
    """
    text = image.info.get(EXIF_TEXT, '')
    lines = ''.join(text.split('\n')[3:])
    if lines and _repeats(bytes.fromhex(lines)):
        raise ImageBombError


def _num_scans(data: bytes) -> int:
    """Count the scans of a JPEG up to its end; what follows is no part of it.

    Phones put videos behind their photos.
    """
    count, place = 0, 0
    while match := MARKER.search(data, place):
        kind, place = match[1][0], match.end()
        if kind == END:
            break
        if kind in WITHOUT_LENGTH:
            continue
        count += kind == SCAN
        place += max(2, int.from_bytes(data[place : place + 2], 'big'))
    return count


def _repeats(data: bytes) -> bool:
    """Whether directories name more bytes than there are."""
    total = entries = 0
    for match in DIRECTORY.finditer(data):
        with suppress(struct.error):  # the data end before a directory
            for size in _entry_sizes(data, match.start(), match[0]):
                total += size
                entries += 1
                if total > 2 * len(data) or entries > MOST_ENTRIES:
                    return True
    return False


def _entry_sizes(data: bytes, start: int, head: bytes) -> Iterator[int]:
    """Yield the bytes of each entry of a directory and of those it links.

    What does not fit into the data is not read, and counts 0: pixels may look
    like a directory by chance.
    """
    order = '<' if head.startswith(b'I') else '>'
    big = b'+' in head
    count_of = struct.Struct(order + ('Q' if big else 'H'))
    row = struct.Struct(order + ('HHQQ' if big else 'HHII'))
    place_of = struct.Struct(order + ('Q' if big else 'I'))
    (first,) = place_of.unpack_from(data, start + (8 if big else 4))
    waiting, seen = [first], set()
    while waiting:
        place = start + waiting.pop()
        if place in seen or place > len(data):
            continue
        seen.add(place)
        (count,) = count_of.unpack_from(data, place)
        place += count_of.size
        for _ in range(count):
            tag, kind, items, value = row.unpack_from(data, place)
            size = items * BYTES_PER_KIND.get(kind, 0)
            fits = size <= place_of.size or start + value + size <= len(data)
            yield row.size + size if fits else 0
            if tag in LINKS:
                waiting.append(value)
            place += row.size
