# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Samples follow from their place in the training, and from nothing else."""

import random
from unittest import mock

import numpy as np
import pytest
import torch
from mmengine.dataset import BaseDataset, DefaultSampler, InfiniteSampler
from torch.utils.data import DataLoader

from mmfacesr.datasets import (
    FaceFolder,
    SeededInfiniteSampler,
    SeededSampler,
    SyntheticFaces,
)
from mmfacesr.datasets.seeded_samplers import (
    SeededIndex,
    seed_draws_of,
    seed_of,
)

FACES = 7
PAIRS = [
    (SeededInfiniteSampler, InfiniteSampler),
    (SeededSampler, DefaultSampler),
]
SAMPLERS = pytest.mark.parametrize(
    'sampler', [pair[0] for pair in PAIRS], ids=['iterations', 'epochs']
)


class Draws(BaseDataset):
    """Samples that are what three generators draw for them."""

    def __len__(self) -> int:
        return FACES

    def full_init(self) -> None:
        """There is nothing to read."""

    def __getitem__(self, index: int) -> torch.Tensor:
        seed_draws_of(index)
        return torch.tensor(
            [index, random.random(), np.random.random(), torch.rand(())]
        )


def draws(sampler: type, count: int, first: int = 0, **settings) -> list:
    """Samples of a training, or of the rest of one."""
    data = Draws(serialize_data=False)
    order = sampler(data, seed=3)
    order.first = first
    found: list = []
    for batch in DataLoader(data, sampler=order, **settings):
        found += batch.tolist()
        if len(found) >= count:
            break
    return found[:count]


@pytest.mark.parametrize('ours, theirs', PAIRS, ids=['iterations', 'epochs'])
@pytest.mark.parametrize('shuffle', [True, False])
@pytest.mark.parametrize('ranks', [1, 3])
def test_order_is_that_of_mmengine(
    ours: type, theirs: type, shuffle: bool, ranks: int
) -> None:
    for rank in range(ranks):
        with mock.patch(
            'mmengine.dataset.sampler.get_dist_info',
            lambda rank=rank: (rank, ranks),
        ):
            one, other = (
                kind(range(FACES), shuffle=shuffle, seed=4)
                for kind in (ours, theirs)
            )
        assert len(one) == len(other)
        for epoch in (0, 5):
            one.set_epoch(epoch), other.set_epoch(epoch)
            if theirs is InfiniteSampler and epoch:
                continue  # it goes on where it was; ours begins at `first`
            pairs = list(zip(one, (i for _, i in zip(range(20), other))))
            assert pairs and all(a == b for a, b in pairs)


@SAMPLERS
def test_workers_and_batches_change_no_draw(sampler: type) -> None:
    whole = draws(sampler, FACES)
    assert len({tuple(sample) for sample in whole}) == FACES
    assert len({sample[1] for sample in whole}) == FACES
    assert draws(sampler, FACES, batch_size=3, num_workers=2) == whole
    assert draws(sampler, FACES, batch_size=2, num_workers=1) == whole


@SAMPLERS
@pytest.mark.parametrize('first', [1, 4, 6])
def test_rest_is_the_end_of_the_whole(sampler: type, first: int) -> None:
    whole = draws(sampler, FACES)
    rest = draws(sampler, FACES - first, first, num_workers=1, batch_size=2)
    assert rest == whole[first:]


def test_third_pass_is_reached_at_once() -> None:
    whole = draws(SeededInfiniteSampler, 40)
    assert draws(SeededInfiniteSampler, 3, first=37) == whole[37:]


def test_passes_and_epochs_draw_anew() -> None:
    samples = draws(SeededInfiniteSampler, 3 * FACES)
    assert len({sample[1] for sample in samples}) == 3 * FACES
    order = SeededSampler(range(FACES), seed=3)
    seeds = []
    for epoch in range(3):
        order.set_epoch(epoch)
        seeds += [index.seed for index in order]
    assert len(set(seeds)) == 3 * FACES


@pytest.mark.parametrize('sampler', [SeededInfiniteSampler, SeededSampler])
def test_processes_share_the_places_of_one(sampler: type) -> None:
    """A global batch is the same on one process and on two."""

    def places(rank: int, ranks: int) -> list[tuple[int, int]]:
        with mock.patch(
            'mmengine.dataset.sampler.get_dist_info', lambda: (rank, ranks)
        ):
            order = sampler(range(8), seed=4)
        return [(int(i), i.seed) for _, i in zip(range(8 // ranks), order)]

    dealt = zip(places(0, 2), places(1, 2))
    assert [place for pair in dealt for place in pair] == places(0, 1)


def test_datasets_seed_each_sample(faces_root) -> None:
    """The mirror of a face, whatever has been drawn before."""
    steps = [dict(type='RandomFlipFace')]
    folder = FaceFolder(
        str(faces_root), 'train', pipeline=[dict(type='LoadFaceImage'), *steps]
    )
    drawn = SyntheticFaces(
        'train', 2, pipeline=[dict(type='DrawFace', size=64), *steps]
    )
    for dataset in (folder, drawn):
        for seed in (seed_of(1, 2), seed_of(1, 3)):
            once = dataset[SeededIndex(1, seed)]['gt']
            for _ in range(3):
                np.random.random(5)
                assert (dataset[SeededIndex(1, seed)]['gt'] == once).all()
        images = {
            dataset[SeededIndex(1, seed)]['gt'].tobytes() for seed in range(20)
        }
        assert len(images) == 2


def test_plain_numbers_seed_nothing() -> None:
    np.random.seed(1)
    expected = np.random.random(2)
    np.random.seed(1)
    seed_draws_of(5)
    assert (np.random.random(2) == expected).all()
