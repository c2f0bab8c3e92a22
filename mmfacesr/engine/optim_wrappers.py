# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Mixed precision by ``--amp``, with and without a GPU; fused optimizers."""

import inspect
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIMIZERS
from torch import nn

from mmfacesr.registry import OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class Bfloat16OptimWrapper(OptimWrapper):
    """Optimizer wrapper that runs the model under bfloat16 autocast.

    bfloat16 has the exponent range of float32, so losses need no scaling.
    mmengine's AmpOptimWrapper refuses the CPU. Weights, gradients and
    optimizer states stay float32. Its state dict is that of OptimWrapper;
    that of AmpOptimWrapper is accepted too.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Run the forward pass of ``model`` under autocast."""
        with (
            super().optim_context(model),
            torch.autocast(get_device(), dtype=torch.bfloat16),
        ):
            yield

    def load_state_dict(self, state_dict: dict) -> None:
        """Load the optimizer's state; a loss scaler's state is dropped."""
        state_dict.pop('loss_scaler', None)
        super().load_state_dict(state_dict)


def enable_amp(cfg: Config) -> None:
    """Switch mixed precision on in a training config, in place.

    float16 with dynamic loss scaling on a GPU, bfloat16 on the CPU.

    Args:
        cfg (Config): Its ``optim_wrapper`` is one wrapper, or one for each
            submodule with ``constructor='MultiOptimWrapperConstructor'``.

    Raises:
        ValueError: If there is no wrapper, or one of another precision.
    """
    on_cpu = get_device() == 'cpu'
    wanted = 'Bfloat16OptimWrapper' if on_cpu else 'AmpOptimWrapper'
    for name, wrapper in _single_wrappers(cfg, '--amp').items():
        found = wrapper.get('type', 'OptimWrapper')
        if found not in ('OptimWrapper', wanted):
            raise ValueError(
                f'Expected {name} of type OptimWrapper for --amp, got '
                f'{found}; set its type to OptimWrapper or leave --amp away.'
            )
        wrapper['type'] = wanted
        if not on_cpu:
            wrapper.setdefault('loss_scale', 'dynamic')
    if on_cpu and not has_native_bfloat16():
        print_log(
            'This CPU has no native bfloat16: --amp will be many times '
            'slower than training without it.',
            logger='current',
            level=logging.WARNING,
        )


def has_native_bfloat16() -> bool:
    """Whether oneDNN has bfloat16 kernels for this CPU."""
    return (
        torch.backends.mkldnn.is_available()
        and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def fuse_optimizers(cfg: Config) -> None:
    """Let each optimizer of a training config take its step in one kernel.

    Args:
        cfg (Config): As for :func:`enable_amp`.

    Raises:
        ValueError: If there is none, or one that cannot, or there is no GPU
            and torch is older than 2.4.
    """
    if torch.__version__ < '2.4' and get_device() == 'cpu':
        raise ValueError(
            'Expected torch 2.4 or newer for fused_optimizer=True on a CPU, '
            f'got {torch.__version__}; leave fused_optimizer away.'
        )
    for name, wrapper in _single_wrappers(cfg, 'fused_optimizer').items():
        optimizer = wrapper['optimizer']
        kind = OPTIMIZERS.get(optimizer['type'])
        if kind and 'fused' not in inspect.signature(kind).parameters:
            raise ValueError(
                f'Expected {name}.optimizer to be Adam, AdamW or SGD for '
                f'fused_optimizer=True, got {optimizer["type"]}; leave '
                'fused_optimizer away.'
            )
        optimizer['fused'] = True


def adapt_states(wrapper: OptimWrapper | OptimWrapperDict) -> None:
    """Bring loaded optimizer states into the form of this training.

    A checkpoint also holds whether its optimizer was fused, and the memory
    layout of its states. A fused step takes all tensors for equal in layout
    and computes nonsense if they are not.
    """
    if isinstance(wrapper, OptimWrapperDict):
        for one in wrapper.values():
            adapt_states(one)
        return
    optimizer = wrapper.optimizer
    fused = optimizer.defaults.get('fused')
    for group in optimizer.param_groups:
        if 'fused' in group:
            group['fused'] = fused
        for weight in group['params']:
            state = optimizer.state.get(weight, {})
            for key, value in state.items():
                if not isinstance(value, torch.Tensor):
                    continue
                if key == 'step':
                    state[key] = value.to(weight.device if fused else 'cpu')
                elif value.shape == weight.shape:
                    state[key] = torch.empty_like(weight).copy_(value)


def _single_wrappers(cfg: Config, switch: str) -> dict:
    """Find the wrappers by their place in the config."""
    found = cfg.get('optim_wrapper') or {}
    wrappers = {'optim_wrapper': found}
    if 'constructor' in found and 'optimizer' not in found:
        wrappers = {
            f'optim_wrapper.{name}': wrapper
            for name, wrapper in found.items()
            if isinstance(wrapper, dict)
        }
    if not all('optimizer' in wrapper for wrapper in wrappers.values()):
        raise ValueError(
            'Expected an optim_wrapper with an optimizer for '
            f'{switch}, got {found}; is this a training config?'
        )
    return wrappers
