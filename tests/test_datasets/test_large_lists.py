# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A list of a million images: seconds to open it, memory of data workers."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from memory import KIB, memory_of
from mmengine.dataset import InfiniteSampler, pseudo_collate
from PIL import Image
from torch.utils.data import DataLoader

from mmfacesr.datasets import FaceFolder
from mmfacesr.faces.table import LandmarkTable

SIDE = 16  # pixels
MIB = KIB * KIB
PIPELINE = [
    dict(type='LoadFaceImage'),
    dict(type='LoadLandmarks'),
]
MOST_SECONDS = 60  # processor time for a million
MOST_BYTES = 200  # of the list, an image, without its landmarks
MOST_GROWTH = 8 * MIB  # of a worker, which would else copy the list
pytestmark = pytest.mark.skipif(
    not Path('/proc/self/smaps_rollup').exists(), reason='needs Linux'
)


def write_root(root: Path, folders: int, files: int) -> list[str]:
    """A list of so many images: links to one folder, with landmarks."""
    (root / 'few').mkdir()
    Image.new('RGB', (SIDE, SIDE)).save(root / 'few/0000.png')
    for number in range(1, files):
        (root / f'few/{number:04d}.png').hardlink_to(root / 'few/0000.png')
    for number in range(folders):
        (root / f'{number:04d}').symlink_to('few')
    names = [
        f'{i:04d}/{j:04d}.png' for i in range(folders) for j in range(files)
    ]
    (root / 'train.txt').write_text('\n'.join(names))
    count = len(names)
    points = np.random.default_rng(0).uniform(4, 12, (68, 2))
    LandmarkTable(
        file=np.array(names),
        points=np.broadcast_to(points.astype(np.float32), (count, 68, 2)),
        box=np.full((count, 4), np.nan, np.float32),
        score=np.ones(count, np.float32),
        sha256=np.full(count, ''),
    ).save(root / 'landmarks68.npz')
    return names


def memory_of_workers(
    faces: FaceFolder, workers: int, samples: int
) -> tuple[list[int], list[int]]:
    """Private bytes of each worker, early on and after so many samples."""
    loader = DataLoader(
        faces,
        batch_size=10,
        num_workers=workers,
        sampler=InfiniteSampler(faces, seed=0),
        collate_fn=pseudo_collate,
        prefetch_factor=1,
    )
    batches = iter(loader)
    processes = [worker.pid for worker in batches._workers]

    def measure(count: int) -> list[int]:
        for _ in range(count * workers // 10):
            next(batches)
        return [memory_of(process)['Private'] for process in processes]

    return measure(100), measure(samples)


def check(
    root: Path, counts: tuple, folders: int, samples: int, record: Callable
) -> None:
    """Open a list of 1,000 images a folder, and read by several workers."""
    names = write_root(root, folders, 1000)
    before, start = memory_of()['Private'], time.process_time()
    faces = FaceFolder(root, 'train', landmark_table=None, pipeline=[])
    seconds = time.process_time() - start
    size = memory_of()['Private'] - before
    assert len(faces) == len(names)
    start = time.process_time()
    faces = FaceFolder(root, 'train', pipeline=PIPELINE)
    whole = time.process_time() - start
    each, growth = {}, {}
    for count in counts:
        early, late = memory_of_workers(faces, count, samples)
        each[count] = max(late)
        growth[count] = max(b - a for a, b in zip(early, late))
    held = max(each.values()) < faces.data_bytes.nbytes + 100 * MIB
    good = [
        seconds < MOST_SECONDS,
        size < MOST_BYTES * len(names) + 30 * MIB,
        held and max(growth.values()) < MOST_GROWTH,
    ]
    record(
        'Load',
        f'list of {len(names):,} images with landmarks',
        len(good),
        sum(good),
        figures=f'opened in {seconds:.1f} s, with landmarks {whole:.1f} s '
        f'(processor); {size / MIB:.0f} MiB without them; largest worker, '
        'MiB private: '
        + ', '.join(f'{each[n] / MIB:.0f} of {n}' for n in counts)
        + f'; growth over {samples} samples, KiB: '
        + ', '.join(f'{growth[n] / KIB:.0f} of {n}' for n in counts),
    )
    assert all(good), (seconds, size, each, growth)


@pytest.mark.slow
def test_a_million(tmp_path: Path, record_trials: Callable) -> None:
    check(tmp_path, (1, 2, 8), 1000, 1000, record_trials)


def test_twenty_thousand(tmp_path: Path, record_trials: Callable) -> None:
    check(tmp_path, (1, 2), 20, 100, record_trials)
