# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The image reader against Pillow's own decode and hand-computed pixels."""

import os
import pickle
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import UnreadableImageError, read_image, write_image


@pytest.fixture
def photo() -> np.ndarray:
    """(20, 24, 3) uint8 noise."""
    return np.random.default_rng(0).integers(
        0, 256, (20, 24, 3), dtype=np.uint8
    )


def png_16_bit(pixels: np.ndarray) -> bytes:
    """Write a 16-bit PNG by hand: (H, W, 1 | 2 | 3 | 4) uint16."""
    height, width, channels = pixels.shape
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b''.join(b'\0' + row.astype('>u2').tobytes() for row in pixels)

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return (
            struct.pack('>I', len(data))
            + kind
            + data
            + struct.pack('>I', check)
        )

    head = struct.pack('>IIBBBBB', width, height, 16, color_type, 0, 0, 0)
    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', head)
        + chunk(b'IDAT', zlib.compress(rows))
        + chunk(b'IEND', b'')
    )


@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.JPG', '.bmp', '.webp'])
def test_rgb_files_give_the_pixels_of_pillow(tmp_path, photo, suffix):
    path = tmp_path / f'a{suffix}'
    Image.fromarray(photo).save(path)
    image = read_image(path)
    assert image.dtype == np.uint8 and image.flags.c_contiguous
    assert image.flags.writeable
    np.testing.assert_array_equal(image, np.asarray(Image.open(path)))


def test_gray_and_palette_become_rgb(tmp_path, photo):
    Image.fromarray(photo[..., 0]).save(tmp_path / 'gray.png')
    np.testing.assert_array_equal(
        read_image(tmp_path / 'gray.png'), photo[..., [0, 0, 0]]
    )
    palette = Image.new('P', (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.save(tmp_path / 'palette.png')
    assert (read_image(tmp_path / 'palette.png') == (10, 20, 30)).all()


def test_transparent_pixels_are_shown_on_white(tmp_path):
    rgba = np.zeros((2, 3, 4), np.uint8)
    rgba[..., 3] = [0, 255, 51]  # clear, solid, a fifth
    Image.fromarray(rgba).save(tmp_path / 'a.png')
    # black at alpha 0.2 over white: 255 * 0.8
    np.testing.assert_array_equal(
        read_image(tmp_path / 'a.png')[0, :, 0], [255, 0, 204]
    )
    palette = Image.new('P', (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.save(tmp_path / 'p.png', transparency=1)
    assert (read_image(tmp_path / 'p.png') == 255).all()


@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_16_bit_is_rounded_not_cut(tmp_path, channels):
    # 128.498 and 128.502 after division by 257; cutting bits gives 128, 129
    values = np.array([0, 33024, 33025, 65535, 257, 385], np.uint16)
    pixels = np.repeat(values[None, :, None], channels, 2)
    if channels in (2, 4):
        pixels[..., -1] = 65535
    if channels >= 3:
        pixels[..., 1] = 0
        pixels[..., 2] = 65535
    (tmp_path / 'a.png').write_bytes(png_16_bit(pixels))
    image = read_image(tmp_path / 'a.png')
    assert image.shape == (1, 6, 3)
    np.testing.assert_array_equal(image[0, :, 0], [0, 128, 129, 255, 1, 1])
    if channels >= 3:
        assert (image[..., 1] == 0).all() and (image[..., 2] == 255).all()
    else:
        np.testing.assert_array_equal(image[..., 0], image[..., 2])


def test_16_bit_tiff(tmp_path):
    import cv2

    pixels = np.array([[[0, 33024, 33025]]], np.uint16)
    cv2.imwrite(str(tmp_path / 'a.tif'), pixels[..., ::-1])
    np.testing.assert_array_equal(
        read_image(tmp_path / 'a.tif'), [[[0, 128, 129]]]
    )


def test_cmyk_jpeg(tmp_path):
    image = Image.new('CMYK', (16, 16), (0, 255, 255, 0))  # red
    image.save(tmp_path / 'a.jpg', quality=100)
    pixels = read_image(tmp_path / 'a.jpg').astype(int)
    assert abs(pixels - (255, 0, 0)).max() <= 3


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    Image.fromarray(photo).save(tmp_path / 'a.png', exif=exif)
    np.testing.assert_array_equal(
        read_image(tmp_path / 'a.png'), np.rot90(photo, -1)
    )


def spoil(path, kind: str, photo: np.ndarray) -> None:
    """Write a bad image of a kind."""
    if kind.startswith('truncated'):
        whole = path.with_name(f'whole.{kind.split()[1]}')
        Image.fromarray(photo).resize((200, 200)).save(whole)
        data = whole.read_bytes()
        whole.unlink()
        path.write_bytes(data[: len(data) * 2 // 3])
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'text':
        path.write_text('not an image')
    elif kind == 'float':
        Image.fromarray(np.zeros((20, 20), np.float32)).save(path, 'TIFF')
    elif kind == 'folder':
        path.mkdir()
    elif kind == 'tiny':
        Image.fromarray(photo[:4, :4]).save(path)


BAD = {
    'truncated png': 'truncated',
    'truncated jpg': 'truncated',
    'empty': '0 bytes',
    'text': 'not an image',
    'float': 'mode F',
    'folder': 'cannot be opened',
    'missing': 'cannot be opened',
    'tiny': 'expected at least 16x16 pixels, got 4x4',
}


@pytest.mark.parametrize(('kind', 'words'), BAD.items())
def test_bad_files_are_refused_by_name(tmp_path, photo, kind, words):
    path = tmp_path / 'bad.jpg'
    spoil(path, kind, photo)
    with pytest.raises(UnreadableImageError, match=words) as info:
        read_image(path, min_size=16)
    assert str(path) in str(info.value)
    assert info.value.file == str(path)


def test_truncated_16_bit_is_refused(tmp_path):
    pixels = np.random.default_rng(0).integers(
        0, 65536, (64, 64, 3), dtype=np.uint16
    )
    data = png_16_bit(pixels)
    (tmp_path / 'a.png').write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableImageError, match='a.png'):
        read_image(tmp_path / 'a.png')


def test_decompression_bomb_is_refused(tmp_path, photo, monkeypatch):
    Image.fromarray(photo).save(tmp_path / 'a.png')
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 100)
    with pytest.raises(UnreadableImageError, match='too many pixels'):
        read_image(tmp_path / 'a.png')


@pytest.mark.skipif(
    not hasattr(os, 'geteuid') or os.geteuid() == 0,
    reason='root may read every file',
)
def test_forbidden_file_is_refused(tmp_path, photo):
    path = tmp_path / 'a.png'
    Image.fromarray(photo).save(path)
    path.chmod(0)
    with pytest.raises(UnreadableImageError, match='[Pp]ermission'):
        read_image(path)


def test_errors_survive_pickling_and_worker_reraise():
    error = UnreadableImageError('a.png', 'is empty')
    again = pickle.loads(pickle.dumps(error))
    assert (again.file, again.reason) == ('a.png', 'is empty')
    assert str(again) == 'a.png: is empty' and isinstance(
        again, BadSampleError
    )
    # PyTorch's workers hand over the type and one text.
    assert 'a.png' in str(type(error)(f'Caught in worker: {error}'))


def test_write_image_round_trip(tmp_path, photo):
    write_image(tmp_path / 'new' / 'a.png', photo)
    np.testing.assert_array_equal(read_image(tmp_path / 'new/a.png'), photo)
    assert os.listdir(tmp_path / 'new') == ['a.png']
    with pytest.raises(ValueError, match='float32'):
        write_image(tmp_path / 'b.png', photo.astype(np.float32))
    with pytest.raises(ValueError, match='.png'):
        write_image(tmp_path / 'b.jpg', photo)


def test_list_images(tmp_path):
    for name in (
        'b.PNG',
        'a/ü 脸.jpg',
        'a/x.txt',
        '.hidden.png',
        '.git/c.png',
        'z.tiff',
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'a' / 'loop').symlink_to(tmp_path)
    assert list_images(tmp_path) == ['a/ü 脸.jpg', 'b.PNG', 'z.tiff']


def test_list_images_refuses_what_is_no_folder_of_images(tmp_path):
    with pytest.raises(FileNotFoundError, match='does not exist'):
        list_images(tmp_path / 'missing')
    with pytest.raises(FileNotFoundError, match='found none'):
        list_images(tmp_path)
    (tmp_path / 'file').touch()
    with pytest.raises(NotADirectoryError, match='the file'):
        list_images(tmp_path / 'file')
