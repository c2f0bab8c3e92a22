# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which files are opened as images, and what becomes of all others."""

import os
import signal
import socket
import struct
import subprocess
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mmfacesr.utils.image_folders import find_images, list_images
from mmfacesr.utils.image_formats import NOT_READ, READ
from mmfacesr.utils.images import (
    UnreadableImageError,
    read_image,
    read_text,
    write_image,
)

HEIC = struct.pack('>I4s4sI', 24, b'ftyp', b'heic', 0) + b'mif1heic'


@pytest.fixture
def photo() -> np.ndarray:
    """(64, 48, 3) uint8, smooth."""
    rows, columns = np.mgrid[0:64, 0:48]
    return np.stack([4 * rows, 5 * columns, rows + columns], 2).astype('u1')


@pytest.fixture
def impatient() -> Iterator[None]:
    """End a test that waits for a file or reads one without an end."""

    def give_up(*_: object) -> None:
        raise AssertionError('waited too long')

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return (
        struct.pack('>I', len(data)) + kind + data + struct.pack('>I', check)
    )


def with_chunk(path: Path, kind: bytes, data: bytes) -> None:
    """Put a chunk behind the header of a PNG."""
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + png_chunk(kind, data) + whole[33:])


SUFFIXES = [suffix for suffixes in READ.values() for suffix in suffixes]


@pytest.mark.parametrize('suffix', SUFFIXES)
def test_every_format_that_is_listed_is_read(tmp_path, photo, suffix):
    path = tmp_path / f'a{suffix.upper()}'
    kind = next(name for name, ends in READ.items() if suffix in ends)
    Image.fromarray(photo).save(path, kind)
    assert list_images(tmp_path) == [path.name]
    error = np.abs(read_image(path).astype(int) - photo)
    assert error.mean() < 8  # a palette, or a lossy default


def test_first_frame_of_an_animation(tmp_path, photo):
    frames = [Image.fromarray(photo).quantize(), Image.new('P', (48, 64))]
    frames[0].save(tmp_path / 'a.gif', save_all=True, append_images=frames[1:])
    expected = np.array(frames[0].convert('RGB'))
    np.testing.assert_array_equal(read_image(tmp_path / 'a.gif'), expected)


def test_photo_of_a_phone_with_a_second_picture_inside(tmp_path, photo):
    images = [Image.fromarray(photo), Image.new('RGB', (48, 64))]
    images[0].save(tmp_path / 'a.jpg', 'MPO', save_all=True, quality=95)
    images[0].save(
        tmp_path / 'b.jpg', 'MPO', save_all=True, append_images=images[1:]
    )
    assert b'MPF\0' in (tmp_path / 'b.jpg').read_bytes()
    image = read_image(tmp_path / 'b.jpg').astype(int)
    assert np.abs(image - photo).mean() < 8


@pytest.mark.parametrize('name', ['a.heic', 'phone.jpg', 'a.psd', 'a.cr2'])
def test_other_formats_are_named_with_what_to_do(tmp_path, name):
    (tmp_path / name).write_bytes(HEIC if name[0] in 'p' else b'8BPS' * 9)
    if name == 'a.heic':
        (tmp_path / name).write_bytes(HEIC)
    with pytest.raises(UnreadableImageError, match='convert it to PNG'):
        read_image(tmp_path / name)


def test_no_suffix_is_both_read_and_not() -> None:
    unread = {suffix for suffixes in NOT_READ.values() for suffix in suffixes}
    assert unread.isdisjoint(SUFFIXES)
    assert {'.heic', '.heif', '.jxl', '.psd', '.dng'} <= unread


def test_eps_under_another_name_starts_no_program(
    tmp_path, photo, monkeypatch
):
    path = tmp_path / 'face.png'
    Image.fromarray(photo).save(path, 'EPS')
    with Image.open(path) as image:
        assert image.format == 'EPS'  # what Pillow does when not told

    def start(*args: object, **_: object) -> None:
        raise AssertionError(f'started {args}')

    monkeypatch.setattr(subprocess, 'Popen', start)
    with pytest.raises(UnreadableImageError, match='not an image in a known'):
        read_image(path)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


def make_endless(path: Path) -> None:
    path.symlink_to('/dev/zero')


def make_terminal(path: Path) -> None:
    path.symlink_to('/dev/tty')


def make_huge(path: Path) -> None:
    with path.open('wb') as file:
        file.truncate(1 << 40)  # takes no room


SPECIAL = {
    make_pipe: 'it is a pipe, not a file',
    make_socket: 'it is a socket, not a file',
    make_endless: 'it is a device, not a file',
    make_terminal: 'it is a device, not a file',
    make_huge: '1099511627776 bytes, the limit is',
}


@pytest.mark.usefixtures('impatient')
@pytest.mark.parametrize(('make', 'words'), SPECIAL.items())
def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, monkeypatch, make: Callable[[Path], None], words: str
):
    monkeypatch.chdir(tmp_path)  # names of sockets must be short
    make(Path('a.png'))
    with pytest.raises(UnreadableImageError, match=words):
        read_image('a.png')
    with pytest.raises(UnreadableImageError, match=words):
        read_image(tmp_path / 'a.png')
    assert read_text('a.png', 'key') is None


@pytest.mark.usefixtures('impatient')
def test_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    tmp_path, photo, monkeypatch
):
    path = tmp_path / 'a.png'
    write_image(path, photo)
    before = path.stat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(os, 'stat', lambda *_, **__: before)
    with pytest.raises(UnreadableImageError, match='pipe'):
        read_image(path)


def bomb(path: Path, side: int) -> None:
    """A PNG of one color, some 100 KB for gigabytes of pixels."""
    row = zlib.compressobj(9)
    lines = b''.join(row.compress(bytes(1 + 3 * side)) for _ in range(8))
    head = struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)
    path.write_bytes(
        b'\x89PNG\r\n\x1a\n'
        + png_chunk(b'IHDR', head)
        + png_chunk(b'IDAT', lines + row.flush())
        + png_chunk(b'IEND', b'')
    )


@pytest.mark.parametrize('pillow_limit', [None, Image.MAX_IMAGE_PIXELS])
def test_too_many_pixels_are_not_decoded(tmp_path, monkeypatch, pillow_limit):
    # Other packages lift Pillow's limit for the whole process.
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', pillow_limit)
    bomb(tmp_path / 'a.png', 40000)
    with pytest.raises(UnreadableImageError, match='too many pixels'):
        read_image(tmp_path / 'a.png')


def test_no_memory_for_one_file_is_its_fault(tmp_path, photo, monkeypatch):
    write_image(tmp_path / 'a.png', photo)

    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr('mmfacesr.utils.images._to_rgb', full)
    with pytest.raises(UnreadableImageError, match='memory'):
        read_image(tmp_path / 'a.png')


LONG = b'a' * (3 << 20)
CHUNKS = {
    b'tEXt': b'workflow\0' + b'ab' * (33 << 20),
    b'zTXt': b'workflow\0\0' + zlib.compress(LONG),
    b'iTXt': b'history\0\1\0\0\0' + zlib.compress(LONG),
    b'iCCP': b'profile\0\0' + zlib.compress(LONG),
}


@pytest.mark.parametrize('kind', CHUNKS)
@pytest.mark.parametrize('bits', [8, 16])
def test_long_texts_do_not_spoil_the_pixels(tmp_path, photo, kind, bits):
    path = tmp_path / 'a.png'
    if bits == 8:
        write_image(path, photo)
    else:
        gray = photo[..., 0].astype(np.uint16) * 257
        Image.fromarray(gray).save(path)
        photo = photo[..., [0, 0, 0]]
    with_chunk(path, kind, CHUNKS[kind])
    with pytest.raises((ValueError, OSError)), Image.open(path) as image:
        image.load()  # Pillow by itself
    np.testing.assert_array_equal(read_image(path), photo)


@pytest.mark.parametrize('where', ['xmp', 'raw profile'])
def test_orientation_in_a_text_counts(tmp_path, photo, where):
    path = tmp_path / 'a.png'
    info = PngImagePlugin.PngInfo()
    exif = Image.Exif()
    exif[0x0112] = 6
    if where == 'xmp':
        info.add_itxt('XML:com.adobe.xmp', '<x tiff:Orientation="6"/>')
    else:
        digits = exif.tobytes().hex()
        size = len(digits) // 2
        info.add_text('Raw profile type exif', f'\nexif\n{size}\n{digits}\n')
    Image.fromarray(photo).save(path, pnginfo=info)
    np.testing.assert_array_equal(read_image(path), np.rot90(photo, -1))


def test_texts_that_were_written_are_read(tmp_path):
    path = tmp_path / 'a.png'
    photo = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    write_image(path, photo, {'origin': 'a "b"'})
    assert read_text(path, 'origin') == 'a "b"'
    assert read_text(path, 'other') is None
    np.testing.assert_array_equal(read_image(path), photo)
    path.write_bytes(path.read_bytes()[:-50])
    assert read_text(path, 'origin') == ''
    path.write_bytes(b'')
    assert read_text(path, 'origin') is None


def test_folder_without_what_leads_out_of_it(tmp_path):
    for name in (
        'in/a.png',
        'in/b/c.heic',
        'in/out/d.png',
        'e.png',
        'f/g.png',
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    folder = tmp_path / 'in'
    (folder / 'up').symlink_to('..')
    (folder / 'f').symlink_to('../f')
    (folder / 'e.png').symlink_to('../e.png')
    (folder / 'same.png').symlink_to('b/../a.png')
    (folder / 'gone.png').symlink_to('nothing.png')
    names, left_out = find_images(folder, inside=True, without=folder / 'out')
    assert names == ['a.png', 'b/c.heic', 'gone.png', 'same.png']
    assert left_out.keys() == {'up', 'f', 'e.png'}
    # A dataset may be linked together.
    assert {'e.png', 'f/g.png', 'up/e.png'} <= set(find_images(folder)[0])


def test_formats_that_a_dataset_cannot_use_are_said(tmp_path, capsys):
    for name in ('a.png', 'b.HEIC', 'c.cr2'):
        (tmp_path / name).touch()
    assert list_images(tmp_path) == ['a.png']
    said = capsys.readouterr()
    assert '2 of' in said.out + said.err
    assert list_images(tmp_path, unread=True) == ['a.png', 'b.HEIC', 'c.cr2']


def test_folders_that_cannot_be_listed_are_named(tmp_path, monkeypatch):
    (tmp_path / 'closed').mkdir()
    (tmp_path / 'a.png').touch()
    scan = os.scandir

    def refuse(path: str) -> object:
        if os.fspath(path).endswith('closed'):
            raise PermissionError(13, 'Permission denied', path)
        return scan(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    names, left_out = find_images(tmp_path)
    assert names == ['a.png']
    assert left_out == {'closed': 'cannot be read (Permission denied)'}


def test_a_video_is_sent_to_its_command(tmp_path: Path) -> None:
    path = tmp_path / 'film.MP4'
    path.write_bytes(b'\0\0\0\x20ftypisom' + bytes(99))
    with pytest.raises(UnreadableImageError, match='`mmfacesr video`'):
        read_image(path)
