# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces or photos that the inferencer restores in a second.

    python benchmarks/restoring.py
    python benchmarks/restoring.py MODEL --device cuda:0 --batch-sizes 256 64 1
    python benchmarks/restoring.py --photos 16

By the size of a batch, measured is what a call does with faces that need not
be looked for (mode 'aligned'): they are reduced, restored and made 8-bit
pictures. The network has the values with which a training begins; its speed
does not depend on them.

Batch sizes take turns. Given are the median of all rounds and, in brackets,
the slowest and the fastest. The ratio is that to the last batch size in the
same round, so that other load on the machine changes it little. The last
column is the largest difference of a pixel to the results of the last batch
size, in levels of 255: more than 1 would be a fault.

With --photos, group photos are drawn, and restored from file to file: found,
restored and written, all in turn and then ahead, in threads beside the network
(`mmfacesr.utils.background`). Given are photos a second and the part of the
time in which the network runs: the rest of it, the network is waited for.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from PIL import Image

from mmfacesr.apis import FaceSRInferencer, get_model
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import conditions, spread
from mmfacesr.apis.restoring import inferencer, job
from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.files import find_items
from mmfacesr.datasets.synthetic_faces import render_face, render_group
from mmfacesr.utils.background import map_ahead
from mmfacesr.utils.native_messages import without_native_messages

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'
WAYS = {
    'in turn': lambda function, items, ahead=0: map(function, items),
    'ahead': map_ahead,
}


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        'model',
        nargs='?',
        default=MODEL,
        help='name or config of a model (default: %(default)s)',
    )
    parser.add_argument(
        '--batch-sizes',
        type=int,
        nargs='+',
        default=[24, 8, 1],
        metavar='N',
        help='compared with the last one (default: 24 8 1)',
    )
    parser.add_argument(
        '--faces',
        type=int,
        default=24,
        metavar='N',
        help='restored in each round; take a multiple of the batch sizes '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--photos',
        type=int,
        metavar='N',
        help='restore this many photos of five persons instead, in batches '
        'of the first size',
    )
    parser.add_argument(
        '--upscale',
        type=int,
        default=1,
        metavar='N',
        help='enlarge the photos (default: %(default)s)',
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=7,
        metavar='N',
        help='after one to warm up (default: %(default)s)',
    )
    parser.add_argument(
        '--device', default='cpu', help='such as cuda:0 (default: the CPU)'
    )
    return parser.parse_args()


def measure(
    restore: FaceSRInferencer,
    faces: list[np.ndarray],
    batch_sizes: list[int],
    rounds: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Restore all faces again and again.

    Args:
        restore (FaceSRInferencer): Does it.
        faces (list[np.ndarray]): Framed faces, (H, W, 3) uint8 RGB.
        batch_sizes (list[int]): What is compared.
        rounds (int): How often, after one to warm up.

    Returns:
        tuple[np.ndarray, np.ndarray]: (rounds, sizes) faces a second; and
        (sizes,) largest differences to the results of the last size, in
        levels.
    """
    speeds, images = [], {}
    for _ in range(rounds + 1):
        speeds.append([])
        for size in batch_sizes:
            start = time.perf_counter()
            results = restore(faces, mode='aligned', batch_size=size)
            speeds[-1].append(len(faces) / (time.perf_counter() - start))
            pixels = [result.image.astype(np.int16) for result in results]
            images[size] = np.stack(pixels)
    last = images[batch_sizes[-1]]
    differences = [np.abs(images[size] - last).max() for size in batch_sizes]
    return np.array(speeds[1:]), np.array(differences)


def restore_files(
    restore: FaceSRInferencer,
    folder: Path,
    batch_size: int,
    upscale: int,
    way: Callable,
) -> tuple[float, float]:
    """Restore a folder into another.

    Args:
        restore (FaceSRInferencer): Does it.
        folder (Path): Of photos.
        batch_size (int): Faces at a time.
        upscale (int): Of the photos.
        way (Callable): Like `map`.

    Returns:
        tuple[float, float]: Photos a second, and the share of the time in
        which the network runs.
    """
    busy, network = [], restore.faces.restore

    def timed(inputs: list[np.ndarray]) -> list[np.ndarray]:
        start = time.perf_counter()
        outputs = network(inputs)
        busy.append(time.perf_counter() - start)
        return outputs

    with tempfile.TemporaryDirectory() as out, ExitStack() as patches:
        for module in (inferencer, job):
            patches.enter_context(patch.object(module, 'map_ahead', way))
        patches.enter_context(patch.object(restore.faces, 'restore', timed))
        items, _ = find_items([str(folder)], Path(out))
        # Faces of any size, so that it does not depend on the model's facts.
        choices = Choices(force=True, upscale=upscale)
        asked = job.Job(target=Path(out), choices=choices, made_by={})
        report = job.Report()
        start = time.perf_counter()
        job.run(restore, items, asked, batch_size, report.items.append)
        spent = time.perf_counter() - start
    if report.counts != {'restored': len(items)}:
        raise RuntimeError(
            f'Expected {len(items)} photos to be restored, got '
            f'{report.counts}.'
        )
    return len(items) / spent, sum(busy) / spent


def measure_photos(
    restore: FaceSRInferencer, args: argparse.Namespace
) -> np.ndarray:
    """Restore drawn photos in both ways, by turns, after a round to warm up.

    Returns:
        np.ndarray: (rounds, 2, 2): photos a second and the network's share
        of `WAYS`.
    """
    with tempfile.TemporaryDirectory() as folder, without_native_messages():
        for seed in range(args.photos):
            picture, _ = render_group(seed)
            Image.fromarray(picture).save(Path(folder, f'{seed}.jpg'))
        rounds = [
            [
                restore_files(
                    restore,
                    Path(folder),
                    args.batch_sizes[0],
                    args.upscale,
                    way,
                )
                for way in WAYS.values()
            ]
            for _ in range(args.rounds + 1)
        ]
    return np.array(rounds[1:])


def print_photos(measured: np.ndarray) -> None:
    """Show what was measured of photos."""
    print(
        f'{"":8} {"photos a second":24} {"ratio":20} '
        'share of the time in which the network runs'
    )
    for index, name in enumerate(WAYS):
        speeds, shares = measured[:, index].T
        ratios = speeds / measured[:, 0, 0]
        print(
            f'{name:8} {spread(speeds, 2):24} {spread(ratios, 2):20} '
            f'{spread(shares, 2)}'
        )


def print_batches(
    restore: FaceSRInferencer, args: argparse.Namespace, side: int
) -> None:
    """Measure batches of faces, and show it."""
    faces = [render_face(seed, side)[0] for seed in range(args.faces)]
    speeds, differences = measure(
        restore, faces, args.batch_sizes, args.rounds
    )
    print(f'{"batch":>5}  {"faces a second":24} {"ratio":20} difference')
    for index, size in enumerate(args.batch_sizes):
        ratios = speeds[:, index] / speeds[:, -1]
        print(
            f'{size:5}  {spread(speeds[:, index], 1):24} '
            f'{spread(ratios, 2):20} {differences[index]}'
        )


def main() -> None:
    """Measure from the command line."""
    args = parse_args()
    with clear_errors():
        torch.manual_seed(0)
        network = get_model(args.model, device=args.device)
        restore = FaceSRInferencer(
            args.model, None, args.device, network, show_progress=False
        )
    what = f'{args.photos} photos' if args.photos else f'{args.faces} faces'
    print(
        conditions(args.device, f'{torch.get_num_threads()} threads')
        + f'\n{network.facts.name}, {what} (drawn), {args.rounds} rounds'
    )
    if args.photos:
        print_photos(measure_photos(restore, args))
    else:
        print_batches(restore, args, network.facts.gt_size)


if __name__ == '__main__':
    main()
