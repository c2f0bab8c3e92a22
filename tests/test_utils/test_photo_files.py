# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Files of photos: what they tell beside their pixels stays."""

import io
import struct
from pathlib import Path

import icc_profiles
import numpy as np
import pytest
from camera_exif import IFD, ORIENTATION, camera_exif, changed_bytes
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

from mmfacesr.utils.exif import turned_pixels
from mmfacesr.utils.photos import read_photo, suffix_for, write_photo

XMP = b'<x:xmpmeta tiff:Orientation="6">words</x:xmpmeta>'
UPRIGHT_XMP = XMP.replace(b'6', b'1')


def directories(path: Path) -> list[dict]:
    """EXIF data of a file as Pillow reads them, without where they are."""
    exif = Image.open(path).getexif()
    first = {k: v for k, v in exif.items() if k not in (IFD.Exif, IFD.GPSInfo)}
    return [first, exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)]


def test_a_photo_of_a_camera_comes_back_whole(tmp_path, array):
    path, again = tmp_path / 'a.jpg', tmp_path / 'b.jpg'
    exif, profile = camera_exif(), icc_profiles.display_p3()
    Image.fromarray(array).save(
        path, exif=exif, icc_profile=profile, xmp=XMP, comment=b'words',
        quality=83, subsampling=1, progressive=True, dpi=(240, 240),
        extra=b'\xff\xed\0\x0dPhotoshop 3',
    )  # fmt: skip
    photo = read_photo(path)
    assert photo.format == 'JPEG'
    assert suffix_for(photo) == suffix_for(photo, '.png') == '.jpg'
    assert suffix_for(photo, '.JPE') == '.JPE'
    assert photo.size == (64, 48)
    expected = ImageOps.exif_transpose(Image.open(path))
    np.testing.assert_array_equal(photo.pixels, np.array(expected))

    write_photo(again, photo)
    old, new = Image.open(path), Image.open(again)
    assert new.size == (48, 64)
    assert new.info['icc_profile'] == profile
    assert new.info['xmp'] == UPRIGHT_XMP
    assert new.info['comment'] == b'words'
    assert new.info['dpi'] == (240, 240)
    assert new.info['progressive']
    assert new.quantization == old.quantization
    assert get_sampling(new) == get_sampling(old) == 1
    assert ('APP13', b'Photoshop 3') in new.applist
    assert changed_bytes(exif, new.info['exif']) == [(6, 1)]
    assert new.getexif()[ORIENTATION] == 1
    error = np.array(new).astype(int) - photo.pixels
    assert np.abs(error).mean() < 1.5


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif'])
def test_every_orientation(tmp_path, array, suffix, orientation):
    path = tmp_path / f'a{suffix}'
    Image.fromarray(array).save(path, exif=camera_exif(orientation))
    expected = ImageOps.exif_transpose(Image.open(path))
    photo = read_photo(path)
    np.testing.assert_array_equal(photo.pixels, np.array(expected))
    write_photo(path, photo)
    assert Image.open(path).getexif().get(ORIENTATION, 1) == 1
    assert read_photo(path).size == photo.size


@pytest.mark.parametrize('orientation', [*range(10), None, 'words'])
@pytest.mark.parametrize('mode', ['L', 'LA', 'RGB', 'RGBA'])
def test_large_images_are_turned_by_parts(mode, orientation):
    noise = np.random.default_rng(0).integers(0, 256, (600, 70, 4), np.uint8)
    image = Image.fromarray(noise).convert(mode)
    tagged = image.copy()
    tagged.getexif()[ORIENTATION] = orientation
    expected = np.array(ImageOps.exif_transpose(tagged))
    pixels = turned_pixels(image, orientation)
    assert pixels.flags.c_contiguous and pixels.flags.owndata
    np.testing.assert_array_equal(pixels, expected)


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif'])
@pytest.mark.parametrize('source', ['.jpg', '.png', '.webp', '.tif'])
def test_metadata_go_into_every_format(tmp_path, array, source, suffix):
    path, again = tmp_path / f'a{source}', tmp_path / f'b{suffix}'
    exif, profile = camera_exif(1), icc_profiles.display_p3()
    Image.fromarray(array).save(
        path, exif=exif, icc_profile=profile, dpi=(240, 240)
    )
    write_photo(again, read_photo(path))
    assert Image.open(again).info['icc_profile'] == profile
    if '.webp' not in (source, suffix):
        assert Image.open(again).info['dpi'] == pytest.approx((240, 240), 1e-4)
    Image.fromarray(array).save(tmp_path / 'c.jpg', exif=exif)
    first, *others = directories(again)
    expected, *expected_others = directories(tmp_path / 'c.jpg')
    assert others == expected_others
    assert first[0x010F] == expected[0x010F]
    if '.tif' not in (source, suffix):
        assert first == expected


@pytest.mark.parametrize('suffix', ['.png', '.webp', '.tif', '.jpg'])
def test_xmp_goes_into_every_format(tmp_path, array, suffix):
    Image.fromarray(array).save(tmp_path / 'a.jpg', xmp=XMP)
    write_photo(tmp_path / f'b{suffix}', read_photo(tmp_path / 'a.jpg'))
    image = Image.open(tmp_path / f'b{suffix}')
    assert image.size == (48, 64)
    assert image.info['xmp'] == UPRIGHT_XMP
    photo = read_photo(tmp_path / f'b{suffix}')
    assert photo.metadata['xmp'] == UPRIGHT_XMP


def test_sizes_and_thumbnail_in_exif_follow(tmp_path, array):
    thumbnail = io.BytesIO()
    Image.fromarray(array[:6, :8]).save(thumbnail, 'JPEG')
    exif = bytearray(camera_exif(6, array.shape[:2]))
    (count,) = struct.unpack_from('>H', exif, 14)
    entries = struct.pack(
        '>HHHIIHHIII', 2, 0x0201, 4, 1, len(exif) - 6 + 30,
        0x0202, 4, 1, len(thumbnail.getvalue()), 0,
    )  # fmt: skip
    struct.pack_into('>I', exif, 16 + 12 * count, len(exif) - 6)
    path = tmp_path / 'a.jpg'
    exif = bytes(exif) + entries + thumbnail.getvalue()
    Image.fromarray(array).save(path, exif=exif, dpi=(72, 72))
    assert Image.open(path).getexif().get_ifd(IFD.IFD1)
    photo = read_photo(path)
    large = photo.enlarged(4)
    for kept, factor in ((photo, 1), (large, 4)):
        write_photo(tmp_path / 'b.jpg', kept)
        first, camera, _ = directories(tmp_path / 'b.jpg')
        assert (camera[0xA003], camera[0xA002]) == kept.size
        assert first[0x011A] == first[0x011B] == 72 * factor
        image = Image.open(tmp_path / 'b.jpg')
        assert image.info['dpi'] == (72 * factor, 72 * factor)
        assert not image.getexif().get_ifd(IFD.IFD1)
    assert photo.metadata['dpi'] == (72, 72)


def test_damaged_exif_are_carried(tmp_path, array):
    for exif in (b'Exif\0\0MM\0*\0\0\0\x08\xff\xff', b'Exif\0\0words'):
        path = tmp_path / 'a.jpg'
        Image.fromarray(array).save(path, exif=exif)
        write_photo(path, read_photo(path).enlarged(2))
        assert Image.open(path).info['exif'] == exif
