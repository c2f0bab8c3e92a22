# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small files that would take much to read are refused by every reader."""

import io
import os
import random
import struct
from pathlib import Path

import pytest
from hostile_files import directory_bomb, pictures
from PIL import Image

from mmfacesr.utils.bombs import ImageBombError, refuse_bomb
from mmfacesr.utils.images import UnreadableImageError, read_image
from mmfacesr.utils.photos import read_photo

PARTS = 'far more parts than a picture has'


def with_scans(count: int, behind: bytes = b'') -> bytes:
    """A JPEG with scans of a number, and something behind its end."""
    data = pictures()['progressive.jpg']
    start = data.rindex(b'\xff\xda')
    return data[:start] + data[start:-2] * count + data[-2:] + behind


def with_exif(exif: bytes) -> bytes:
    """A JPEG with EXIF data in as many pieces as they need."""
    pieces = [exif[i : i + 65000] for i in range(0, len(exif), 65000)]
    data = pictures()['progressive.jpg']
    marked = [
        b'\xff\xe1' + struct.pack('>H', len(x) + 8) + b'Exif\0\0' + x
        for x in pieces
    ]
    return data[:2] + b''.join(marked) + data[2:]


@pytest.mark.parametrize('order', '<>')
@pytest.mark.parametrize('read', [read_image, read_photo])
@pytest.mark.parametrize('name', ['x.tif', 'x.jpg'])
def test_directories_that_repeat_are_refused(
    tmp_path: Path, name: str, read, order: str
) -> None:
    bomb = directory_bomb(2000, 60_000, order)
    data = bomb if name == 'x.tif' else with_exif(bomb)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UnreadableImageError, match=PARTS):
        read(tmp_path / name)


def test_many_scans_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageBombError, match=PARTS):
        refuse_bomb(with_scans(101))
    refuse_bomb(with_scans(50))


def test_a_video_behind_a_photo_has_no_scans() -> None:
    """Phones put one there; its bytes are any."""
    refuse_bomb(with_scans(1, b'\xff\xda\0' * 1000))


@pytest.mark.parametrize('name', pictures())
def test_whole_pictures_are_none(name: str) -> None:
    refuse_bomb(pictures()[name])


def test_noise_that_looks_like_directories_is_none() -> None:
    """As in the pixels of a large photo, 1000 times as often."""
    chance = random.Random(1)
    noise = bytearray(chance.randbytes(1 << 20))
    for _ in range(300):
        at = chance.randrange(len(noise) - 8)
        noise[at : at + 4] = chance.choice((b'II*\0', b'MM\0*'))
    refuse_bomb(b'BM' + bytes(noise))


def test_large_exif_data_of_a_camera_are_none() -> None:
    exif = Image.Exif()
    exif[0x927C] = os.urandom(60_000)
    buffer = io.BytesIO()
    Image.new('RGB', (8, 8)).save(buffer, 'JPEG', exif=exif)
    refuse_bomb(buffer.getvalue())
