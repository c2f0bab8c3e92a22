# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Finding a part of a model by its name."""

from mmengine.model import is_model_wrapper
from torch import nn


def find_module(model: nn.Module, path: str) -> nn.Module:
    """Follow a dotted path, through the wrappers of distributed training.

    Args:
        model (nn.Module): The model, wrapped or not.
        path (str): For instance 'generator.hour_glass'.

    Raises:
        AttributeError: If there is no such part.
    """
    model = unwrap(model)
    for name in path.split('.'):
        model = unwrap(getattr(model, name))
    return model


def unwrap(model: nn.Module) -> nn.Module:
    """Take a model out of its wrapper, if it is in one."""
    return model.module if is_model_wrapper(model) else model
