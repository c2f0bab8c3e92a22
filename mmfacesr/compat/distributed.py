# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Distributed running: without a GPU, and what it logs.

mmengine 0.10.7 calls ``torch.cuda.set_device`` for every launcher, takes
nccl for granted, passes ``device_ids`` to DDP and keeps SyncBatchNorm, which
raises on the CPU; a machine with a GPU is left alone. With and without a GPU
it logs the losses of the first process for those of the batch, saves the
batch statistics of the first process between validations, and wraps a model
before hooks can change its memory layout.
"""

from collections.abc import Callable
from typing import Any, Optional
from unittest import mock

import torch
from mmengine.device import get_device
from mmengine.dist import all_reduce, all_reduce_params, get_world_size
from mmengine.dist import utils as dist_utils
from mmengine.hooks import CheckpointHook
from mmengine.model import MMDistributedDataParallel, revert_sync_batchnorm
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmfacesr.compat.hung_processes import HANG_SECONDS, watch_processes
from mmfacesr.compat.seam import wrap_once


def runs_without_gpu() -> bool:
    """Whether mmengine puts models on the CPU here."""
    return get_device() == 'cpu'


def mend_distributed() -> None:
    """Let all work without a GPU, and let hooks see losses of the batch."""
    for launcher in ('pytorch', 'slurm', 'mpi'):
        wrap_once(dist_utils, f'_init_dist_{launcher}', _init_and_watch)
    wrap_once(MMDistributedDataParallel, '__init__', _drop_device_ids)
    wrap_once(Runner, 'wrap_model', _ready_to_wrap)
    wrap_once(Runner, 'call_hook', _with_losses_of_all)
    wrap_once(CheckpointHook, '_save_checkpoint', _with_buffers_of_all)


def _init_and_watch(init: Callable) -> Callable:

    def init_dist(backend: str, *args: Any, **kwargs: Any) -> None:
        backend = 'gloo' if backend == 'nccl' else backend
        # there is no CUDA device to choose; the rest of the function is right
        with mock.patch.object(torch.cuda, 'set_device', lambda _: None):
            init(backend, *args, **kwargs)

    def init_and_watch(
        backend: str,
        *args: Any,
        hang_timeout: float = HANG_SECONDS,
        **kwargs: Any,
    ) -> None:
        start = init_dist if runs_without_gpu() else init
        start(backend, *args, **kwargs)
        watch_processes(hang_timeout)

    return init_and_watch


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


def _ready_to_wrap(wrap_model: Callable) -> Callable:

    def wrap(
        self: Runner, model_wrapper_cfg: Optional[dict], model: nn.Module
    ) -> nn.Module:
        if self.cfg.get('channels_last'):
            # DDP puts the first gradients where weights of the layout that
            # it has wrapped would have them: changed later, they are wrong.
            model = model.to(memory_format=torch.channels_last)
        if self.distributed and runs_without_gpu():
            if self.cfg.get('sync_bn') is not None:
                self.logger.warning('sync_bn is switched off: it needs a GPU.')
                self.cfg.sync_bn = None
            model = revert_sync_batchnorm(model)
        return wrap_model(self, model_wrapper_cfg, model)

    return wrap


def _with_losses_of_all(call_hook: Callable) -> Callable:
    """Give the hooks of an iteration the losses of the whole batch.

    Here and not in a hook, so that every hook sees the same on every
    process, whatever its priority: one that stops at a loss that is not
    finite stops all processes at once.
    """

    def call(self: Runner, fn_name: str, **kwargs: Any) -> None:
        if fn_name == 'after_train_iter' and kwargs.get('outputs'):
            kwargs['outputs'] = mean_over_ranks(kwargs['outputs'])
        call_hook(self, fn_name, **kwargs)

    return call


def _with_buffers_of_all(save: Callable) -> Callable:
    """All processes are at this place; only the first goes on to save."""

    def save_mean(self: CheckpointHook, runner: Runner) -> None:
        average_buffers(runner.model)
        save(self, runner)

    return save_mean


def average_buffers(model: nn.Module) -> None:
    """Let all processes hold the mean of their batch statistics.

    Each process has those of its own images. Running statistics are linear
    in them, so that averaging once more changes later averages by rounding
    alone. Other buffers are equal, and averaging would round them.

    Args:
        model (nn.Module): Of this process, at the same place on all; its
            batch statistics are changed in place.
    """
    statistics = [
        buffer
        for norm in model.modules()
        if isinstance(norm, _BatchNorm) and norm.running_mean is not None
        for buffer in (norm.running_mean, norm.running_var)
    ]
    if statistics:
        all_reduce_params(statistics, op='mean')


def mean_over_ranks(values: dict[str, Tensor]) -> dict[str, Tensor]:
    """Average numbers over the processes, in one exchange.

    The samplers deal every process batches of one size, so that this is the
    mean over the images.

    Args:
        values (dict[str, Tensor]): Name -> scalar, the same names on every
            process.

    Returns:
        dict[str, Tensor]: Means, without graph; NaN where one process has
        it. The values themselves on a single process.
    """
    if get_world_size() == 1:
        return values
    device = get_device()  # a GAN may log numbers that are on the CPU
    stacked = torch.stack(
        [
            torch.as_tensor(value).detach().to(device, torch.float32).squeeze()
            for value in values.values()
        ]
    )
    all_reduce(stacked, op='mean')
    return dict(zip(values, stacked.unbind()))
