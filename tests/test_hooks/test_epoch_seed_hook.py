# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is drawn in an epoch depends on the epoch alone."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmfacesr.engine.hooks import EpochSeedHook


class Draws(Dataset):
    """Items that are random numbers of the process that makes them."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> float:
        return np.random.random()


def drawn(loader: DataLoader, epochs: list[int]) -> list[list[float]]:
    """The items of the given epochs, one after the other."""
    hook, found = EpochSeedHook(), []
    for epoch in epochs:
        runner = SimpleNamespace(train_dataloader=loader, seed=7, epoch=epoch)
        hook.before_train_epoch(runner)
        found.append(torch.cat(list(loader)).tolist())
    return found


@pytest.mark.parametrize('num_workers', [0, 2])
def test_resumed_epochs_draw_what_they_would_have(num_workers: int) -> None:
    def loader() -> DataLoader:
        return DataLoader(Draws(), batch_size=2, num_workers=num_workers)

    whole = drawn(loader(), [0, 1, 2])
    np.random.seed(12345)  # another process had another past
    assert drawn(loader(), [1, 2]) == whole[1:]
    values = [value for epoch in whole for value in epoch]
    assert len(set(values)) == len(values)  # epochs and workers differ


def test_workers_that_live_on_are_refused() -> None:
    loader = DataLoader(
        Draws(), batch_size=2, num_workers=1, persistent_workers=True
    )
    with pytest.raises(ValueError, match='persistent_workers=False'):
        drawn(loader, [0])
