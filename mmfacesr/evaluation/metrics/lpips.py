# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Learned perceptual distance between restored and true images."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from mmengine.device import get_device
from torch import nn

from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric
from mmfacesr.evaluation.functional.image_quality import crop_pair
from mmfacesr.evaluation.metrics.image_quality import rgb_pair
from mmfacesr.evaluation.networks.lpips import (
    BACKBONES,
    MIN_SIDE,
    as_input,
    build_network,
    distance,
)
from mmfacesr.registry import METRICS
from mmfacesr.weights.sources import local_weights


@METRICS.register_module()
class LPIPS(BaseSampleWiseMetric):
    """LPIPS v0.1 of the ``lpips`` package, mean over the images.

    RGB in [-1, 1], clamped, not rounded. The value is called
    ``LPIPS/<net>``, because those of different networks do not compare. The
    calibration weights come with the package; those of the ImageNet network
    are read, or fetched, at the first image.

    Source: Zhang et al., CVPR 2018. Differs: none.

    Args:
        net (str): 'alex', 'vgg' or 'squeeze'. Defaults to 'alex', the one
            for comparing images.
        crop_border (int): Pixels cut off each side. Defaults to 0.
        backbone (str, optional): File or URL of the weights of ``net`` in
            torchvision's layout. Defaults to torchvision's URL.
        kwargs: Arguments of MMagic's ``BaseSampleWiseMetric``.

    Raises:
        ValueError: If there is no such ``net``.
    """

    metric = 'LPIPS'

    # What a report says of it.
    protocol: Mapping[str, str] = MappingProxyType(
        dict(lpips='v0.1, RGB, whole image, not rounded')
    )

    def __init__(
        self,
        net: str = 'alex',
        crop_border: int = 0,
        backbone: str | None = None,
        **kwargs: object,
    ) -> None:
        if net not in BACKBONES:
            raise ValueError(
                f'Expected net to be one of {sorted(BACKBONES)}, got {net!r}.'
            )
        super().__init__(**kwargs)
        self.metric = f'LPIPS/{net}'
        self.net = net
        self.crop_border = crop_border
        self.backbone = backbone or BACKBONES[net]
        self._network: nn.Module | None = None

    @torch.no_grad()
    def process(
        self, data_batch: Sequence[dict], data_samples: Sequence[dict]
    ) -> None:
        """Measure every image of a batch.

        Raises:
            ValueError: If too little is left of an image without its border.
            WeightsError: If the weights cannot be had, at the first image.
        """
        for sample in data_samples:
            pair = self.images(sample)
            if min(pair[0].shape[:2]) < MIN_SIDE:
                raise ValueError(
                    f'Expected images of at least {MIN_SIDE}x{MIN_SIDE} '
                    f'without their border, got {pair[0].shape[:2]}; set a '
                    'smaller crop_border of LPIPS, or leave LPIPS out.'
                )
            self.results.append({self.metric: self.distance(*pair)})

    def images(self, sample: dict) -> 'tuple[np.ndarray, np.ndarray]':
        """What is compared of a sample: two (H, W, 3) RGB in [0, 255]."""
        pair = rgb_pair(sample, self.gt_key, self.pred_key)
        return crop_pair(*pair, self.crop_border)

    as_input = staticmethod(as_input)
    """(H, W, 3) RGB in [0, 255] to what the network takes."""

    def distance(self, pred: np.ndarray, target: np.ndarray) -> float:
        """LPIPS of two (H, W, 3) RGB images in [0, 255]."""
        if self._network is None:
            found = local_weights(
                self.backbone,
                f'the ImageNet weights of LPIPS/{self.net}',
                'set backbone of LPIPS to where it is, or test without LPIPS',
            )
            network = build_network(self.net, found.path)
            self._network = network.to(get_device())
        return distance(self._network, *map(self.as_input, (pred, target)))
