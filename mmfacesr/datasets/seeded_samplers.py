# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samplers that begin anywhere, and say what each sample's draws follow from.

What augments a sample follows from the seed of the run and the sample's place
in the training, not from what a worker has drawn before. So a resumed
training goes on at once, with the samples that it would have had, and the
number of workers and processes changes none of them.
"""

import random
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.dataset import DefaultSampler, InfiniteSampler

from mmfacesr.registry import DATA_SAMPLERS


class SeededIndex(int):
    """Number of a sample, with the seed of what its transforms draw.

    Args:
        index (int): The sample.
        seed (int): In 0..2**32 - 1.
    """

    seed: int

    def __new__(cls, index: int, seed: int) -> 'SeededIndex':
        """Make a number that carries another."""
        self = super().__new__(cls, index)
        self.seed = seed
        return self

    def __reduce__(self) -> tuple:
        """Go to a worker with the seed."""
        return SeededIndex, (int(self), self.seed)


def seed_of(*place: int) -> int:
    """A seed, 0..2**32 - 1, for a place that some numbers stand for.

    Args:
        *place (int): Not negative, such as the seed of the run and the
            number of the sample.
    """
    return int(np.random.SeedSequence(place).generate_state(1)[0])


def seed_draws(seed: int) -> None:
    """Seed Python's, NumPy's and torch's random numbers of the CPU.

    Not by ``torch.manual_seed``, which would keep the seed for GPUs that a
    worker does not use.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)


def seed_draws_of(index: int) -> None:
    """Let the transforms of a sample draw what its place asks for.

    Args:
        index (int): A plain number leaves the random numbers as they are.
    """
    if isinstance(index, SeededIndex):
        seed_draws(index.seed)


class BeginsAnywhere:
    """What both samplers have: ``first``, by which a resume skips samples."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first = 0  # sample of this process to begin with


@DATA_SAMPLERS.register_module()
class SeededInfiniteSampler(BeginsAnywhere, InfiniteSampler):
    """mmengine's InfiniteSampler, for loops over iterations."""

    def __iter__(self) -> Iterator[SeededIndex]:
        """Go on for ever; every call begins at ``first``."""
        start = self.first * self.world_size + self.rank
        places = enumerate(self._infinite_indices())
        for place, index in islice(places, start, None, self.world_size):
            yield SeededIndex(index, seed_of(self.seed, place))


@DATA_SAMPLERS.register_module()
class SeededSampler(BeginsAnywhere, DefaultSampler):
    """mmengine's DefaultSampler, for loops over epochs."""

    def __iter__(self) -> Iterator[SeededIndex]:
        """The rest of the epoch; its length stays that of a whole one."""
        numbered = enumerate(super().__iter__())
        for number, index in islice(numbered, self.first, None):
            place = number * self.world_size + self.rank
            yield SeededIndex(index, seed_of(self.seed, self.epoch, place))
