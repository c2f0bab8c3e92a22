# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples that a data worker makes in a second, with and without the cache.

    OMP_NUM_THREADS=1 python benchmarks/data.py
    OMP_NUM_THREADS=1 python benchmarks/data.py CONFIG --data FOLDER

Measured is one worker, in this process: the training pipeline of a config,
first as far as its ResizeFace, which is reading alone, then whole. The files
are JPEG of drawn faces, or those of a folder. All are in the system's file
cache: they were read before.

Files and cache take turns. Given are the median of all rounds and, in
brackets, the slowest and the fastest; the ratio is that of one round, so that
other load on the machine changes it little. Each round compares all samples,
which must be equal to the last bit.
"""

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import PIL
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import MMLogger
from mmengine.registry import init_default_scope
from PIL import Image

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import conditions, spread
from mmfacesr.apis.sheets import build_dataset
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.table import LandmarkTable

CONFIGS = [
    'dic_x8c48b6_1xb8-150k_celeba',
    'sparnet_attn2d-x8_1xb32-20e_celeba-aligned',
    'sparnet_attn2d-x8_1xb32-20e_celeba',
]
QUALITY = 95


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('configs', nargs='*', default=CONFIGS)
    parser.add_argument('--data', help='folder of faces (default: drawn ones)')
    parser.add_argument(
        '--faces', type=int, default=48, help='at most (default: %(default)s)'
    )
    parser.add_argument(
        '--size',
        type=int,
        default=178,
        help='side of drawn faces in pixels (default: %(default)s, what is '
        'cut out of aligned CelebA)',
    )
    parser.add_argument(
        '--rounds', type=int, default=9, help='(default: %(default)s)'
    )
    return parser.parse_args()


def draw_faces(root: Path, count: int, size: int) -> None:
    """Write drawn faces as JPEG, with their landmarks."""
    (root / 'train').mkdir()
    names = [f'train/{seed:04d}.jpg' for seed in range(count)]
    points = []
    for seed, name in enumerate(names):
        picture, shape = render_face(seed, size)
        Image.fromarray(picture).save(root / name, quality=QUALITY)
        points.append(shape)
    points = np.array(points, np.float32)
    LandmarkTable(
        file=np.array(names),
        points=points,
        box=np.concatenate([points.min(1), points.max(1)], 1),
        score=np.ones(count, np.float32),
        sha256=np.full(count, ''),
    ).save(root / 'landmarks68.npz')


def dataset_of(
    config: str, is_whole: bool, cache: str | None, options: dict
) -> BaseDataset:
    """Build the training data of a config."""
    cfg = load_config(config, dict(options, cache_folder=cache))
    steps = cfg.train_dataloader.dataset.pipeline
    if not is_whole:
        while steps and steps[-1].type != 'ResizeFace':
            steps.pop()
    return build_dataset(cfg, 'train')


def timed(dataset: BaseDataset, seed: int) -> tuple[float, list[dict]]:
    """Make all samples; how many a second, and these."""
    np.random.seed(seed)
    start = time.perf_counter()
    samples = [dataset[index] for index in range(len(dataset))]
    return len(samples) / (time.perf_counter() - start), samples


def are_equal(some: dict, other: dict) -> bool:
    """Whether two samples are the same to the last bit."""
    if 'data_samples' in some:
        some, other = (
            dict(s['data_samples'].all_items(), inputs=s['inputs'])
            for s in (some, other)
        )
    return some.keys() == other.keys() and all(
        np.array_equal(value, other[key]) for key, value in some.items()
    )


def measure(config: str, is_whole: bool, options: dict, rounds: int) -> None:
    """Measure a pipeline and print its line."""
    with tempfile.TemporaryDirectory() as cache:
        files = dataset_of(config, is_whole, None, options)
        packed = dataset_of(config, is_whole, cache, options)
        size = sum(file.stat().st_size for file in Path(cache).glob('*/data*'))
        speeds, equal = [], 0
        for seed in range(rounds + 1):
            order = [files, packed] if seed % 2 else [packed, files]
            found = {id(one): timed(one, seed) for one in order}
            (slow, some), (fast, others) = found[id(files)], found[id(packed)]
            equal += sum(map(are_equal, some, others))
            speeds.append((slow, fast))
    slow, fast = np.array(speeds[1:]).T  # the first one warms up
    print(
        f'{"whole" if is_whole else "reading":8}{spread(slow, 0):24} '
        f'{spread(fast, 0):24} {spread(fast / slow, 1):18} '
        f'{equal} of {len(speeds) * len(files)}, '
        f'{size / len(files) / 1000:.0f} kB a face',
        flush=True,
    )


def main() -> None:
    """Measure from the command line."""
    args = parse_args()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    MMLogger.get_instance('benchmark', log_level='ERROR')
    init_default_scope('mmagic')
    what = args.data or (
        f'drawn faces, JPEG of {args.size}x{args.size}, quality {QUALITY}'
    )
    print(
        conditions(
            '1 thread',
            f'Pillow {PIL.__version__}',
            f'NumPy {np.__version__}',
        )
        + f'\nat most {args.faces} of {what}, {args.rounds} rounds\n'
        f'{"":8}{"files, images a second":24} {"cache":24} {"ratio":18} equal'
    )
    with clear_errors(), tempfile.TemporaryDirectory() as folder:
        if not args.data:
            draw_faces(Path(folder), args.faces, args.size)
        options = {
            'data_root': args.data or folder,
            'train_dataloader.dataset.indices': args.faces,
        }
        for config in args.configs:
            print(config)
            for is_whole in (False, True):
                measure(config, is_whole, options, args.rounds)


if __name__ == '__main__':
    main()
