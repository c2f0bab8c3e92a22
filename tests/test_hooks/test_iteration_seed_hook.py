# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What an iteration draws follows from its number and the process alone."""

import random
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch

from mmfacesr.engine.hooks import IterationSeedHook, iteration_seed_hook


def drawn(seed: int, iteration: int, rank: int = 0) -> tuple:
    """What three generators draw in an iteration, whatever came before."""
    random.random(), np.random.random(), torch.rand(3)
    runner = SimpleNamespace(seed=seed, iter=iteration)
    with mock.patch.object(iteration_seed_hook, 'get_rank', lambda: rank):
        IterationSeedHook().before_train_iter(runner, iteration)
    return random.random(), np.random.random(), float(torch.rand(()))


def test_the_same_after_any_past() -> None:
    assert drawn(7, 150_000) == drawn(7, 150_000)


def test_seeds_iterations_and_processes_differ() -> None:
    found = [drawn(7, 1), drawn(8, 1), drawn(7, 2), drawn(7, 1, rank=1)]
    for numbers in zip(*found):
        assert len(set(numbers)) == len(found)
