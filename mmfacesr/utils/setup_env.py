# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Registration by a call, for programs that read no config of ours."""

import importlib

REGISTERING_MODULES = (
    'mmfacesr.models',
    'mmfacesr.datasets',
    'mmfacesr.engine',
    'mmfacesr.evaluation.metrics',
    'mmfacesr.models.runtime',
)
"""What ``custom_imports`` of configs/_base_/default_runtime.py names."""


def register_all_modules(init_default_scope: bool = True) -> None:
    """Register every class of mmfacesr, as the sister projects do.

    A config that inherits from ours does it by itself. MMagic is imported
    (seconds).

    Args:
        init_default_scope (bool): Also make ``mmagic`` the default scope, so
            that MMagic's classes are found by their names alone; those of
            mmfacesr are in mmengine's registries and found in any scope.
            Defaults to True.
    """
    for name in REGISTERING_MODULES:
        importlib.import_module(name)
    if init_default_scope:
        importlib.import_module('mmengine.registry').init_default_scope(
            'mmagic'
        )
