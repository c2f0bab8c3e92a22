# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Damaged pictures of all formats, read for training and as photos."""

import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import Trial, mutate
from hostile_files import directory_bomb, pictures

from mmfacesr.utils.image_folders import find_images
from mmfacesr.utils.images import read_image, read_text
from mmfacesr.utils.photos import read_photo, suffix_for, write_photo

MOST_PIXELS = 1 << 22  # of a damaged photo that is written again


def restored(path: Path, trial: Trial) -> None:
    """Read and write as restoring does."""
    photo = read_photo(path)
    photo.srgb()
    if photo.size[0] * photo.size[1] < MOST_PIXELS:
        write_photo(trial.out / f'x{suffix_for(photo)}', photo)
        small = photo.size[0] * photo.size[1] < 10_000
        write_photo(trial.out / 'x.png', photo.enlarged(2 if small else 1))


def huge(data: bytes, chance: random.Random) -> bytes:
    """Claim many pixels, where 24 and 40 pixels are claimed."""
    wide = chance.choice((65535, 2000, 1 << 20, (1 << 31) - 1))
    for width, kind in ((4, 'I'), (2, 'H')):
        for order in '<>':
            for side in (24, 40):
                pair = struct.pack(f'{order}2{kind}', side, side)
                most = wide & (256**width - 1)
                new = struct.pack(f'{order}2{kind}', most, most)
                data = data.replace(pair, new)
    if data.startswith(b'\x89PNG'):  # else its checksum gives it away
        check = struct.pack('>I', zlib.crc32(data[12:29]))
        data = data[:29] + check + data[33:]
    return data


def bomb(data: bytes, chance: random.Random) -> tuple[str, bytes]:
    """A picture with EXIF data that repeat themselves."""
    order = chance.choice('<>')
    exif = directory_bomb(
        chance.randrange(1, 4000), chance.randrange(8, 60_000), order
    )
    match chance.randrange(3):
        case 0:
            return 'x.tif', exif
        case 1:
            text = f'\nexif\n{len(exif)}\n{exif.hex()}'.encode()
            body = b'zTXtRaw profile type exif\0\0' + zlib.compress(text, 1)
            chunk = struct.pack('>I', len(body) - 4) + body
            chunk += struct.pack('>I', zlib.crc32(body))
            data = pictures()['palette.png']
            return 'x.png', data[:33] + chunk + data[33:]
    data = pictures()['progressive.jpg']
    segments = b''.join(
        b'\xff\xe1' + struct.pack('>H', len(x) + 8) + b'Exif\0\0' + x
        for x in (exif[i : i + 65000] for i in range(0, len(exif), 65000))
    )
    return 'x.jpg', data[:2] + segments + data[2:]


def damaged(chance: random.Random) -> tuple[str, str, bytes]:
    """Kind of damage, name and content of a file."""
    name, other = chance.sample(sorted(pictures()), 2)
    data, roll = pictures()[name], chance.random()
    if roll < 0.02:
        return 'bomb', *bomb(data, chance)
    if roll < 0.05:
        return 'huge', name, huge(data, chance)
    kind, data = mutate(data, chance, pictures()[other])
    if roll < 0.3:  # again
        _, data = mutate(data, chance, pictures()[other])
    return kind, other if roll > 0.95 else name, data


def image(seed: int, trial: Trial) -> None:
    """One picture, read in one of the ways."""
    chance = random.Random(f'image {seed}')
    kind, name, data = damaged(chance)
    path = trial.inputs / name
    path.write_bytes(data)
    read = (read_image, lambda path: restored(path, trial))[seed % 2]
    trial(kind, lambda: read(path))
    if seed % 50 == 0:
        trial('text', lambda: read_text(path, 'mmfacesr'))
        trial('folder', lambda: find_images(trial.inputs, inside=True))


def test_images_shortly(endure: Callable) -> None:
    endure(image, 60, 60, 'images')


@pytest.mark.slow
def test_images(endure: Callable) -> None:
    endure(image, 28_000, 28_000, 'images')
