# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Learned perceptual distance between restored and true images."""

import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import torch
from mmengine.device import get_device
from torch import Tensor, nn

from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric
from mmfacesr.evaluation.functional.image_quality import PEAK, crop_pair
from mmfacesr.evaluation.metrics.image_quality import rgb_pair
from mmfacesr.registry import METRICS
from mmfacesr.weights.matching import find_weights
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights

BACKBONES = {
    'alex': 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth',
    'vgg': 'https://download.pytorch.org/models/vgg16-397923af.pth',
    'squeeze': 'https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth',
}
"""Network of LPIPS -> torchvision's ImageNet weights."""
MIN_SIDE = 32  # below it nothing is left of an image inside AlexNet


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

    @staticmethod
    def as_input(image: np.ndarray) -> Tensor:
        """(H, W, 3) in [0, 255] to (1, 3, H, W) float32 in [-1, 1]."""
        scaled = np.clip(image, 0, PEAK) / (PEAK / 2) - 1
        return torch.from_numpy(scaled).float().permute(2, 0, 1)[None]

    def distance(self, pred: np.ndarray, target: np.ndarray) -> float:
        """LPIPS of two (H, W, 3) RGB images in [0, 255]."""
        if self._network is None:
            network = build_network(self.net, self.backbone)
            self._network = network.to(get_device())
        device = next(self._network.parameters()).device
        inputs = (self.as_input(x).to(device) for x in (pred, target))
        with torch.autocast(device.type, enabled=False):
            return self._network(*inputs).item()


def build_network(net: str, backbone: str) -> nn.Module:
    """The package's network with the weights of its backbone.

    Args:
        net (str): Key of ``BACKBONES``.
        backbone (str): File or URL of the weights.

    Returns:
        nn.Module: Frozen; takes two (N, 3, H, W) in [-1, 1], RGB.

    Raises:
        WeightsError: If the weights cannot be had or do not fit.
    """
    path = local_weights(
        backbone,
        f'the ImageNet weights of LPIPS/{net}',
        'set backbone of LPIPS to where it is, or test without LPIPS',
    ).path
    import lpips

    # Building draws random weights and warns in torchvision's name; neither
    # may be noticed outside.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    # The package puts the layers into slices but keeps torchvision's numbers.
    layers = nn.ModuleDict(
        {
            number: layer
            for part in network.net.children()
            for number, layer in part.named_children()
        }
    )
    _, weights = find_weights(layers, read_weights_file(path))
    layers.load_state_dict(weights)
    return network.eval().requires_grad_(False)
