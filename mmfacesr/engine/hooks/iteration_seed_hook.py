# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Random numbers that follow from the iteration, not from what came before."""

from typing import Optional

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmfacesr.datasets.seeded_samplers import seed_draws, seed_of
from mmfacesr.registry import HOOKS


@HOOKS.register_module()
class IterationSeedHook(Hook):
    """Seed each process at every iteration.

    mmengine seeds once a run, so that a resumed training draws again what it
    drew at its start. With this hook networks and losses draw in an iteration
    what they would have drawn without the interruption; each process draws
    numbers of its own. Samples are drawn elsewhere, see
    :mod:`mmfacesr.datasets.seeded_samplers`.
    """

    def before_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
    ) -> None:
        """Seed for the iteration that begins, after its batch was loaded."""
        seed = seed_of(runner.seed, runner.iter, get_rank())
        seed_draws(seed)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed(seed)
