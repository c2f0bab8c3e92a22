# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small files that take hours or gigabytes to read."""

from mmfacesr.utils.image_formats import png_chunks

MOST_CHUNKS = 1 << 16  # of a PNG
MOST_SCANS = 100  # of a JPEG: each costs as much as decoding the picture
SCAN = b'\xff\xda'  # never among the pixels of a JPEG


def is_bomb(data: bytes, name: str) -> bool:
    """Whether a picture has far more parts than pictures have.

    Args:
        data (bytes): The whole file.
        name (str): Its format, as Pillow names it.
    """
    if name == 'PNG':
        return sum(1 for _ in png_chunks(data)) > MOST_CHUNKS
    return name == 'JPEG' and data.count(SCAN) > MOST_SCANS
