# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Saying which configs some weights belong to, when they do not fit one."""

import functools
from collections.abc import Mapping

import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.registry import MODELS
from mmfacesr.utils.project_files import known_configs
from mmfacesr.weights.matching import fits, flat_tensors


def configs_that_fit(content: Mapping) -> list[str]:
    """Name the configs whose generator's weights a checkpoint holds.

    Args:
        content (Mapping): State dict, or a checkpoint with some in it.

    Returns:
        list[str]: Names of configs, without '.py'.
    """
    tensors = flat_tensors(content)
    size = sum(tensor.numel() for tensor in tensors.values())
    return [
        name
        for network, names in _networks_of_configs()
        if _num_parameters(network) <= size and fits(network, tensors)
        for name in names
    ]


@functools.cache
def _networks_of_configs() -> list[tuple[nn.Module, list[str]]]:
    """Build each generator of the configs once, beside the configs' names.

    Parameters have a shape and no values: seconds instead of gigabytes.
    """
    alike: dict[str, tuple[nn.Module, list[str]]] = {}
    for path in known_configs():
        cfg = Config.fromfile(path, import_custom_modules=False)
        generator = cfg.model.generator.to_dict()
        text = repr(generator)
        if text not in alike:
            network = MODELS.get(generator.pop('type'))
            with torch.device('meta'):
                alike[text] = network(**generator), []
        alike[text][1].append(path.stem)
    return list(alike.values())


def _num_parameters(network: nn.Module) -> int:
    """Count the parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())
