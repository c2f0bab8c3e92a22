# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hooks and optimizer wrappers; importing this registers them."""

from . import hooks, optim_wrappers

__all__ = ['hooks', 'optim_wrappers']
