# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Photos in every format: how they are compressed, and what is refused."""

import io
import struct

import cv2
import icc_profiles
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps, PngImagePlugin
from PIL.JpegImagePlugin import get_sampling

from mmfacesr.utils.images import read_image
from mmfacesr.utils.photos import Photo, read_photo, suffix_for, write_photo


@pytest.mark.parametrize('kept', [True, False])
def test_jpeg_of_a_given_quality(tmp_path, array, kept):
    Image.fromarray(array).save(tmp_path / 'a.jpg', quality=30, subsampling=0)
    photo = read_photo(tmp_path / 'a.jpg')
    write_photo(tmp_path / 'b.jpg', photo, None if kept else 90)
    Image.fromarray(array).save(tmp_path / 'c.jpg', quality=30 if kept else 90)
    expected = Image.open(tmp_path / 'c.jpg').quantization
    again = Image.open(tmp_path / 'b.jpg')
    assert again.quantization == expected
    assert get_sampling(again) == 0


def test_gray_jpeg_stays_gray(tmp_path, array):
    path = tmp_path / 'a.jpg'
    Image.fromarray(array[..., 0]).save(path, quality=40)
    photo = read_photo(path)
    assert photo.pixels.shape == (48, 64, 1)
    tables = Image.open(path).quantization
    write_photo(path, photo)
    assert Image.open(path).mode == 'L'
    assert Image.open(path).quantization == tables


@pytest.mark.parametrize('profile', [None, icc_profiles.display_p3()])
def test_cmyk_becomes_rgb(tmp_path, array, said, profile):
    path = tmp_path / 'a.jpg'
    cmyk = Image.fromarray(array).convert('CMYK')
    cmyk.save(path, icc_profile=profile, quality=95)
    photo = read_photo(path)
    expected = np.array(Image.open(path).convert('RGB'))
    np.testing.assert_array_equal(photo.pixels, expected)
    assert ['not used' in line for line in said] == [True] * bool(profile)
    write_photo(path, photo)
    again = Image.open(path)
    assert again.mode == 'RGB'
    assert 'icc_profile' not in again.info


def test_cmyk_with_a_profile_goes_through_it(tmp_path, said):
    path = tmp_path / 'a.jpg'
    levels = np.zeros((16, 48, 4), np.uint8)
    levels[:, 16:32, 3], levels[:, 32:, 3] = 128, 255
    profile = icc_profiles.cmyk()
    cmyk = Image.frombytes('CMYK', (48, 16), levels.tobytes())
    cmyk.save(path, icc_profile=profile, quality=100)
    photo = read_photo(path)
    assert not said
    # L* of 100, 50 and 0; plain arithmetic has 127 for the second.
    grays = photo.pixels[8, 8::16]
    assert np.abs(grays - [[255], [119], [0]]).max() <= 2
    assert 'icc_profile' not in photo.metadata


def test_webp_without_loss_stays_so(tmp_path, array):
    alpha = array[..., 1:2]
    rgba = np.concatenate([array, alpha], axis=2)
    path = tmp_path / 'a.webp'
    Image.fromarray(rgba).save(path, lossless=True, exact=True)
    photo = read_photo(path)
    write_photo(path, photo)
    np.testing.assert_array_equal(np.array(Image.open(path)), rgba)
    write_photo(path, photo, quality=50)
    assert b'VP8L' not in path.read_bytes()
    write_photo(path, read_photo(path))
    assert b'VP8L' not in path.read_bytes()
    assert suffix_for(photo) == '.webp'


@pytest.mark.parametrize('kind', ['u1', 'u2'])
def test_texts_and_gamma_of_png_stay(tmp_path, array, kind):
    words = 'long ' * 300_000  # Pillow alone refuses them
    info = PngImagePlugin.PngInfo()
    info.add_text('Title', 'words')
    info.add_text('Workflow', words, zip=True)
    info.add(b'gAMA', struct.pack('>I', 45455))
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, 'PNG', pnginfo=info, dpi=(99, 99))
    photo_file = tmp_path / 'a.png'
    photo_file.write_bytes(buffer.getvalue())
    photo = read_photo(photo_file)
    photo.pixels = photo.pixels.astype(kind)
    write_photo(photo_file, photo)
    again = read_photo(photo_file)
    assert again.encoding == photo.encoding
    assert len(again.encoding['remarks']) == 3
    assert again.metadata == photo.metadata
    np.testing.assert_array_equal(again.pixels, array)
    assert again.pixels.dtype == kind


def test_16_bit_png_is_read_by_others(tmp_path, array):
    deep = array.astype(np.uint16) * 257 + 1
    photo = Photo.from_array(deep)
    exif = Image.Exif()
    exif[0x010F] = 'Maker'
    exif = exif.tobytes()
    photo.metadata = {'exif': exif, 'dpi': (300, 300)}
    write_photo(tmp_path / 'a.png', photo)
    others = cv2.imread(str(tmp_path / 'a.png'), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(others[..., ::-1], deep)
    image = Image.open(tmp_path / 'a.png')
    image.load()
    assert image.info['exif'] == exif
    assert image.info['dpi'] == pytest.approx((300, 300), 1e-4)


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('gray', [False, True])
def test_16_bit_tiff_becomes_png(tmp_path, array, orientation, gray):
    array = array[..., 0] if gray else array
    deep = array.astype(np.uint16) * 257
    tag = (0x0112, 'H', 1, orientation, True)
    tifffile.imwrite(
        tmp_path / 'a.tif', deep, extratags=[tag],
        photometric='minisblack' if gray else 'rgb',
    )  # fmt: skip
    turned = Image.fromarray(array)
    turned.getexif()[0x0112] = orientation
    expected = np.array(ImageOps.exif_transpose(turned))
    photo = read_photo(tmp_path / 'a.tif')
    np.testing.assert_array_equal(
        photo.pixels.squeeze(), expected.astype(np.uint16) * 257
    )
    rgb = read_image(tmp_path / 'a.tif')
    np.testing.assert_array_equal(
        rgb[..., 0], expected.reshape(*rgb.shape[:2], -1)[..., 0]
    )
    assert suffix_for(photo) == '.png'
    with pytest.raises(ValueError, match='TIFF can hold, got 16 bits'):
        write_photo(tmp_path / 'b.tif', photo)


@pytest.mark.parametrize('compression', ['raw', 'tiff_lzw', 'jpeg'])
def test_8_bit_tiff(tmp_path, array, compression):
    path = tmp_path / 'a.tif'
    Image.fromarray(array).save(
        path, compression=compression, artist='Ann', dpi=(150, 150)
    )
    photo = read_photo(path)
    write_photo(path, photo)
    again = Image.open(path)
    np.testing.assert_array_equal(np.array(again), photo.pixels)
    assert again.getexif()[0x013B] == 'Ann'
    assert again.info['dpi'] == (150, 150)
    lossless = 'tiff_adobe_deflate' if compression == 'jpeg' else compression
    assert again.info['compression'] == lossless


@pytest.mark.parametrize('mode', ['1', 'P', 'LA', 'RGBA'])
def test_other_modes(tmp_path, array, mode):
    image = Image.fromarray(array).convert(mode)
    image.save(tmp_path / 'a.png')
    photo = read_photo(tmp_path / 'a.png')
    plain = {'1': 'L', 'P': 'RGB'}.get(mode, mode)
    write_photo(tmp_path / 'b.png', photo)
    again = Image.open(tmp_path / 'b.png')
    assert again.mode == plain
    np.testing.assert_array_equal(
        np.array(again), np.array(image.convert(plain))
    )


def test_of_several_pictures_the_first_counts(tmp_path, array, said):
    for kind, name in (('GIF', 'GIF'), ('MPO', 'JPEG'), ('TIFF', 'TIFF')):
        path, other = tmp_path / 'many', Image.new('RGB', (64, 48))
        first = Image.fromarray(array)
        first.save(path, kind, save_all=True, append_images=[other])
        photo = read_photo(path)
        assert photo.format == name
        expected = np.array(Image.open(path).convert('RGB'))
        np.testing.assert_array_equal(photo.pixels, expected)
        assert 'only the first is taken' in said.pop()
    assert not said


@pytest.mark.parametrize(
    ('kind', 'suffix'),
    [
        ('JPEG', '.jpg'),
        ('PNG', '.png'),
        ('WEBP', '.webp'),
        ('TIFF', '.tif'),
        ('BMP', '.bmp'),
        ('GIF', '.png'),
        ('JPEG2000', '.png'),
        ('AVIF', '.png'),
    ],
)
def test_suffix_of_every_format(tmp_path, array, kind, suffix):
    path = tmp_path / 'photo'
    Image.fromarray(array).save(path, kind)
    photo = read_photo(path)
    assert suffix_for(photo) == suffix
    write_photo(tmp_path / f'b{suffix}', photo)
    again = read_photo(tmp_path / f'b{suffix}')
    assert np.abs(again.pixels.astype(int) - photo.pixels).mean() < 2


def test_what_a_format_cannot_hold_is_refused(tmp_path, array):
    clear = Photo.from_array(np.zeros((4, 4, 4), np.uint8))
    deep = Photo.from_array(np.zeros((4, 4), np.uint16))
    long = Photo.from_array(np.zeros((1, 16384), np.uint8))
    colored = Photo.from_array(array)
    colored.metadata = {'exif': bytes(70_000)}
    for photo, suffix, words in (
        (clear, '.jpg', 'photo that JPEG can hold, got transparent'),
        (clear, '.BMP', 'BMP can hold, got transparent pixels'),
        (deep, '.webp', 'WEBP can hold, got 16 bits'),
        (long, '.webp', 'got 16384x1 pixels'),
        (colored, '.jpeg', 'more than 64 KB'),
        (colored, '.gif', 'Expected a name ending in .jpg, .png'),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            write_photo(tmp_path / f'a{suffix}', photo)
    with pytest.raises(ValueError, match='quality of 1 to 100, got 0'):
        write_photo(tmp_path / 'a.jpg', colored, quality=0)
    assert not any(tmp_path.iterdir())
    long.format = 'WEBP'
    assert suffix_for(long) == '.png'


def test_opaque_alpha_is_no_hindrance(tmp_path, array):
    alpha = np.full_like(array[..., :1], 255)
    photo = Photo.from_array(np.concatenate([array, alpha], axis=2))
    write_photo(tmp_path / 'a.bmp', photo)
    again = np.array(Image.open(tmp_path / 'a.bmp'))
    np.testing.assert_array_equal(again, array)
