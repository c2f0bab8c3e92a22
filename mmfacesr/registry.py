# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The registry nodes that mmfacesr registers into.

These are the root nodes of mmengine: MMagic's nodes fall back to them, so a
config with ``default_scope = 'mmagic'`` finds our classes without a prefix,
and the light parts of the package need not import MMagic.
"""

from mmengine.registry import (
    DATA_SAMPLERS,
    DATASETS,
    HOOKS,
    LOOPS,
    METRICS,
    MODELS,
    OPTIM_WRAPPERS,
    TRANSFORMS,
    VISBACKENDS,
    VISUALIZERS,
    WEIGHT_INITIALIZERS,
)

__all__ = [
    'DATA_SAMPLERS',
    'DATASETS',
    'HOOKS',
    'LOOPS',
    'METRICS',
    'MODELS',
    'OPTIM_WRAPPERS',
    'TRANSFORMS',
    'VISBACKENDS',
    'VISUALIZERS',
    'WEIGHT_INITIALIZERS',
]
