# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Hooks, optimizer wrappers, an initializer; importing registers them."""

from mmfacesr.engine import hooks, optim_wrappers, pretrained_init

__all__ = ['hooks', 'optim_wrappers', 'pretrained_init']
