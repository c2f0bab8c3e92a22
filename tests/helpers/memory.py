# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Memory of processes, and how it grows. Linux."""

import ctypes
import gc
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

KIB = 1024
CONFIDENCE = 0.95


class Slope(NamedTuple):
    """Growth for a step, with its 95 % interval.

    Attributes:
        each (float): In units of the values.
        low (float): Lower end.
        high (float): Upper end.
    """

    each: float
    low: float
    high: float

    def __str__(self) -> str:
        """Three digits; the unit is for the caller to say."""
        return f'{self.each:.3g} [{self.low:.3g}, {self.high:.3g}]'


def memory_of(process: int | str = 'self') -> dict[str, int]:
    """Bytes of a process, from the kernel.

    Args:
        process (int | str): Its number. Defaults to this one.

    Returns:
        dict[str, int]: ``Rss`` all that it maps, ``Pss`` with shared pages
        divided by those that share them, ``Private`` what it alone has
        written to (not the code that no other process happens to share).
    """
    text = Path(f'/proc/{process}/smaps_rollup').read_text()
    found = {
        name: int(value.split()[0]) * KIB
        for name, _, value in (x.partition(':') for x in text.splitlines()[1:])
    }
    names = dict(Rss='Rss', Pss='Pss', Private='Private_Dirty')
    return {ours: found[name] for ours, name in names.items()}


def settled_memory() -> int:
    """Bytes that this process alone has, without what waits to be freed."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return memory_of()['Private']


def slope_of(
    values: Sequence[float], steps: float = 1, blocks: int = 20
) -> Slope:
    """Fit a line to measurements, and say how sure its slope is.

    Neighbors are alike, so that a fit of all values would be too sure: the
    line goes through the means of blocks, whose deviations are nearly
    independent.

    Args:
        values (Sequence[float]): Measured at equal distances.
        steps (float): Distance of two measurements. Defaults to 1.
        blocks (int): At least 3. Defaults to 20.

    Raises:
        ValueError: If there are fewer values than blocks.
    """
    if len(values) < blocks:
        raise ValueError(
            f'Expected at least {blocks} values, got {len(values)}.'
        )
    size = len(values) // blocks
    last = np.asarray(values, np.float64)[-size * blocks :]
    means = last.reshape(blocks, size).mean(1)
    fit = stats.linregress(np.arange(blocks) * size * steps, means)
    half = stats.t.ppf((1 + CONFIDENCE) / 2, blocks - 2) * fit.stderr
    return Slope(fit.slope, fit.slope - half, fit.slope + half)
