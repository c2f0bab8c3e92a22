# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distributed running on machines without a GPU.

mmengine 0.10.7 calls ``torch.cuda.set_device`` for every launcher, takes
nccl for granted, passes ``device_ids`` to DDP and keeps SyncBatchNorm, which
raises on the CPU. All functions here leave a machine with a GPU alone.
"""

from collections.abc import Callable
from typing import Any, Optional
from unittest import mock

import torch
from mmengine.device import get_device
from mmengine.dist import utils as dist_utils
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.runner import Runner
from torch import nn

from .seam import wrap_once


def runs_without_gpu() -> bool:
    """Whether mmengine puts models on the CPU here."""
    return get_device() == 'cpu'


def mend_distributed() -> None:
    """Let launchers, model wrapping and SyncBN work without a GPU."""
    for launcher in ('pytorch', 'slurm', 'mpi'):
        wrap_once(dist_utils, f'_init_dist_{launcher}', _init_without_cuda)
    wrap_once(MMDistributedDataParallel, '__init__', _drop_device_ids)
    wrap_once(Runner, 'wrap_model', _without_sync_bn)


def _init_without_cuda(init: Callable) -> Callable:

    def init_dist(backend: str, *args: Any, **kwargs: Any) -> None:
        if not runs_without_gpu():
            return init(backend, *args, **kwargs)
        backend = 'gloo' if backend == 'nccl' else backend
        # there is no CUDA device to choose; the rest of the function is right
        with mock.patch.object(torch.cuda, 'set_device', lambda _: None):
            return init(backend, *args, **kwargs)

    return init_dist


def _drop_device_ids(init: Callable) -> Callable:

    def __init__(
        self: MMDistributedDataParallel,
        module: nn.Module,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if runs_without_gpu():
            kwargs.pop('device_ids', None)
            kwargs.pop('output_device', None)
        init(self, module, *args, **kwargs)

    return __init__


def _without_sync_bn(wrap_model: Callable) -> Callable:

    def wrap(
        self: Runner, model_wrapper_cfg: Optional[dict], model: nn.Module
    ) -> nn.Module:
        if self.distributed and runs_without_gpu():
            if self.cfg.get('sync_bn') is not None:
                self.logger.warning('sync_bn is switched off: it needs a GPU.')
                self.cfg.sync_bn = None
            model = revert_sync_batchnorm(model)
        return wrap_model(self, model_wrapper_cfg, model)

    return wrap
