# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random numbers that depend on the epoch, not on what came before."""

import random
from functools import partial

import numpy as np
import torch
from mmengine.dataset import worker_init_fn
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.registry import HOOKS

# Further apart than there are workers: they add their number to the seed.
STRIDE = 100_003
MAX_SEED = 2**32


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed the process and the workers of its loader at every epoch.

    mmengine seeds them once, so that a run that is resumed draws the
    augmentations of the first epoch again, and workers that are started anew
    draw the same ones every epoch. With this hook a resumed run is the one
    that was not interrupted. The loader needs ``persistent_workers=False``.
    """

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed for the epoch that begins.

        Raises:
            ValueError: If workers live on from epoch to epoch.
        """
        loader = runner.train_dataloader
        if loader.persistent_workers:
            raise ValueError(
                'EpochSeedHook expected persistent_workers=False of the '
                'train_dataloader, got True: its workers would not be seeded '
                'again.'
            )
        seed = (runner.seed + STRIDE * runner.epoch) % MAX_SEED
        own = (seed + get_rank()) % MAX_SEED
        random.seed(own)
        np.random.seed(own)
        torch.manual_seed(own)
        if loader.num_workers:
            loader.worker_init_fn = partial(
                worker_init_fn,
                num_workers=loader.num_workers,
                rank=get_rank(),
                seed=seed,
                disable_subprocess_warning=True,
            )
