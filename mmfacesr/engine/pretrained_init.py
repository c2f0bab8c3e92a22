# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``init_cfg=dict(type='Pretrained', checkpoint=...)``, strict for ours."""

from mmengine.model import PretrainedInit, update_init_info
from torch import nn

from mmfacesr.checkpoint import load_start
from mmfacesr.registry import WEIGHT_INITIALIZERS


@WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True)
class StrictPretrainedInit(PretrainedInit):
    """Start a restorer from weights of any layout, all of them or an error.

    It stands in for mmengine's initializer, which skips what does not fit.
    Models without a part of mmfacesr are initialized as mmengine does it.

    Args:
        checkpoint (str): Path, URL or name of weights, as of `load_weights`.
        prefix (str, optional): Not needed for restorers of mmfacesr, whose
            part of a file is found. Defaults to None.
        map_location (str): As of mmengine. Defaults to 'cpu'.
    """

    def __call__(self, module: nn.Module) -> None:
        """Load the weights.

        Raises:
            ValueError: If ``prefix`` is set for a restorer of mmfacesr.
            WeightsError: If the weights do not fit.
        """
        if not _has_our_generator(module):
            super().__call__(module)
            return
        if self.prefix is not None:
            raise ValueError(
                'Expected no prefix in init_cfg, whose part of the file is '
                f'found, got {self.prefix!r}; remove it.'
            )
        load_start(module, self.checkpoint)
        if hasattr(module, '_params_init_info'):
            update_init_info(module, init_info=self._get_init_info())


def _has_our_generator(model: nn.Module) -> bool:
    """Say whether a model is a restorer around a network of mmfacesr."""
    generator = getattr(model, 'generator', None)
    return type(generator).__module__.split('.')[0] == 'mmfacesr'
