# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One room for each method, and what methods share in ``common``.

Importing it registers networks, heads and losses, and leaves MMagic alone;
``mmfacesr.models.runtime`` registers what needs MMagic.
"""

from importlib import import_module
from types import MappingProxyType

from mmfacesr.models.common import vgg_feature_loss  # noqa: F401  registers
from mmfacesr.models.common.method import Method

# A further method is registered by its line here. The first one is what
# `make quickstart` tries: it gains most a minute.
ROOMS = (
    'dic',
    'sparnet',
    'pfsrnet',
    'elsface',
    'wfen',
    'sfmnet',
)
METHODS: MappingProxyType[str, Method] = MappingProxyType(
    {room: import_module(f'{__name__}.{room}').METHOD for room in ROOMS}
)
"""Room -> what it declares."""

__all__ = ['METHODS', 'Method']
