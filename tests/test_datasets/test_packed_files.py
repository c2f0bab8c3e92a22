# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whatever happens to the files of a cache, its samples stay right."""

import errno
import logging
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from mmengine.logging import MMLogger
from PIL import Image
from same_samples import assert_same

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.transforms import LoadFaceImage
from mmfacesr.utils.bad_samples import BadSampleError

FACES = 8
STEPS = [
    dict(type='LoadFaceImage'),
    dict(type='CropFace'),
    dict(type='ResizeFace', size=64),
    dict(type='RandomFlipFace'),
]
BUILD = """
import os, sys, time
from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.transforms import LoadFaceImage
root, cache, go, fast = sys.argv[1:]
loads, load = [], LoadFaceImage.transform
def slow(self, results):
    loads.append(0)
    time.sleep(0.05 if len(loads) <= int(fast) else 60)
    return load(self, results)
LoadFaceImage.transform = slow
open(f'{go}.{os.getpid()}', 'w').close()
while not os.path.exists(go): time.sleep(.01)
FaceFolder(root, 'train', cache_folder=cache, pipeline=STEPS)
sys.stdout.write(f'loads {len(loads)}')
"""


@pytest.fixture
def root(faces_root: Path, tmp_path: Path) -> Path:
    """Eight drawn faces that a test may change."""
    return shutil.copytree(faces_root, tmp_path / 'faces')


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Warnings to mmengine's logger, which pytest does not see."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files that are read."""
    found, load = [], LoadFaceImage.transform

    def transform(self: LoadFaceImage, results: dict) -> dict:
        found.append(results['file'])
        return load(self, results)

    monkeypatch.setattr(LoadFaceImage, 'transform', transform)
    return found


def live(root: Path, **kwargs: object) -> FaceFolder:
    return FaceFolder(str(root), 'train', **{'pipeline': STEPS, **kwargs})


def packed(root: Path, **kwargs: object) -> FaceFolder:
    return live(root, cache_folder=str(root.parent / 'cache'), **kwargs)


def file_of(root: Path, name: str) -> Path:
    (folder,) = (root.parent / 'cache').iterdir()
    return folder / name


def start(root: Path, count: int, fast: int) -> list[subprocess.Popen]:
    """Fill the cache in processes that begin together; a few faces fast."""
    code = BUILD.replace('STEPS', str(STEPS))
    go = root.parent / 'go'
    words = [root, root.parent / 'cache', go, str(fast)]
    command = [sys.executable, '-c', code, *words]
    found = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    while len(list(root.parent.glob('go.*'))) < count:
        assert all(process.poll() is None for process in found)
        time.sleep(0.01)
    go.touch()
    return found


def test_killed_work_goes_on(root: Path, loads: list) -> None:
    (process,) = start(root, 1, fast=3)
    while not list(root.parent.glob('cache/*/faces.npy')):
        assert process.poll() is None
        time.sleep(0.01)
    rows = np.load(file_of(root, 'rows.npy'), mmap_mode='r')
    while (rows['state'] == 1).sum() < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    dataset = packed(root)
    assert len(loads) == FACES - 3
    assert_same(dataset, live(root))


def test_two_processes_share_the_work(root: Path, loads: list) -> None:
    outputs = [p.communicate(timeout=60)[0] for p in start(root, 2, FACES)]
    counts = [int(re.search(r'loads (\d+)', text)[1]) for text in outputs]
    assert sorted(counts) == [0, FACES]
    dataset = packed(root)
    assert loads == []
    assert_same(dataset, live(root))


@pytest.mark.parametrize(
    'file, place, warnings',
    [
        ('faces.npy', 20, 0),  # the head: the file is made again
        ('faces.npy', -5000, 1),  # a pixel
        ('faces.npy', -1024, 1),  # the facts
        ('rows.npy', 20, 0),
        ('rows.npy', -13, 0),  # a state
        ('rows.npy', -10, 1),  # a checksum
        ('rows.npy', -1, 0),  # a stamp
    ],
)
def test_damage_is_noticed_and_mended(
    root: Path, loads: list, log: list, file: str, place: int, warnings: int
) -> None:
    packed(root)
    path = file_of(root, file)
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)
    dataset = packed(root)
    assert_same(dataset, live(root))
    assert sum('is damaged in the cache' in text for text in log) == warnings
    loads.clear()
    for index in range(FACES):
        dataset[index], packed(root)[index]
    assert loads == []


def test_bad_images_behave_as_without(root: Path, log: list) -> None:
    name = live(root).get_data_info(2)['file']
    good = (root / name).read_bytes()
    (root / name).write_bytes(good[:2000])
    for _ in range(2):  # filling the cache, and using it
        assert_same(packed(root), live(root))
        bad = [text for text in log if text.startswith('Bad training sample')]
        assert len(bad) == 2 and bad[0] == bad[1]
        with pytest.raises(BadSampleError, match=name):
            packed(root, test_mode=True)[2]
        log.clear()
    (root / name).write_bytes(good)
    assert_same(packed(root), live(root))


def test_a_full_disk_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, 'full')

    with monkeypatch.context() as patch:
        patch.setattr(os, 'posix_fallocate', full)
        with pytest.raises(OSError, match='No space.*rows.npy.*Free some'):
            packed(root)
    assert not file_of(root, 'rows.npy').exists()
    assert_same(packed(root), live(root))


def test_faces_of_several_sizes_are_refused(root: Path) -> None:
    name = live(root).get_data_info(2)['file']
    Image.new('RGB', (150, 150)).save(root / name)
    with pytest.raises(ValueError, match='one size.*150.*cache_folder=None'):
        packed(root, crop_size=None, pipeline=STEPS[:2])
