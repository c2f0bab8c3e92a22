# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What an evaluation costs beside the network, and in memory.

    OMP_NUM_THREADS=1 python benchmarks/evaluation.py
    OMP_NUM_THREADS=1 python benchmarks/evaluation.py --pairs 1000 200000

Time: processor milliseconds a face of reading, hashing and measuring a pair
of PNG files, by the protocol rgb and by all protocols, and of the network
whose weights are in the package at batch 8. They take turns; given are the
median of all rounds and, in brackets, the least and the largest, and the
ratio to the network within a round.

Memory: the peak of a process of its own that evaluates so many pairs by the
protocol rgb, as files of 32x32 that are links to a few, and how much each
100,000 pairs add to the peak of the smallest number.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

BATCH = 8
SMALL_SIDE = 32  # of the files of the memory test; 16 without the border
ORIGINALS = 8  # files that the links lead to
KIB, MIB = 2**10, 2**20
PER = 100_000


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--rounds',
        type=int,
        default=15,
        metavar='N',
        help='of the times; 0 measures none (default: %(default)s)',
    )
    parser.add_argument(
        '--pairs',
        type=int,
        nargs='*',
        default=[1_000, 10_000],
        metavar='N',
        help='of the memory; none measures none (default: 1000 10000)',
    )
    parser.add_argument(
        '--protocol', default='rgb', help='of the memory (default: rgb)'
    )
    parser.add_argument('--child', metavar='FOLDER', help=argparse.SUPPRESS)
    return parser.parse_args()


def write_pairs(root: Path, count: int, side: int) -> None:
    """Write drawn faces as hr, and blurred ones as sr."""
    from mmfacesr.datasets.synthetic_faces import render_face

    for folder in ('sr', 'hr'):
        (root / folder).mkdir(parents=True)
    for seed in range(count):
        face = Image.fromarray(render_face(seed, 128)[0]).resize((side, side))
        face.save(root / f'hr/{seed}.png')
        small = face.resize((side // 8, side // 8), Image.BICUBIC)
        small.resize((side, side), Image.BICUBIC).save(root / f'sr/{seed}.png')


def measure_times(rounds: int) -> dict[str, np.ndarray]:
    """Processor milliseconds a face, of each round."""
    import torch

    from mmfacesr import get_model
    from mmfacesr.apis.evaluating.measuring import measure_pair
    from mmfacesr.apis.evaluating.pairs import find_pairs
    from mmfacesr.models.protocols import known_protocols

    torch.set_num_threads(1)
    model = get_model()
    side = model.facts.input_size
    batch = torch.rand(BATCH, 3, side, side) * 2 - 1
    with TemporaryDirectory() as folder, torch.inference_mode():
        root = Path(folder)
        write_pairs(root, BATCH, model.facts.gt_size)
        pairs = find_pairs(root / 'sr', root / 'hr')

        def evaluate(*protocols: str) -> None:
            for pair in pairs:
                measure_pair(pair, protocols, (), model.facts.scale)

        return in_turns(
            {
                f'network, batch {BATCH}': lambda: model(batch),
                'protocol rgb': lambda: evaluate('rgb'),
                'all protocols': lambda: evaluate(*known_protocols()),
            },
            rounds,
        )


def in_turns(
    runs: dict[str, Callable[[], object]], rounds: int
) -> dict[str, np.ndarray]:
    """Processor milliseconds a face, after one round to warm up."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name in runs if turn % 2 else [*runs][::-1]:
            start = time.process_time()
            runs[name]()
            found[name].append(1000 * (time.process_time() - start) / BATCH)
    return {name: np.array(times[1:]) for name, times in found.items()}


def show_times(times: dict[str, np.ndarray]) -> None:
    """Print a table."""
    from mmfacesr.apis.measuring import spread

    network = next(iter(times.values()))
    print('\n| a face | processor ms | of the network |\n| --- | --- | --- |')
    for name, values in times.items():
        ratio = np.median(values / network)
        print(f'| {name} | {spread(values, 1)} | {ratio:.1%} |')


def link_pairs(root: Path, count: int) -> None:
    """Make so many names of a few pairs."""
    write_pairs(root / 'few', ORIGINALS, SMALL_SIDE)
    for folder in ('sr', 'hr'):
        (root / folder).mkdir()
        for number in range(count):
            os.link(
                root / f'few/{folder}/{number % ORIGINALS}.png',
                root / f'{folder}/{number:06d}.png',
            )


def evaluate_here(root: Path, protocol: str) -> None:
    """Evaluate in this process, and say what it took."""
    from mmfacesr.apis.evaluating.folders import evaluate_folders

    evaluate_folders(
        root / 'sr', root / 'hr', root / 'out', protocols=[protocol]
    )
    print(json.dumps(dict(peak=peak_bytes(), seconds=time.process_time())))


def peak_bytes() -> int:
    """Most memory that this process has had.

    The kernel's, on Linux: what getrusage says begins with the peak of the
    process that has started this one.
    """
    text = Path('/proc/self/status').read_text()
    line = next(x for x in text.splitlines() if x.startswith('VmHWM'))
    return int(line.split()[1]) * KIB


def evaluate_apart(count: int, protocol: str) -> dict:
    """Evaluate so many pairs in a process of its own."""
    with TemporaryDirectory() as folder:
        link_pairs(Path(folder), count)
        run = [sys.executable, __file__, '--child', folder]
        done = subprocess.run(
            [*run, '--protocol', protocol],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
    return json.loads(done.stdout.splitlines()[-1])


def show_memory(counts: Sequence[int], protocol: str) -> None:
    """Measure, and print a line for each number of pairs."""
    print(
        f'\n| pairs, {protocol} | peak MiB | MiB more for each {PER:,} '
        '| processor s |\n| --- | --- | --- | --- |'
    )
    least = None
    for count in sorted(counts):
        found = evaluate_apart(count, protocol)
        least = least or (count, found['peak'])
        more = '-'
        if count > least[0]:
            each = (found['peak'] - least[1]) / (count - least[0])
            more = f'{PER * each / MIB:.0f}'
        print(
            f'| {count:,} | {found["peak"] / MIB:.0f} | {more} '
            f'| {found["seconds"]:.0f} |',
            flush=True,
        )


def main() -> None:
    """Measure from the command line."""
    args = parse_args()
    if args.child:
        evaluate_here(Path(args.child), args.protocol)
        return
    from mmfacesr.apis.launch import clear_errors
    from mmfacesr.apis.measuring import conditions

    with clear_errors():
        print(conditions('1 thread', f'{args.rounds} rounds'))
        if args.rounds:
            show_times(measure_times(args.rounds))
        if args.pairs:
            show_memory(args.pairs, args.protocol)


if __name__ == '__main__':
    main()
