# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whole pictures of all formats and modes, to be damaged."""

import functools
import io
import struct
from typing import Any

import cv2
import numpy as np
from camera_exif import camera_exif
from PIL import Image, ImageCms, PngImagePlugin


def encoded(image: Image.Image, name: str, **options: Any) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return buffer.getvalue()


def picture(mode: str, side: int = 24) -> Image.Image:
    """A small picture with structure."""
    array = np.random.default_rng(3).integers(0, 256, (side, side, 3))
    return Image.fromarray(array.astype(np.uint8)).convert(mode)


@functools.cache
def pictures() -> dict[str, bytes]:
    """Name, with its ending -> file."""
    rgb, gray, rgba = map(picture, ('RGB', 'L', 'RGBA'))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB'))
    more = dict(exif=camera_exif(), icc_profile=profile.tobytes())
    info = PngImagePlugin.PngInfo()
    info.add_text('Raw profile type exif', '\nexif\n8\n' + 'ab' * 8, zip=True)
    info.add_itxt('XML:com.adobe.xmp', '<x tiff:Orientation="6"/>')
    deep = np.random.default_rng(4).integers(0, 65536, (40, 40, 3), np.uint16)
    found = {
        'rgb.png': encoded(rgb, 'PNG', pnginfo=info, **more),
        'palette.png': encoded(rgb.convert('P'), 'PNG', transparency=3),
        'gray.png': encoded(picture('LA'), 'PNG'),
        'rgb.jpg': encoded(rgb, 'JPEG', comment=b'x', dpi=(72, 72), **more),
        'progressive.jpg': encoded(rgb, 'JPEG', progressive=True),
        'cmyk.jpg': encoded(picture('CMYK'), 'JPEG', **more),
        'many.jpg': encoded(
            rgb, 'MPO', save_all=True, append_images=[rgb], **more
        ),
        'rgba.webp': encoded(rgba, 'WEBP', lossless=True, **more),
        'rgb.webp': encoded(rgb, 'WEBP', xmp=b'<x/>', **more),
        'moving.webp': encoded(
            rgb, 'WEBP', save_all=True, append_images=[gray]
        ),
        'rgb.bmp': encoded(rgb, 'BMP'),
        'palette.bmp': encoded(rgb.convert('P'), 'BMP'),
        'raw.tif': encoded(rgb, 'TIFF', **more),
        'lzw.tif': encoded(rgba, 'TIFF', compression='tiff_lzw'),
        'deflate.tif': encoded(gray, 'TIFF', compression='tiff_adobe_deflate'),
        'jpeg.tif': encoded(rgb, 'TIFF', compression='jpeg'),
        'fax.tif': encoded(picture('1'), 'TIFF', compression='group4'),
        'moving.gif': encoded(
            rgb, 'GIF', save_all=True, append_images=[gray], comment=b'x'
        ),
        'rgb.jp2': encoded(rgb, 'JPEG2000'),
        'rgba.j2k': encoded(rgba, 'JPEG2000', no_jp2=True),
        'rgb.avif': encoded(rgb, 'AVIF', speed=10, **more),
    }
    for ending in ('.png', '.tif', '.jp2'):
        found[f'deep{ending}'] = cv2.imencode(ending, deep)[1].tobytes()
    return found


def directory_bomb(entries: int, size: int, order: str = '<') -> bytes:
    """EXIF data whose entries all claim the same bytes."""
    head = b'II*\0' if order == '<' else b'MM\0*'
    rows = b''.join(
        struct.pack(f'{order}HHII', 40000 + i, 7, size, 8)
        for i in range(entries)
    )
    count = struct.pack(f'{order}H', entries)
    start = struct.pack(f'{order}I', 8 + size)
    return head + start + bytes(size) + count + rows + bytes(4)
