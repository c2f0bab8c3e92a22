# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LPIPS of 8-bit images."""

from functools import cache
from typing import Optional

import numpy as np
from mmengine.device import get_device
from torch import nn

from mmfacesr.evaluation.image_metrics import ImageMetric
from mmfacesr.evaluation.networks.lpips import (
    BACKBONES,
    MIN_SIDE,
    as_input,
    build_network,
    distance,
)
from mmfacesr.evaluation.networks.threads import one_thread
from mmfacesr.weights.sources import local_weights


def lpips_metric(net: str, weights: Optional[str] = None) -> ImageMetric:
    """LPIPS v0.1 of the ``lpips`` package, whole image, RGB.

    Args:
        net (str): 'alex' or 'vgg'.
        weights (str, optional): File, URL or name of the ImageNet weights in
            torchvision's layout. Defaults to torchvision's URL.

    Raises:
        WeightsError: If the weights cannot be had.
    """
    found = local_weights(
        weights or BACKBONES[net],
        f'the ImageNet weights of LPIPS/{net}',
        f'give a file by lpips-{net}=FILE, or leave lpips-{net} out',
    )

    @cache
    def network() -> nn.Module:
        return build_network(net, found.path).to(get_device())

    def measure(sr: np.ndarray, hr: np.ndarray, lr: object) -> dict:
        if min(hr.shape[:2]) < MIN_SIDE:
            raise ValueError(
                f'Expected images of at least {MIN_SIDE}x{MIN_SIDE} for '
                f'lpips-{net}, got {hr.shape[0]}x{hr.shape[1]}; leave it out.'
            )
        with one_thread():
            value = distance(network(), as_input(sr), as_input(hr))
        return {f'LPIPS/{net}': value}

    return ImageMetric(
        measure,
        f'LPIPS v0.1 of the package lpips, {net}, 8-bit RGB, whole image; '
        f'{found.about}',
    )
