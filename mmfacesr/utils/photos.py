# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A person's photo: read with all it carries, changed, written again."""

import logging
import os
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from mmengine.logging import print_log
from PIL import Image

from mmfacesr.utils import printable, write_atomic
from mmfacesr.utils.changes import check_change
from mmfacesr.utils.color_profiles import ColorProfile, cmyk_to_srgb
from mmfacesr.utils.exif import ORIENTATION, turned_pixels, upright
from mmfacesr.utils.image_formats import READ, without_texts
from mmfacesr.utils.images import (
    ALPHA_MODES,
    decoding,
    read_image_bytes,
    to_8_bit,
)
from mmfacesr.utils.photo_files import (
    SUFFIXES,
    encode,
    encoding_of,
    enlarged_metadata,
    format_for,
    lack,
    metadata_of,
)

# Weights of R, G and B in gray: ITU-R BT.601, as Pillow has them.
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(eq=False)
class Photo:
    """The pixels of a photo, and what its file tells beside them.

    The pixels are upright and in the photo's own colors. They may be changed
    in place.

    Args:
        pixels (np.ndarray): (H, W, C) uint8 or uint16; C is 1 (gray) or 3
            (RGB).
        alpha (np.ndarray, optional): (H, W) of the same type, 0 where the
            photo is transparent. Defaults to None.
        format (str): What the file was, as Pillow names it. Defaults to
            'PNG'.
        metadata (dict): Options of Pillow's ``save`` that any format may
            take: exif, icc_profile, xmp, dpi, comment.
        encoding (dict): Options of ``save`` for this format only.
        profile (ColorProfile, optional): The colors of the pixels; None if
            they are sRGB, or taken for it. Defaults to None.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    format: str = 'PNG'
    metadata: dict[str, Any] = field(default_factory=dict)
    encoding: dict[str, Any] = field(default_factory=dict)
    profile: ColorProfile | None = None

    @classmethod
    def from_array(cls, array: np.ndarray) -> 'Photo':
        """Take pixels for a photo in sRGB, without a copy.

        Args:
            array (np.ndarray): (H, W) or (H, W, 1 to 4) uint8 or uint16:
                gray, gray and alpha, RGB, or RGBA.

        Raises:
            ValueError: If it is of another shape or type.
        """
        array = array[..., None] if array.ndim == 2 else array
        channels = array.shape[2] if array.ndim == 3 else 0
        is_known = array.dtype in (np.uint8, np.uint16) and array.size
        if not is_known or not 1 <= channels <= 4:
            raise ValueError(
                'Expected (H, W) or (H, W, 1 to 4) uint8 or uint16, got '
                f'{array.shape} {array.dtype}; round and clip it first.'
            )
        alpha = array[..., -1] if channels in (2, 4) else None
        return cls(array[..., : 1 if channels < 3 else 3], alpha)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.pixels.shape[:2]

    def srgb(self) -> np.ndarray:
        """The photo in sRGB, transparent pixels as if they were not.

        Returns:
            np.ndarray: (H, W, 3) uint8; ``pixels`` itself where that is the
            same, so do not write to it.
        """
        pixels = to_8_bit(self.pixels)
        if self.profile is not None:
            return self.profile.to_srgb(pixels)
        return pixels.repeat(3, axis=2) if pixels.shape[2] == 1 else pixels

    def add(self, x: int, y: int, change: np.ndarray) -> None:
        """Add to the pixels of a box, in place, rounded and clipped.

        A pixel whose change is 0 keeps its bits, whatever its colors are.

        Args:
            x (int): Column of the left edge of the box.
            y (int): Row of its upper edge.
            change (np.ndarray): (h, w, 3) float32, RGB, in units of 8-bit
                sRGB, [-255, 255].

        Raises:
            ValueError: If the box is not within the photo, or the change is
                of another shape or not finite.
        """
        check_change(x, y, change, self.size)
        height, width = change.shape[:2]
        box = self.pixels[y : y + height, x : x + width]
        largest = np.iinfo(box.dtype).max
        total = box + self._in_own_colors(box, change) * (largest // 255)
        box[...] = np.rint(total.clip(0, largest))

    def _in_own_colors(
        self, box: np.ndarray, change: np.ndarray
    ) -> np.ndarray:
        """What a change in sRGB is in the photo's colors, in 8-bit units."""
        change = change.astype(np.float32, copy=False)
        if self.profile is None:
            gray = box.shape[2] == 1
            return (change @ _LUMA)[..., None] if gray else change
        before = self.profile.to_srgb(to_8_bit(box))
        after = np.rint((before + change).clip(0, 255)).astype(np.uint8)
        old, new = map(self.profile.from_srgb, (before, after))
        return new.astype(np.float32) - old

    def copy(self) -> 'Photo':
        """The same with pixels of its own; the rest is shared."""
        alpha = None if self.alpha is None else self.alpha.copy()
        return replace(self, pixels=self.pixels.copy(), alpha=alpha)

    def enlarged(self, factor: int) -> 'Photo':
        """The photo at a larger size, of the same size when printed.

        Args:
            factor (int): At least 1; Pillow's Lanczos, each channel alone.
        """
        if factor < 1:
            raise ValueError(
                f'Expected a factor of at least 1, got {factor}; this only '
                'enlarges.'
            )
        planes = [
            _enlarged(self.pixels[..., channel], factor)
            for channel in range(self.pixels.shape[2])
        ]
        alpha = self.alpha
        return replace(
            self,
            pixels=np.stack(planes, axis=2),
            alpha=None if alpha is None else _enlarged(alpha, factor),
            metadata=enlarged_metadata(self.metadata, self.size, factor),
        )


def _enlarged(plane: np.ndarray, factor: int) -> np.ndarray:
    """Enlarge one channel, (H, W)."""
    size = plane.shape[1] * factor, plane.shape[0] * factor
    deep = plane.dtype == np.uint16
    image = Image.fromarray(plane.astype(np.float32) if deep else plane)
    large = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
    return np.rint(large.clip(0, 65535)).astype(np.uint16) if deep else large


def read_photo(path: str | os.PathLike) -> Photo:
    """Read a photo with its colors, its EXIF data and its encoding.

    The EXIF orientation is applied and then 1. Palettes become RGB, CMYK
    becomes sRGB, and of an animation the first picture is taken. A color
    profile that cannot be used is kept, and the colors are taken for sRGB.

    Args:
        path (str | os.PathLike): The image file.

    Raises:
        UnreadableImageError: As :func:`mmfacesr.utils.images.read_image`.
    """
    return decode_photo(path, read_image_bytes(path))


def decode_photo(name: str | os.PathLike, data: bytes) -> Photo:
    """Read a photo as :func:`read_photo` from the bytes of its file.

    Args:
        name (str | os.PathLike): What messages call it.
        data (bytes): The whole file.

    Raises:
        UnreadableImageError: If it cannot be decoded.
    """
    with decoding(name, without_texts(data)) as (image, deep):
        metadata = metadata_of(image, data)
        array = deep
        if array is None:
            orientation = image.getexif().get(ORIENTATION)
            image_8_bit = _in_plain_mode(image, name, metadata)
            array = turned_pixels(image_8_bit, orientation)
        photo = Photo.from_array(array)
        if 'exif' in metadata:
            metadata['exif'] = upright(metadata['exif'], photo.size)
        photo.metadata, photo.encoding = metadata, encoding_of(image, data)
        photo.format = 'JPEG' if image.format == 'MPO' else image.format
        photo.profile = _profile(name, photo)
        if getattr(image, 'is_animated', False):
            _warn(name, 'holds several pictures; only the first is taken')
        return photo


def _in_plain_mode(
    image: Image.Image, path: str | os.PathLike, metadata: dict[str, Any]
) -> Image.Image:
    """Convert an 8-bit image to L, LA, RGB or RGBA."""
    if image.mode == 'CMYK':
        profile = metadata.pop('icc_profile', None)
        try:
            return cmyk_to_srgb(image, profile)
        except ValueError as error:
            _warn(path, f'its color profile is not used: {error}')
            return image.convert('RGB')
    mode = 'L' if image.mode in ('1', 'L', 'LA', 'La') else 'RGB'
    if image.mode in ALPHA_MODES or 'transparency' in image.info:
        mode += 'A'
    return image if image.mode == mode else image.convert(mode)


def _profile(path: str | os.PathLike, photo: Photo) -> ColorProfile | None:
    """The profile of a photo, unless it is that of sRGB."""
    data = photo.metadata.get('icc_profile')
    if data is None:
        return None
    try:
        profile = ColorProfile(data, photo.pixels.shape[2])
    except ValueError as error:
        _warn(path, f'its color profile is not used: {error}')
        return None
    return None if profile.is_srgb else profile


def _warn(path: str | os.PathLike, what: str) -> None:
    print_log(f'{printable(path)}: {what}', 'current', logging.WARNING)


def write_photo(
    path: str | os.PathLike, photo: Photo, quality: int | None = None
) -> None:
    """Write a photo with all it carries, whole or not at all.

    Args:
        path (str | os.PathLike): Its suffix chooses the format: JPEG, PNG,
            WebP, TIFF or BMP. Missing folders are made.
        photo (Photo): What to write.
        quality (int, optional): Of JPEG and WebP, 1 to 100. By default that
            of the file it was if it had this format (WebP: 90, or lossless
            again); else 95 for JPEG, and 90 for WebP.

    Raises:
        ValueError: If the format cannot hold the photo (see
            :func:`suffix_for`), is not written, or the quality is none.
        OSError: If it cannot be written.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise ValueError(
            f'Expected a quality of 1 to 100, got {quality}; 95 is high.'
        )
    write_atomic(path, encode(photo, format_for(path, photo), quality))


def suffix_for(photo: Photo, own: str = '') -> str:
    """The suffix under which :func:`write_photo` keeps the photo's format.

    Args:
        photo (Photo): What is to be written.
        own (str): The suffix that it had, which stays if it is one of the
            format. Defaults to '', none.

    Returns:
        str: '.jpg', '.png', '.webp', '.tif' or '.bmp'; '.png' for all that
        cannot be written as it came.
    """
    name = photo.format
    suffix = '.png' if lack(photo, name) else SUFFIXES[name]
    known = READ.get(name, ())
    return own if own.lower() in known and suffix in known else suffix
