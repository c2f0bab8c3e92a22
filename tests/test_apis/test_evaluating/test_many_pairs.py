# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""An evaluation of very many pairs streams: numbers stay, images do not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

KIB = 1024
SIZES = (2_000, 6_000, 14_000, 30_000)
MOST = 4 * KIB
"""Bytes a pair, below 0.8 GB at 200,000; the two images would be 14 KB."""
SIDE = 48
RUN = """
import sys
from mmfacesr.apis.evaluating.folders import evaluate_folders
evaluate_folders(*sys.argv[1:4])
with open('/proc/self/status') as status:
    peak = next(line for line in status if line.startswith('VmHWM'))
print(peak.split()[1])
"""
pytestmark = pytest.mark.skipif(
    not Path('/proc/self/status').exists(), reason='needs Linux'
)


def peak_of(folder: Path, pairs: int) -> float:
    """Bytes that an evaluation takes at most.

    Args:
        folder (Path): Has two pictures, of which the pairs are links.
        pairs (int): How many.
    """
    for kind in ('sr', 'hr'):
        (folder / f'{pairs}' / kind).mkdir(parents=True)
        for number in range(pairs):
            os.link(
                folder / f'{kind}.png',
                folder / f'{pairs}/{kind}/{number:06d}.png',
            )
    places = [folder / f'{pairs}' / name for name in ('sr', 'hr', 'out')]
    done = subprocess.run(
        [sys.executable, '-c', RUN, *map(str, places)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (places[2] / 'per_image.csv').read_text().splitlines()
    assert len(rows) == pairs + 1
    return int(done.stdout.split()[-1]) * KIB


@pytest.mark.slow
def test_memory_of_a_pair(tmp_path: Path, record_trials: Callable) -> None:
    rng = np.random.default_rng(0)
    for kind in ('sr', 'hr'):
        pixels = rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f'{kind}.png')
    peaks = [peak_of(tmp_path, pairs) for pairs in SIZES]
    fit = stats.linregress(SIZES, peaks)
    half = stats.t.ppf(0.975, len(SIZES) - 2) * fit.stderr
    record_trials(
        'Load',
        f'pairs evaluated, up to {SIZES[-1]:,} at a time',
        sum(SIZES),
        sum(SIZES) if fit.slope < MOST else 0,
        figures=f'peak {fit.slope:.0f} [{fit.slope - half:.0f}, '
        f'{fit.slope + half:.0f}] bytes a pair',
    )
    assert fit.slope < MOST, peaks
