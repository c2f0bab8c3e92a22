# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces that the inferencer restores in a second, by the size of a batch.

    python benchmarks/restoring.py
    python benchmarks/restoring.py MODEL --device cuda:0 --batch-sizes 256 64 1

Measured is what a call does with faces that need not be looked for (mode
'aligned'): they are reduced, restored and made 8-bit pictures. The network has
the values with which a training begins; its speed does not depend on them.

Batch sizes take turns. Given are the median of all rounds and, in brackets,
the slowest and the fastest. The ratio is that to the last batch size in the
same round, so that other load on the machine changes it little. The last
column is the largest difference of a pixel to the results of the last batch
size, in levels of 255: more than 1 would be a fault.
"""

import argparse
import platform
import time
from datetime import date

import numpy as np
import torch

from mmfacesr.apis import FaceSRInferencer, get_model
from mmfacesr.apis.launch import clear_errors
from mmfacesr.apis.measuring import spread
from mmfacesr.apis.report import commit_of_clone
from mmfacesr.datasets.synthetic_faces import render_face

MODEL = 'dic-small_x8c16b2_1xb4-500_synthetic'


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


def main() -> None:
    """Measure from the command line."""
    args = parse_args()
    with clear_errors():
        torch.manual_seed(0)
        network = get_model(args.model, device=args.device)
        restore = FaceSRInferencer(
            args.model, None, args.device, network, show_progress=False
        )
    side = network.facts.gt_size
    faces = [render_face(seed, side)[0] for seed in range(args.faces)]
    print(
        f'{date.today()}, commit {commit_of_clone()}, '
        f'{platform.processor() or platform.machine()}, {args.device}, '
        f'torch {torch.__version__}, {torch.get_num_threads()} threads\n'
        f'{network.facts.name}, {args.faces} synthetic faces, '
        f'{args.rounds} rounds'
    )
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


if __name__ == '__main__':
    main()
