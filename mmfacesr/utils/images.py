# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images from and to files: one strict reader, one writer of PNG."""

import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from mmfacesr.utils import read_regular, write_atomic
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.bombs import refuse_bomb, refuse_hidden_bomb
from mmfacesr.utils.exif import (
    ORIENTATION,
    ExifNumbers,
    turned,
    turned_pixels,
)
from mmfacesr.utils.image_formats import (
    READ,
    VIDEO_SUFFIXES,
    suffix_of,
    unread_kind,
    without_texts,
)

MAX_BYTES = 1 << 30
"""Largest file that is read."""
MAX_PIXELS = 178_956_970
"""Most pixels that are decoded: Pillow's limit, whoever has changed it."""
# Modes whose pixels Pillow converts to 8-bit RGB without a guess about range.
_EIGHT_BIT_MODES = frozenset(
    (
        '1',
        'L',
        'P',
        'RGB',
        'RGBX',
        'RGBA',
        'LA',
        'PA',
        'La',
        'RGBa',
        'CMYK',
        'YCbCr',
        'HSV',
    )
)
ALPHA_MODES = frozenset(('RGBA', 'LA', 'PA', 'La', 'RGBa'))
"""Modes of Pillow that tell how transparent a pixel is."""
_TO_8_BIT = ((np.arange(1 << 16) + 128) // 257).astype(np.uint8)


class UnreadableImageError(BadSampleError):
    """An image file is missing, damaged, too small or of an unknown kind."""


def read_image(path: str | os.PathLike, min_size: int = 1) -> np.ndarray:
    """Read any usual image as 8-bit RGB, or say by name why that fails.

    EXIF orientation is applied. Gray, palette and CMYK images are converted;
    transparent pixels are shown on white; 16-bit values are divided by 257
    and rounded (those of JPEG 2000 and AVIF by their decoders); of an
    animation the first frame counts. Color profiles are ignored. 8-bit RGB
    files give exactly the pixels that Pillow decodes.

    Args:
        path (str | os.PathLike): The image file.
        min_size (int): Smallest allowed side in pixels. Defaults to 1.

    Returns:
        np.ndarray: (H, W, 3) uint8, RGB, contiguous and writable.

    Raises:
        UnreadableImageError: If the file is missing, empty, truncated, no
            regular file, not an image of a format of ``READ``, too large
            (``MAX_BYTES``, ``MAX_PIXELS``, the memory; see also
            :func:`mmfacesr.utils.bombs.refuse_bomb`), of an unsupported
            number format (32-bit, float), or smaller than ``min_size``.
    """
    data = without_texts(read_image_bytes(path))
    with decoding(path, data) as (image, deep):
        if deep is None:
            ImageOps.exif_transpose(image, in_place=True)
        else:
            image = Image.fromarray(to_8_bit(deep))
        image = turned_pixels(_to_rgb(image), 1)
    height, width = image.shape[:2]
    if min(height, width) < min_size:
        raise UnreadableImageError(
            path,
            f'expected at least {min_size}x{min_size} pixels, got '
            f'{width}x{height}; remove it or give a larger image',
        )
    return image


def read_image_bytes(path: str | os.PathLike) -> bytes:
    """Read the file of an image, say for its hash.

    Raises:
        UnreadableImageError: If it is missing, empty, larger than
            ``MAX_BYTES``, or no regular file.
    """
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as error:
        raise UnreadableImageError(
            path,
            f'cannot be opened ({error.strerror}); check the path and '
            'its permissions',
        ) from error
    if not data:
        raise UnreadableImageError(
            path, 'is empty (0 bytes); fetch it again or remove it'
        )
    return data


@contextmanager
def decoding(
    path: str | os.PathLike, data: bytes
) -> Iterator[tuple[Image.Image, np.ndarray | None]]:
    """Decode a whole file, and say by its name what goes wrong with it.

    Args:
        path (str | os.PathLike): The image file.
        data (bytes): What it holds.

    Yields:
        tuple[Image.Image, np.ndarray | None]: The loaded image, of 8 bits and
        not turned yet (but TIFF); (H, W) or (H, W, 3 or 4) uint16, RGB(A) and
        upright, if the file has 16 bits.

    Raises:
        UnreadableImageError: As :func:`read_image`, also for what is raised
            inside the block.
    """
    try:
        refuse_bomb(data)
        with Image.open(io.BytesIO(data), formats=tuple(READ)) as image:
            refuse_hidden_bomb(image)
            _check_pixels(image)
            is_16_bit = _is_16_bit(image)
            image.load()
            if not is_16_bit and image.mode not in _EIGHT_BIT_MODES:
                raise ValueError(
                    f'expected 8 or 16 bits per channel, got '
                    f'mode {image.mode}; convert it to PNG'
                )
            yield image, _decode_16_bit(image, data) if is_16_bit else None
    except UnidentifiedImageError as error:
        raise UnreadableImageError(path, _unknown(path, data)) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(
            path, f'has too many pixels ({error}); reduce it first'
        ) from error
    except MemoryError as error:
        raise UnreadableImageError(
            path, 'needs more memory than is free; reduce it first'
        ) from error
    except Exception as error:  # Pillow's plugins raise many kinds
        raise UnreadableImageError(
            path, f'cannot be decoded ({error}); fetch it again or remove it'
        ) from error


def _unknown(path: str | os.PathLike, data: bytes) -> str:
    """What to do with a file that none of the decoders takes."""
    if suffix_of(path) in VIDEO_SUFFIXES:
        return 'is a video; restore it by `mmfacesr video`'
    kind = unread_kind(suffix_of(path), data)
    if kind is None:
        return 'is not an image in a known format; remove it or fetch it again'
    return (
        f'is not in a format that is read ({kind}); convert it to PNG, for '
        'instance by ImageMagick'
    )


def _check_pixels(image: Image.Image) -> None:
    """Refuse an opened image that would take gigabytes when loaded.

    Pillow does so too unless some library has lifted its limit.
    """
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise Image.DecompressionBombError(f'{pixels}, limit {MAX_PIXELS}')


def _is_16_bit(image: Image.Image) -> bool:
    """Whether the file of an opened, not yet loaded image has 16-bit values.

    Pillow silently cuts 16-bit colors to their high byte; only the raw
    format, known until the pixels are loaded, tells.
    """
    for tile in getattr(image, 'tile', ()):
        args = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw_mode = str(args[0]) if args else ''
        # 'BGR;16' is the 5-6-5 bit BMP.
        if ';16' in raw_mode and not raw_mode.startswith('BGR'):
            return True
    return False


def to_8_bit(pixels: np.ndarray) -> np.ndarray:
    """Divide uint16 values by 257 and round them; return uint8 as it is."""
    return pixels if pixels.dtype == np.uint8 else _TO_8_BIT[pixels]


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert an 8-bit image to RGB, transparency shown on white."""
    if image.mode in ALPHA_MODES or 'transparency' in image.info:
        rgba = image.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        image = Image.alpha_composite(white, rgba)
    return image if image.mode == 'RGB' else image.convert('RGB')


def _decode_16_bit(image: Image.Image, data: bytes) -> np.ndarray:
    """Decode 16-bit pixels by OpenCV, which keeps all bits.

    Args:
        image (Image.Image): The same file, loaded by Pillow without an
            error, so that it is known to be complete.
        data (bytes): The file.

    Returns:
        np.ndarray: (H, W) or (H, W, 3 or 4) uint16, RGB(A), upright.
    """
    orientation = image.getexif().get(ORIENTATION, 1)
    if image.format == 'TIFF':  # OpenCV would turn it halfway
        numbers = ExifNumbers(data)
        orientation = numbers.get(ORIENTATION)
        numbers.set(ORIENTATION, 1)
        data = numbers.data
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError(
            'its 16-bit pixels are of an unknown kind; convert '
            'it to an 8-bit PNG'
        )
    if pixels.ndim == 3:
        order = [2, 1, 0, 3][: pixels.shape[2]]  # BGR(A) -> RGB(A)
        pixels = np.ascontiguousarray(pixels[..., order])
    return turned(pixels, orientation)


def write_image(
    path: str | os.PathLike,
    rgb: np.ndarray,
    texts: Mapping[str, str] | None = None,
) -> None:
    """Write an RGB image as PNG, whole or not at all.

    Args:
        path (str | os.PathLike): A file name ending in ``.png``; missing
            folders are made.
        rgb (np.ndarray): (H, W, 3) uint8, RGB.
        texts (Mapping[str, str], optional): What the file tells beside its
            pixels, ASCII; see :func:`read_text`.

    Raises:
        ValueError: If the name or the array is of another kind.
    """
    if Path(path).suffix.lower() != '.png':
        raise ValueError(f'Expected a file name ending in .png, got {path}.')
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
        raise ValueError(
            'Expected (H, W, 3) uint8 RGB, got '
            f'{rgb.shape} {rgb.dtype}; round and clip it first.'
        )
    info = PngImagePlugin.PngInfo()
    for key, text in (texts or {}).items():
        info.add_text(key, text)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format='PNG', pnginfo=info)
    write_atomic(path, buffer.getvalue())


def read_text(path: str | os.PathLike, key: str) -> str | None:
    """Read a text that :func:`write_image` has put into a file.

    Returns:
        str | None: The text, '' if the pixels behind it are damaged; None if
        the file has no such text, or is none that can be read.
    """
    text = None
    try:
        data = read_image_bytes(path)
        with Image.open(io.BytesIO(data), formats=('PNG',)) as image:
            text = image.info.get(key)
            if text is not None:
                _check_pixels(image)
                image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None if text is None else ''
    return text
