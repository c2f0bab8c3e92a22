# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Images from and to files: one strict reader, one writer of PNG."""

import io
import os
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from mmfacesr.utils import printable, write_atomic

IMAGE_SUFFIXES = frozenset(
    ('.bmp', '.jfif', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
)
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
_ALPHA_MODES = frozenset(('RGBA', 'LA', 'PA', 'La', 'RGBa'))
_ORIENTATION = 0x0112  # EXIF tag


_IN_WORKER = '\nOriginal Traceback'  # what torch puts before an error's text


class BadSampleError(ValueError):
    """One sample of a dataset cannot be used.

    Survives pickling and the re-raise of PyTorch's data workers, which build
    the error again from a traceback as text: its last line is this error.

    Args:
        file (str): The file at fault.
        reason (str): What is wrong and what to do. Defaults to ''.
    """

    def __init__(self, file: str | os.PathLike, reason: str = '') -> None:
        if not reason and _IN_WORKER in str(file):
            text = str(file).rstrip('\n').rpartition('\n')[2]
            file, _, reason = text.partition(': ')[2].partition(': ')
        super().__init__(str(file), reason)
        self.file = str(file)
        self.reason = reason

    def __str__(self) -> str:
        name = printable(self.file)
        return f'{name}: {self.reason}' if self.reason else name


class UnreadableImageError(BadSampleError):
    """An image file is missing, damaged, too small or of an unknown kind."""


def read_image(path: str | os.PathLike, min_size: int = 1) -> np.ndarray:
    """Read any usual image as 8-bit RGB, or say by name why that fails.

    EXIF orientation is applied. Grey, palette and CMYK images are converted;
    transparent pixels are shown on white; 16-bit values are divided by 257
    and rounded; of an animation the first frame counts. Colour profiles are
    ignored. 8-bit RGB files give exactly the pixels that Pillow decodes.

    Args:
        path (str | os.PathLike): The image file.
        min_size (int): Smallest allowed side in pixels. Defaults to 1.

    Returns:
        np.ndarray: (H, W, 3) uint8, RGB, contiguous and writable.

    Raises:
        UnreadableImageError: If the file is missing, empty, truncated, not an
            image, too large (decompression bomb), of an unsupported number
            format (32-bit, float), or smaller than ``min_size``.
    """
    try:
        data = Path(path).read_bytes()
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
    image = _decode(path, data)
    if min(image.size) < min_size:
        width, height = image.size
        raise UnreadableImageError(
            path,
            f'expected at least {min_size}x{min_size} pixels, got '
            f'{width}x{height}; remove it or give a larger image',
        )
    return np.array(image)


def _decode(path: str | os.PathLike, data: bytes) -> Image.Image:
    """Decode a whole file into an upright 8-bit RGB image."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            is_16_bit = _is_16_bit(image)
            image.load()
            if is_16_bit:
                return _from_16_bit(image, data)
            if image.mode not in _EIGHT_BIT_MODES:
                raise ValueError(
                    f'expected 8 or 16 bits per channel, got '
                    f'mode {image.mode}; convert it to PNG'
                )
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError as error:
        raise UnreadableImageError(
            path,
            'is not an image in a known format; remove it or fetch it again',
        ) from error
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(
            path, f'has too many pixels ({error}); reduce it first'
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # Pillow's plugins raise many kinds
        raise UnreadableImageError(
            path, f'cannot be decoded ({error}); fetch it again or remove it'
        ) from error


def _is_16_bit(image: Image.Image) -> bool:
    """Whether the file of an opened, not yet loaded image has 16-bit values.

    Pillow silently cuts 16-bit colours to their high byte; only the raw
    format, known until the pixels are loaded, tells.
    """
    for tile in getattr(image, 'tile', ()):
        args = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw_mode = str(args[0]) if args else ''
        # 'BGR;16' is the 5-6-5 bit BMP.
        if ';16' in raw_mode and not raw_mode.startswith('BGR'):
            return True
    return False


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert an 8-bit image to RGB, transparency shown on white."""
    if image.mode in _ALPHA_MODES or 'transparency' in image.info:
        rgba = image.convert('RGBA')
        white = Image.new('RGBA', rgba.size, 'white')
        image = Image.alpha_composite(white, rgba)
    return image.convert('RGB')


def _from_16_bit(image: Image.Image, data: bytes) -> Image.Image:
    """Decode 16-bit pixels by OpenCV, which keeps all bits.

    Args:
        image (Image.Image): The same file, loaded by Pillow without an
            error, so that it is known to be complete.
        data (bytes): The file.
    """
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        raise ValueError(
            'its 16-bit pixels are of an unknown kind; convert '
            'it to an 8-bit PNG'
        )
    pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if pixels.ndim == 3:
        order = [2, 1, 0, 3][: pixels.shape[2]]  # BGR(A) -> RGB(A)
        pixels = np.ascontiguousarray(pixels[..., order])
    upright = Image.fromarray(pixels)
    upright.getexif()[_ORIENTATION] = image.getexif().get(_ORIENTATION, 1)
    return _to_rgb(ImageOps.exif_transpose(upright))


def write_image(path: str | os.PathLike, rgb: np.ndarray) -> None:
    """Write an RGB image as PNG, whole or not at all.

    Args:
        path (str | os.PathLike): A file name ending in ``.png``; missing
            folders are made.
        rgb (np.ndarray): (H, W, 3) uint8, RGB.

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
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, format='PNG')
    write_atomic(path, buffer.getvalue())


def list_images(folder: str | os.PathLike) -> list[str]:
    """Name all images below a folder.

    Known by suffix in any case (``IMAGE_SUFFIXES``). Linked folders are
    followed, hidden files and folders (``.name``) are left out.

    Args:
        folder (str | os.PathLike): The folder to walk through.

    Returns:
        list[str]: Names relative to ``folder`` with forward slashes, sorted.

    Raises:
        FileNotFoundError: If the folder is missing or holds no image.
        NotADirectoryError: If it is a file.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileNotFoundError(
            f'Expected a folder of images, got {printable(folder)}, which '
            'does not exist; check the path.'
        )
    if not folder.is_dir():
        raise NotADirectoryError(
            f'Expected a folder of images, got the file {printable(folder)}; '
            'give the folder that holds it.'
        )
    names = sorted(_walk(folder))
    if not names:
        raise FileNotFoundError(
            f'Expected images ({" ".join(sorted(IMAGE_SUFFIXES))}) in or '
            f'below {printable(folder)}, found none; check the path.'
        )
    return names


def _walk(folder: Path) -> list[str]:
    """Collect the image names below a folder, unsorted."""
    names = []
    visited = set()
    for here, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        # A link back to a folder above would go round for ever.
        folders[:] = (
            []
            if real in visited
            else [name for name in folders if not name.startswith('.')]
        )
        if real in visited:
            continue
        visited.add(real)
        prefix = Path(here).relative_to(folder).as_posix()
        prefix = '' if prefix == '.' else f'{prefix}/'
        names += [
            prefix + name
            for name in files
            if not name.startswith('.')
            and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES
        ]
    return names
