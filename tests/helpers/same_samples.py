# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Comparing the samples of two datasets to the last bit."""

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.structures import BaseDataElement

SEEDS = range(6)


def samples_of(dataset: BaseDataset, seed: int = 0) -> list[dict]:
    """All samples in their order, with the same draws each time."""
    np.random.seed(seed)
    return [dataset[index] for index in range(len(dataset))]


def flat(value: object) -> object:
    """A sample as what `==` compares: bytes, shapes and types."""
    if isinstance(value, BaseDataElement):
        value = {**value.to_dict(), 'metainfo': value.metainfo}
    if isinstance(value, dict):
        return {key: flat(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return 'tensor', flat(value.numpy())
    if isinstance(value, np.ndarray):
        return value.dtype, value.shape, value.tobytes()
    return type(value), value


def assert_same(some: BaseDataset, others: BaseDataset) -> None:
    """Expect the same samples, whatever is drawn."""
    for seed in SEEDS:
        pairs = zip(samples_of(some, seed), samples_of(others, seed))
        assert len(some) == len(others)
        assert all(flat(one) == flat(other) for one, other in pairs)
