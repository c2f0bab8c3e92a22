# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What ``compile = True`` of a config compiles."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from mmfacesr.engine.module_path import find_module
from mmfacesr.models.common.checkpointing import recomputed_units
from mmfacesr.registry import HOOKS

OLDEST_TORCH = '2.4'
"""torch 2.1 fails on some of the networks."""


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the generator, in training alone.

    mmengine compiles ``train_step`` as a whole: losses that read numbers,
    optimizers and logs too, which fails or costs many short graphs. The
    weights keep their keys. ``compile`` of the config is True, or a dict of
    arguments of ``torch.compile``.
    """

    def before_run(self, runner: Runner) -> None:
        """Replace what mmengine would compile.

        Raises:
            ValueError: If torch is too old, or the generator has units that
                are computed again in the backward pass.
        """
        options = runner.cfg.get('compile')
        if not options:
            return
        if torch.__version__ < OLDEST_TORCH:
            raise ValueError(
                f'Expected torch {OLDEST_TORCH} or newer for compile=True, '
                f'got {torch.__version__}; leave compile away.'
            )
        if recomputed_units(find_module(runner.model, 'generator')):
            raise ValueError(
                'Expected compile=True or with_cp=True, got both: '
                'torch.compile chooses itself what is computed again; leave '
                'one of them away.'
            )
        arguments = options if isinstance(options, dict) else {}

        def compile_instead(target: str) -> None:
            compile_training(
                find_module(runner.model, 'generator'), **arguments
            )
            runner.logger.info(
                'The generator is compiled: the first iterations take minutes.'
            )

        runner._maybe_compile = compile_instead


def compile_training(network: nn.Module, **arguments: Any) -> None:
    """Compile what a network does in training mode.

    Validations run as before: other sizes and modes would be compiled anew.

    Args:
        network (nn.Module): Its ``forward`` is replaced.
        **arguments: Of ``torch.compile``.
    """
    plain = network.forward
    compiled = torch.compile(plain, **arguments)

    def forward(*args: Any, **kwargs: Any) -> Any:
        run = compiled if network.training else plain
        return run(*args, **kwargs)

    network.forward = forward
