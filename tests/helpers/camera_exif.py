# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""EXIF data as cameras write them."""

from PIL import ExifTags, Image

IFD = ExifTags.IFD
ORIENTATION = 0x0112


def camera_exif(orientation: int = 6, size: tuple[int, int] = (1, 1)) -> bytes:
    """With a note of the camera's maker and a place."""
    exif = Image.Exif()
    exif[0x010F] = 'Maker'
    exif[ORIENTATION] = orientation
    exif[0x011A] = exif[0x011B] = 72.0
    exif[0x0128] = 2
    exif[IFD.Exif] = {
        0x829A: 0.01,
        0x9003: '2024:05:06 07:08:09',
        0x927C: b'note\0of the maker' * 9,
        0xA002: size[1],
        0xA003: size[0],
    }
    exif[IFD.GPSInfo] = {1: 'N', 2: (48.0, 8.0, 14.5), 29: '2024:05:06'}
    return exif.tobytes()


def changed_bytes(old: bytes, new: bytes) -> list[tuple[int, int]]:
    """Old and new value of every byte that differs; of one length."""
    assert len(old) == len(new)
    return [(a, b) for a, b in zip(old, new) if a != b]
