# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Photos: their pixels in their own colors, changed locally, and sRGB."""

import hashlib
import subprocess
import sys
from pathlib import Path

import icc_profiles
import numpy as np
import pytest
from PIL import Image

from mmfacesr.utils.images import UnreadableImageError
from mmfacesr.utils.photos import (
    Photo,
    decode_photo,
    read_photo,
    write_photo,
)

SHAPES = [(24, 20), *((24, 20, channels) for channels in (1, 2, 3, 4))]
TYPES = [np.uint8, np.uint16]


def noise(shape: tuple[int, ...], kind: type = np.uint8) -> np.ndarray:
    """Every value of the type, equally likely."""
    largest = np.iinfo(kind).max
    generator = np.random.default_rng(0)
    return generator.integers(0, largest, shape, kind, endpoint=True)


def with_profile(photo: Photo, tmp_path: Path, profile: bytes) -> Photo:
    """The photo, written with a profile and read again."""
    photo.metadata['icc_profile'] = profile
    write_photo(tmp_path / 'with.png', photo)
    return read_photo(tmp_path / 'with.png')


def in_srgb(path: Path) -> np.ndarray:
    """(H, W, 3) int64, converted by ImageCms from the file's own profile."""
    return np.array(icc_profiles.to_srgb(Image.open(path))).astype(int)


@pytest.mark.parametrize('kind', TYPES)
@pytest.mark.parametrize('shape', SHAPES)
@pytest.mark.parametrize('colored', [False, True])
def test_a_zero_change_keeps_every_bit(tmp_path, shape, kind, colored):
    array = noise(shape, kind)
    photo = Photo.from_array(array.copy())
    if colored:
        photo = with_profile(photo, tmp_path, icc_profiles.display_p3())
        if photo.pixels.shape[2] == 1:
            profile = icc_profiles.gray()
            photo = with_profile(photo, tmp_path, profile)
        assert photo.profile is not None
    photo.add(0, 0, np.zeros((24, 20, 3), np.float32))
    write_photo(tmp_path / 'a.png', photo)
    again = read_photo(tmp_path / 'a.png')
    expected = Photo.from_array(array)
    channels = expected.pixels.shape[2]  # 16-bit gray with alpha becomes RGBA
    for done in (photo, again):
        assert done.pixels.dtype == kind
        np.testing.assert_array_equal(
            done.pixels[..., :channels], expected.pixels
        )
        assert (done.alpha is None) == (expected.alpha is None)
        if expected.alpha is not None:
            np.testing.assert_array_equal(done.alpha, expected.alpha)


@pytest.mark.parametrize('gray', [False, True])
def test_a_change_is_one_in_srgb(tmp_path, gray):
    array = noise((64, 64, 1 if gray else 3)) // 4 + 80  # within both gamuts
    profile = icc_profiles.gray() if gray else icc_profiles.display_p3()
    photo = with_profile(Photo.from_array(array), tmp_path, profile)
    before = in_srgb(tmp_path / 'with.png')
    change = np.zeros((32, 16, 3), np.float32)
    change[:16] = 10
    photo.add(8, 4, change)
    write_photo(tmp_path / 'b.png', photo)
    done = in_srgb(tmp_path / 'b.png') - before
    assert np.abs(done[4:20, 8:24] - 10).max() <= 2
    done[4:20, 8:24] = 0
    assert not done.any()
    assert photo.pixels[4, 8, 0] - array[4, 8, 0] != 0


def test_srgb_of_a_profile_is_that_of_imagecms(tmp_path):
    array, profile = noise((300, 10, 3)), icc_profiles.display_p3()
    photo = with_profile(Photo.from_array(array), tmp_path, profile)
    expected = in_srgb(tmp_path / 'with.png')
    np.testing.assert_array_equal(photo.srgb(), expected)
    assert np.abs(expected - array).max() > 20  # not those of sRGB


def test_srgb_copies_nothing_where_that_is_the_same(tmp_path):
    photo = Photo.from_array(noise((8, 8, 3)))
    assert np.shares_memory(photo.srgb(), photo.pixels)
    photo = with_profile(photo, tmp_path, icc_profiles.srgb())
    assert np.shares_memory(photo.srgb(), photo.pixels)
    write_photo(tmp_path / 'b.png', photo)
    kept = Image.open(tmp_path / 'b.png').info['icc_profile']
    assert kept == icc_profiles.srgb()
    array = noise((8, 8, 4))
    photo = Photo.from_array(array)
    assert np.shares_memory(photo.pixels, array)
    assert np.shares_memory(photo.alpha, array)


def test_srgb_of_gray_and_of_16_bits():
    gray = noise((8, 8))
    expected = np.stack([gray] * 3, axis=2)
    np.testing.assert_array_equal(Photo.from_array(gray).srgb(), expected)
    deep = noise((8, 8, 3), np.uint16)
    expected = np.rint(deep / 257.0)
    np.testing.assert_array_equal(Photo.from_array(deep).srgb(), expected)


def test_changes_are_rounded_and_clipped():
    def added(start: int, value: float, kind: type = np.uint8) -> int:
        photo = Photo.from_array(np.full((1, 1, 3), start, kind))
        photo.add(0, 0, np.full((1, 1, 3), value, np.float32))
        return int(photo.pixels[0, 0, 0])

    assert added(100, 1.6) == 102
    assert added(100, -1.6) == 98
    assert added(100, 0.4) == 100
    assert added(250, 10) == 255
    assert added(5, -10) == 0
    assert added(1000, 2.5, np.uint16) == 1642  # 642.5 to even
    assert added(65000, 10, np.uint16) == 65535


def test_gray_takes_the_luma_of_a_change():
    photo = Photo.from_array(np.full((1, 2), 100, np.uint8))
    photo.add(0, 0, np.float32([[[10, 20, -30], [8, 8, 8]]]))
    # 2.99 + 11.74 - 3.42
    assert photo.pixels.ravel().tolist() == [111, 108]


@pytest.mark.parametrize(
    ('x', 'y', 'shape', 'words'),
    [
        (-1, 0, (4, 4, 3), 'within 20x24 pixels, got x -1 to 3'),
        (0, 21, (4, 4, 3), 'y 21 to 25'),
        (17, 0, (4, 4, 3), 'x 17 to 21'),
        (0, 0, (4, 4), r'shape \(h, w, 3\), got \(4, 4\)'),
        (0, 0, (4, 4, 1), r'shape \(h, w, 3\)'),
    ],
)
def test_other_boxes_are_refused(x, y, shape, words):
    photo = Photo.from_array(noise((24, 20, 3)))
    with pytest.raises(ValueError, match=words):
        photo.add(x, y, np.ones(shape, np.float32))
    with pytest.raises(ValueError, match='finite'):
        photo.add(0, 0, np.full((4, 4, 3), np.nan, np.float32))
    np.testing.assert_array_equal(photo.pixels, noise((24, 20, 3)))


@pytest.mark.parametrize(
    'array',
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 5), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 4), np.uint8),
    ],
)
def test_other_arrays_are_refused(array):
    with pytest.raises(ValueError, match='Expected .* uint8 or uint16, got'):
        Photo.from_array(array)


def test_copy_has_pixels_of_its_own():
    photo = Photo.from_array(noise((8, 8, 4)))
    other = photo.copy()
    other.add(0, 0, np.full((8, 8, 3), -255, np.float32))
    other.alpha[:] = 0
    np.testing.assert_array_equal(photo.pixels, noise((8, 8, 4))[..., :3])
    assert photo.alpha.any()
    assert other.metadata is photo.metadata


@pytest.mark.parametrize('mode', ['L', 'RGB'])
def test_enlarged_is_lanczos_of_pillow(mode):
    array = noise((12, 9) if mode == 'L' else (12, 9, 3))
    large = Photo.from_array(array).enlarged(3).pixels
    expected = Image.fromarray(array).resize((27, 36), Image.LANCZOS)
    np.testing.assert_array_equal(large.squeeze(), np.array(expected))


def test_enlarged_in_16_bits_and_with_alpha():
    array = noise((12, 9, 4), np.uint16)
    large = Photo.from_array(array).enlarged(2)
    assert large.size == (24, 18)
    for channel, plane in enumerate([*large.pixels.T, large.alpha.T]):
        image = Image.fromarray(array[..., channel].astype(np.float32))
        image = np.array(image.resize((18, 24), Image.LANCZOS))
        error = np.abs(plane.T - image.clip(0, 65535))
        assert plane.dtype == np.uint16
        assert error.max() <= 0.5
    with pytest.raises(ValueError, match='at least 1, got 0'):
        large.enlarged(0)


@pytest.mark.parametrize('profile', [b'broken', icc_profiles.gray()])
def test_a_useless_profile_is_kept_and_not_used(tmp_path, said, profile):
    photo = with_profile(Photo.from_array(noise((8, 8, 3))), tmp_path, profile)
    assert photo.profile is None
    assert len(said) == 1
    assert 'with.png: its color profile is not used' in said[0]
    np.testing.assert_array_equal(photo.srgb(), noise((8, 8, 3)))
    write_photo(tmp_path / 'b.png', photo)
    assert Image.open(tmp_path / 'b.png').info['icc_profile'] == profile


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.tif'])
def test_damaged_photos_are_refused(tmp_path, suffix):
    path = tmp_path / f'a{suffix}'
    write_photo(path, Photo.from_array(noise((64, 64, 3))))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(UnreadableImageError, match=f'a{suffix}: '):
        read_photo(path)
    with pytest.raises(UnreadableImageError, match='cannot be opened'):
        read_photo(tmp_path / 'none.jpg')


def test_another_process_sees_the_same(tmp_path):
    photo = Photo.from_array(noise((40, 40, 3)))
    photo = with_profile(photo, tmp_path, icc_profiles.display_p3())
    photo.add(5, 5, np.full((9, 9, 3), 3.3, np.float32))
    write_photo(tmp_path / 'a.png', photo)
    script = (
        'import hashlib, sys\n'
        'from mmfacesr.utils.photos import read_photo\n'
        'photo = read_photo(sys.argv[1])\n'
        'data = photo.pixels.tobytes() + photo.srgb().tobytes()\n'
        'print(hashlib.sha256(data).hexdigest())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script, tmp_path / 'a.png'],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    data = photo.pixels.tobytes() + photo.srgb().tobytes()
    assert done.stdout.split()[-1] == hashlib.sha256(data).hexdigest()


def test_bytes_that_are_no_photo_are_called_what_they_are_called():
    with pytest.raises(UnreadableImageError, match='^the upload: is not an'):
        decode_photo('the upload', b'no photo at all')
