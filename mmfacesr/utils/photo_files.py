# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the file of a photo tells beside its pixels, read and written."""

import io
import os
import re
import struct
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image, PngImagePlugin
from PIL.JpegImagePlugin import get_sampling

from mmfacesr.utils import printable
from mmfacesr.utils.exif import (
    DIRECTORIES,
    EXIF_HEADER,
    ExifNumbers,
    for_tiff,
)
from mmfacesr.utils.image_formats import (
    PNG_HEADER_END,
    READ,
    png_chunks,
    png_profile,
    png_remarks,
    suffix_of,
)

if TYPE_CHECKING:
    from mmfacesr.utils.photos import Photo

SUFFIXES = {
    'JPEG': '.jpg',
    'PNG': '.png',
    'WEBP': '.webp',
    'TIFF': '.tif',
    'BMP': '.bmp',
}
"""Formats that are written -> suffix."""
_FORMATS = {suffix: name for name in SUFFIXES for suffix in READ[name]}
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:="|>))[0-9]')
_MOST_PIXELS = {'JPEG': 65500, 'WEBP': 16383}  # of a side
_MOST_EXIF = 65533  # bytes in a segment of JPEG
_MOST_XMP = 65504  # the same less the name of XMP
_MOST_DPI = 65535  # JPEG has 16 bits for it
# Quality where the photo came in another format.
_JPEG_QUALITY = 95
_WEBP_QUALITY = 90
_APP13 = b'\xff\xed'
# Compressions of TIFF without loss, which suit 8 bits; deflate for others.
_TIFF_COMPRESSIONS = ('raw', 'packbits', 'tiff_lzw', 'tiff_adobe_deflate')
_PIXEL_CHUNKS = (b'IHDR', b'IDAT', b'IEND')


def metadata_of(image: Image.Image, data: bytes) -> dict[str, Any]:
    """Collect what all formats may hold, as options of Pillow's ``save``.

    Args:
        image (Image.Image): The loaded image.
        data (bytes): Its file.

    Returns:
        dict[str, Any]: As far as they are there: exif (bytes with
        ``EXIF_HEADER``), icc_profile, xmp (that of upright pixels), comment
        (bytes), dpi (two floats).
    """
    found = {
        'exif': _exif_of(image),
        'icc_profile': image.info.get('icc_profile'),
        'xmp': image.info.get('xmp'),
        'comment': image.info.get('comment'),
    }
    if image.format == 'PNG':  # not shown to Pillow, which may refuse it
        found['icc_profile'] = png_profile(data)
    found = {k: v for k, v in found.items() if v and isinstance(v, bytes)}
    if 'xmp' in found:
        found['xmp'] = _XMP_ORIENTATION.sub(rb'\g<1>1', found['xmp'])
    dpi = tuple(float(value) for value in image.info.get('dpi', ()))
    if len(dpi) == 2 and all(0 < value <= _MOST_DPI for value in dpi):
        found['dpi'] = dpi
    return found


def _exif_of(image: Image.Image) -> bytes:
    """EXIF data of a file, as they are where a format keeps them in a row."""
    exif = image.info.get('exif', b'')
    if not exif and 'Raw profile type exif' in image.info:
        lines = image.info['Raw profile type exif'].split('\n')
        exif = bytes.fromhex(''.join(lines[3:]))
    if not exif and image.format == 'TIFF':
        tags = for_tiff(image.getexif())
        exif = tags.tobytes() if len(tags) else b''
    if not exif or exif.startswith(EXIF_HEADER):
        return exif
    return EXIF_HEADER + exif


def enlarged_metadata(
    metadata: dict[str, Any], size: tuple[int, int], factor: int
) -> dict[str, Any]:
    """The metadata of a photo (h, w) that is enlarged and printed as large."""
    changed = dict(metadata)
    if 'dpi' in changed:
        changed['dpi'] = tuple(value * factor for value in changed['dpi'])
    if 'exif' in changed:
        numbers = ExifNumbers(changed['exif'])
        numbers.enlarge(size, factor)
        changed['exif'] = bytes(numbers.data)
    return changed


def encoding_of(image: Image.Image, data: bytes) -> dict[str, Any]:
    """Find how a file is compressed, and what only its format can hold.

    Args:
        image (Image.Image): The loaded image.
        data (bytes): Its file.

    Returns:
        dict[str, Any]: Options of Pillow's ``save``, but ``remarks`` of PNG:
        list of (name, content) of chunks.
    """
    if image.format in ('JPEG', 'MPO'):
        return _jpeg_encoding(image)
    if image.format == 'WEBP':
        # Other pixels hold these letters by chance once in 4 GB, and are then
        # written without loss.
        return {'lossless': True, 'exact': True} if b'VP8L' in data else {}
    if image.format == 'TIFF':
        return {'compression': image.info.get('compression')}
    if image.format == 'PNG':
        return {'remarks': png_remarks(data)}
    return {}


def _jpeg_encoding(image: Image.Image) -> dict[str, Any]:
    """Tables in the order in which Pillow gives them to the channels."""
    order = dict.fromkeys(table for *_, table in image.layer)
    tables = [image.quantization.get(table) for table in order]
    photoshop = [body for kind, body in image.applist if kind == 'APP13']
    encoding = {
        'subsampling': max(get_sampling(image), 0),  # -1: none that is usual
        'progressive': 'progressive' in image.info,
        'extra': b''.join(
            _APP13 + struct.pack('>H', len(body) + 2) + body
            for body in photoshop
        ),
    }
    return encoding if None in tables else {**encoding, 'qtables': tables}


def format_for(path: str | os.PathLike, photo: 'Photo') -> str:
    """The format that a file's suffix asks for, as Pillow names it.

    Raises:
        ValueError: If there is none, or none that can hold the photo.
    """
    name = _FORMATS.get(suffix_of(path))
    if name is None:
        raise ValueError(
            f'Expected a name ending in {", ".join(SUFFIXES.values())}, got '
            f'{printable(path)}; choose one of these.'
        )
    missing = lack(photo, name)
    if missing:
        raise ValueError(
            f'Expected a photo that {name} can hold, got {missing} for '
            f'{printable(path)}; write a .png.'
        )
    return name


def lack(photo: 'Photo', name: str) -> str | None:
    """What of a photo a format cannot hold; None if it can hold all.

    Args:
        photo (Photo): What would be written.
        name (str): The format, as Pillow names it.
    """
    if name not in SUFFIXES:
        return f'{name}, which is not written'
    if name != 'PNG' and photo.pixels.dtype != np.uint8:
        return '16 bits per channel'
    if name in ('JPEG', 'BMP') and not _is_opaque(photo):
        return 'transparent pixels'
    if name == 'BMP' and photo.profile is not None:
        return 'a color profile'
    height, width = photo.size
    if max(height, width) > _MOST_PIXELS.get(name, width + height):
        return f'{width}x{height} pixels'
    sizes = (len(photo.metadata.get(key, b'')) for key in ('exif', 'xmp'))
    if name == 'JPEG' and any(
        size > most for size, most in zip(sizes, (_MOST_EXIF, _MOST_XMP))
    ):
        return 'EXIF or XMP data of more than 64 KB'
    return None


def _is_opaque(photo: 'Photo') -> bool:
    largest = np.iinfo(photo.pixels.dtype).max
    return photo.alpha is None or bool((photo.alpha == largest).all())


def encode(photo: 'Photo', name: str, quality: int | None) -> bytes:
    """Compress a photo in a format that can hold it.

    Args:
        photo (Photo): What to write.
        name (str): The format, as Pillow names it.
        quality (int, optional): See
            :func:`mmfacesr.utils.photos.write_photo`.
    """
    options = {**photo.metadata, **_options(photo, name, quality)}
    if photo.pixels.dtype == np.uint16:
        return _encode_16_bit(photo, options)
    hides_alpha = photo.alpha is None or name in ('JPEG', 'BMP')
    array = photo.pixels if hides_alpha else _with_alpha(photo)
    image = Image.fromarray(array[..., 0] if array.shape[2] == 1 else array)
    return _saved(image, name, options)


def _saved(image: Image.Image, name: str, options: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def _with_alpha(photo: 'Photo') -> np.ndarray:
    return np.concatenate([photo.pixels, photo.alpha[..., None]], axis=2)


def _options(photo: 'Photo', name: str, quality: int | None) -> dict[str, Any]:
    """Options of Pillow's ``save`` that are those of one format."""
    own = photo.encoding if photo.format == name else {}
    if name == 'JPEG':
        return _jpeg_options(own, quality)
    if name == 'WEBP':
        lossless = quality is None and 'lossless' in own
        return own if lossless else {'quality': quality or _WEBP_QUALITY}
    if name == 'TIFF':
        return _tiff_options(own, photo.metadata)
    if name == 'PNG':
        remarks = own.get('remarks', [])
        return {'pnginfo': _png_info(remarks, photo.metadata.get('xmp'))}
    return {}


def _jpeg_options(own: dict[str, Any], quality: int | None) -> dict[str, Any]:
    if quality is None and 'qtables' in own:
        return own  # a quality beside them would scale the tables
    others = {key: value for key, value in own.items() if key != 'qtables'}
    return {'subsampling': 0, **others, 'quality': quality or _JPEG_QUALITY}


def _tiff_options(
    own: dict[str, Any], metadata: dict[str, Any]
) -> dict[str, Any]:
    exif = Image.Exif()
    exif.load(metadata.get('exif', b''))
    compression = own.get('compression')
    if not exif.keys().isdisjoint(DIRECTORIES):
        compression = 'raw'  # libtiff would refuse these
    elif compression not in _TIFF_COMPRESSIONS:
        compression = 'tiff_adobe_deflate'
    exif = for_tiff(exif, metadata.get('xmp'))
    return {'compression': compression, 'exif': exif}


def _png_info(
    remarks: list[tuple[bytes, bytes]], xmp: bytes | None
) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for kind, content in remarks:
        info.add(kind, content)
    if xmp:
        info.add_itxt('XML:com.adobe.xmp', xmp)
    return info


def _encode_16_bit(photo: 'Photo', options: dict[str, Any]) -> bytes:
    """Write a PNG by OpenCV, with the metadata that Pillow would write.

    Pillow has no 16-bit colors. OpenCV has no gray with alpha: the gray is
    written thrice.
    """
    pixels = photo.pixels
    if photo.alpha is not None:
        array = _with_alpha(photo)
        order = [0, 0, 0, 1] if array.shape[2] == 2 else [2, 1, 0, 3]
        pixels = array[..., order]
    elif pixels.shape[2] == 3:
        pixels = pixels[..., ::-1]
    _, encoded = cv2.imencode('.png', pixels)
    data = encoded.tobytes()
    other = _saved(Image.new('L', (1, 1)), 'PNG', options)
    extras = [c for k, c in png_chunks(other) if k not in _PIXEL_CHUNKS]
    return b''.join((data[:PNG_HEADER_END], *extras, data[PNG_HEADER_END:]))
