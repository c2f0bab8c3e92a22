# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Strict loading where mmengine is lenient."""

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmfacesr.checkpoint import WeightsError, start_of_model
from mmfacesr.models.module_path import unwrap
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
            faults = faults_of(model, checkpoint.get('state_dict', {}))
            # Files of weights alone, and files whose objects were left out.
            if 'meta' not in checkpoint:
                faults = faults or 'no meta: no optimizer, no iteration'
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
