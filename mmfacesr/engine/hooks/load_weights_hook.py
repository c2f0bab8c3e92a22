# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Strict loading where mmengine is lenient."""

from collections.abc import Mapping

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmfacesr.checkpoint import WeightsError, start_of_model
from mmfacesr.engine.module_path import unwrap
from mmfacesr.registry import HOOKS
from mmfacesr.weights.matching import check_finite, faults_of


@HOOKS.register_module()
class LoadWeightsHook(Hook):
    """Take weights of any layout in ``load_from``; check what is resumed.

    mmengine loads what has the right name and goes on with the rest as it
    is, also when nothing fitted. With this hook, ``load_from`` of a config
    reads every layout that `load_weights` knows, and a file that does not fit
    is refused, as is a checkpoint of another config in a resume.
    """

    # Before hooks that keep a copy of the weights.
    priority = 'HIGHEST'

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace the weights by those under the model's own keys.

        Raises:
            WeightsError: If they are not all there.
        """
        model = unwrap(runner.model)
        if runner._resume:
            check_resumable(checkpoint, str(runner._load_from))
            faults = faults_of(model, checkpoint.get('state_dict', {}))
            if faults:
                raise WeightsError(
                    'Expected a checkpoint of this config to resume from, '
                    f'got one with {faults}. To start a new training from '
                    'its weights, set load_from and do not resume.'
                )
            check_finite(checkpoint['state_dict'])
            return
        layout, checkpoint['state_dict'] = start_of_model(model, checkpoint)
        print_log(f'Layout of the weights: {layout.name}', 'current')


def check_resumable(checkpoint: Mapping, name: str) -> None:
    """Check that a checkpoint holds all that a training goes on with.

    Args:
        checkpoint (Mapping): Content of a file.
        name (str): Of the file, for the message.

    Raises:
        WeightsError: If it has no place in a training or no optimizer.
    """
    meta = checkpoint.get('meta')
    has_place = isinstance(meta, Mapping) and {'iter', 'epoch'} <= set(meta)
    parts = {
        'iteration': has_place,
        'weights': 'state_dict' in checkpoint,
        'optimizer': 'optimizer' in checkpoint,
        'log': 'message_hub' in checkpoint,
    }
    missing = [part for part, is_there in parts.items() if not is_there]
    if missing:
        raise WeightsError(
            'Expected a checkpoint of a training to resume from, with '
            f'{", ".join(parts)}; {name} has no {", no ".join(missing)}. It '
            'may be weights alone, the best checkpoint, or of another '
            'program. To start a new training from its weights, leave '
            f"--resume away and set --cfg-options load_from='{name}'."
        )
