# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Timing ways to run a network against each other."""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from tqdm import tqdm

ROUNDS = 30
FIRST_ROUNDS = 5  # after which those far behind are timed no longer
FAR_BEHIND = 2.0  # times the median of the fastest


def median_seconds(
    runs: dict[str, Callable[[Tensor], Tensor]],
    batch: Tensor,
    rounds: int = ROUNDS,
    show_progress: bool = False,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Return the medians of :func:`all_seconds`, which takes the same."""
    seconds = all_seconds(runs, batch, rounds, show_progress, clock)
    return {name: statistics.median(found) for name, found in seconds.items()}


def all_seconds(
    runs: dict[str, Callable[[Tensor], Tensor]],
    batch: Tensor,
    rounds: int = ROUNDS,
    show_progress: bool = False,
    clock: Callable[[], float] = time.perf_counter,
    far_behind: float = FAR_BEHIND,
) -> dict[str, list[float]]:
    """Time each on a batch, in turns, so that all meet the same machine.

    Those that are far behind the fastest after 5 rounds are left out of the
    others.

    Args:
        runs (dict): What is timed, by name.
        batch (Tensor): What it is called with.
        rounds (int): Defaults to 30.
        show_progress (bool): Defaults to False.
        clock (Callable): Seconds. Defaults to that of the machine.
        far_behind (float): Times the median of the fastest, from which on a
            slower one is left out. Defaults to 2.

    Returns:
        dict[str, list[float]]: Seconds of each run.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():  # what is made at the first call is not timed
        run(batch)
    alive = list(runs)
    for turn in tqdm(range(rounds), 'timing', disable=not show_progress):
        for name in alive if turn % 2 else alive[::-1]:
            _wait(batch)
            start = clock()
            runs[name](batch)
            _wait(batch)
            seconds[name].append(clock() - start)
        if turn + 1 == FIRST_ROUNDS:
            middle = {name: statistics.median(seconds[name]) for name in alive}
            limit = far_behind * min(middle.values())
            alive = [name for name in alive if middle[name] <= limit]
    return seconds


def _wait(batch: Tensor) -> None:
    """Let a GPU finish."""
    if batch.is_cuda:
        torch.cuda.synchronize(batch.device)
