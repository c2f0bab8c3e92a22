# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""EXIF data as bytes: single numbers are changed, all else stays.

Pillow would write the whole data anew, and the notes of a camera's maker hold
positions that are wrong then.
"""

import struct

import numpy as np
from PIL import Image

EXIF_HEADER = b'Exif\0\0'
ORIENTATION = 0x0112
_EXIF_DIRECTORY = 0x8769
DIRECTORIES = (_EXIF_DIRECTORY, 0x8825)
"""Tags of directories of their own: of the camera, of the place (GPS)."""
_RESOLUTIONS = (0x011A, 0x011B)
# ImageWidth and ExifImageWidth, ImageLength and ExifImageHeight.
_WIDTHS, _HEIGHTS = (0x0100, 0xA002), (0x0101, 0xA003)
_ORDERS = {b'II*\0': '<', b'MM\0*': '>'}
# An orientation -> the one that undoes it.
_TURNED_BACK = {2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
_ROWS = 256  # copied at once
_SHORT, _LONG, _RATIONAL = 3, 4, 5
_XMP = 0x02BC
# Tags of a TIFF that tell how its pixels are stored, those that Pillow writes
# by itself (resolution, XMP, profile), and previews.
_LAYOUT = frozenset(
    (
        *range(254, 269),
        *range(273, 285),
        *range(288, 294),
        *(296, 301),
        *range(317, 348),
        *range(512, 533),
        *(_XMP, 34675),
    )
)
_FORMATS = {_SHORT: 'H', _LONG: 'I', _RATIONAL: 'I'}


class ExifNumbers:
    """The numbers of EXIF data, or of a TIFF file, that tell of its pixels.

    Damaged data just have fewer of them.

    Args:
        data (bytes): With or without ``EXIF_HEADER``.

    Attributes:
        data (bytearray): The same with what has been changed since.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self._start = 0
        while self.data.startswith(EXIF_HEADER, self._start):
            self._start += len(EXIF_HEADER)
        header = bytes(self.data[self._start : self._start + 4])
        self._order = _ORDERS.get(header)
        self._places: dict[int, tuple[str, int]] = {}  # format and position
        self._end = self._start  # of the first directory
        if self._order is not None:
            self._end = self._read_directory(self._start + 4)
        if _EXIF_DIRECTORY in self._places:
            self._read_directory(self._places[_EXIF_DIRECTORY][1])

    def _read_directory(self, pointer: int) -> int:
        """Note where a directory's single numbers are; return its end."""
        position = self._start
        try:
            position += self._unpack('I', pointer)
            count = self._unpack('H', position)
            position += 2
            for _ in range(count):
                self._note_entry(position)
                position += 12
        except struct.error:
            pass  # the data end before the directory
        return position

    def _note_entry(self, position: int) -> None:
        tag, kind, count = struct.unpack_from(
            f'{self._order}HHI', self.data, position
        )
        if count != 1 or kind not in _FORMATS:
            return
        position += 8
        if kind == _RATIONAL:  # kept elsewhere, the numerator first
            position = self._start + self._unpack('I', position)
        self._places.setdefault(tag, (_FORMATS[kind], position))

    def _unpack(self, kind: str, position: int) -> int:
        return struct.unpack_from(self._order + kind, self.data, position)[0]

    def get(self, tag: int) -> int | None:
        """A number, the numerator of a fraction; None if there is none."""
        try:
            return self._unpack(*self._places[tag])
        except (KeyError, struct.error):
            return None

    def set(self, tag: int, value: int) -> None:
        """Change a number, if it is there and can hold the value."""
        if self.get(tag) is not None:
            kind, position = self._places[tag]
            if value < 1 << 8 * struct.calcsize(f'={kind}'):
                struct.pack_into(
                    self._order + kind, self.data, position, value
                )

    def set_size(self, old: tuple[int, int], new: tuple[int, int]) -> None:
        """Change the size of the pixels where it is the true one.

        Args:
            old (tuple[int, int]): Height and width that they had.
            new (tuple[int, int]): Height and width that they have.
        """
        for tags, before, after in zip((_HEIGHTS, _WIDTHS), old, new):
            for tag in tags:
                if self.get(tag) == before:
                    self.set(tag, after)

    def enlarge(self, size: tuple[int, int], factor: int) -> None:
        """Multiply the size (h, w) and the pixels per inch or cm."""
        self.set_size(size, (size[0] * factor, size[1] * factor))
        for tag in _RESOLUTIONS:
            self.set(tag, (self.get(tag) or 0) * factor)

    def drop_thumbnail(self) -> None:
        """Unlink the second directory, which is that of the thumbnail."""
        if self._start < self._end <= len(self.data) - 4:
            self.data[self._end : self._end + 4] = bytes(4)


def upright(exif: bytes, size: tuple[int, int]) -> bytes:
    """EXIF data of a picture after it was turned as they say.

    The thumbnail of one that was turned goes: it is not upright, and makers
    of thumbnails make a new one.

    Args:
        exif (bytes): What its file says.
        size (tuple[int, int]): Its height and width, upright.
    """
    numbers = ExifNumbers(exif)
    orientation = numbers.get(ORIENTATION)
    if orientation in range(2, 9):
        numbers.drop_thumbnail()
    if orientation in range(5, 9):
        numbers.set_size(size[::-1], size)
    numbers.set(ORIENTATION, 1)
    return bytes(numbers.data)


def turned(pixels: np.ndarray, orientation: object) -> np.ndarray:
    """Turn (H, W, ...) pixels as the EXIF orientation says, 1 to 8.

    Any other is taken for 1, as Pillow does.
    """
    return np.ascontiguousarray(_turned_view(pixels, orientation))


def turned_pixels(image: Image.Image, orientation: object) -> np.ndarray:
    """Copy the pixels of a loaded image, turned as by :func:`turned`.

    Some rows at a time: at once, Pillow and NumPy would need memory for them
    twice more.

    Args:
        image (Image.Image): Of 8 bits a channel.
        orientation (object): Of EXIF, 1 to 8; any other is taken for 1.

    Returns:
        np.ndarray: (H, W) or (H, W, C) uint8.
    """
    is_lying = orientation in range(5, 9)
    size = image.size if is_lying else image.size[::-1]
    channels = len(image.getbands())
    pixels = np.empty(size if channels == 1 else (*size, channels), np.uint8)
    as_stored = _turned_view(pixels, _TURNED_BACK.get(orientation, 1))
    for row in range(0, image.height, _ROWS):
        end = min(row + _ROWS, image.height)
        rows = image.crop((0, row, image.width, end))
        as_stored[row:end] = np.asarray(rows)
    return pixels


def _turned_view(pixels: np.ndarray, orientation: object) -> np.ndarray:
    """See :func:`turned`; not copied."""
    if orientation not in range(2, 9):
        return pixels
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def for_tiff(exif: Image.Exif, xmp: bytes | None = None) -> Image.Exif:
    """Leave out what a TIFF tells of its pixels: another stores them anew.

    Args:
        exif (Image.Exif): Changed in place, and returned.
        xmp (bytes, optional): What TIFF keeps beside it. Defaults to None.
    """
    for tag in _LAYOUT.intersection(exif):
        del exif[tag]
    if xmp:
        exif[_XMP] = xmp
    return exif
