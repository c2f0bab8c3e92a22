# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Registers what a runner needs beside networks and losses: all of it.

Restorers, and the hooks and metrics of the methods. Imports MMagic (seconds).
"""

from importlib import import_module

from mmfacesr.models import METHODS
from mmfacesr.models.common import restorers  # noqa: F401  registers

for room, method in METHODS.items():
    for name in method.runtime:
        import_module(f'mmfacesr.models.{room}.{name}')
