# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Gradient checkpointing: less memory for more time."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


def recompute_in_backward(*units: nn.Module) -> None:
    """Let units keep their inputs alone for the backward pass.

    What is inside is computed again there. Outputs, gradients and the running
    statistics of batch norms are the same. In eval mode and without gradients
    nothing changes. State dicts stay as they are.

    Args:
        *units (nn.Module): Parts of a network, none inside another. They
            must not change their inputs in place.
    """
    for unit in units:
        unit.forward = partial(_forward, unit)


def recomputed_units(network: nn.Module) -> list[nn.Module]:
    """Those that :func:`recompute_in_backward` was called with."""
    return [
        module
        for module in network.modules()
        if getattr(module.forward, 'func', None) is _forward
    ]


def _forward(unit: nn.Module, *args: Any) -> Any:
    """Run a unit; in training without keeping what is inside."""
    run = partial(type(unit).forward, unit)
    if not (unit.training and torch.is_grad_enabled()):
        return run(*args)
    return checkpoint(
        run,
        *args,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _resting_statistics(unit)),
    )


@contextmanager
def _resting_statistics(unit: nn.Module) -> Iterator[None]:
    """Let batch norms see a batch without counting it."""
    norms = [one for one in unit.modules() if isinstance(one, _BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, kept):
            norm.momentum, norm.num_batches_tracked = momentum, count
