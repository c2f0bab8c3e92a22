# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The network of LPIPS with torchvision's ImageNet weights."""

import warnings
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from mmfacesr.evaluation.functional.image_quality import PEAK
from mmfacesr.weights.matching import find_weights
from mmfacesr.weights.reading import read_weights_file

BACKBONES = {
    'alex': 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth',
    'vgg': 'https://download.pytorch.org/models/vgg16-397923af.pth',
    'squeeze': 'https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth',
}
"""Network of LPIPS -> torchvision's ImageNet weights."""
MIN_SIDE = 32  # below it nothing is left of an image inside AlexNet


def build_network(net: str, path: Path) -> nn.Module:
    """The package's network with the weights of its backbone.

    Args:
        net (str): Key of ``BACKBONES``.
        path (Path): File of the weights. Its convolutions are enough.

    Returns:
        nn.Module: Frozen; takes two (N, 3, H, W) in [-1, 1], RGB.

    Raises:
        WeightsError: If the weights do not fit.
    """
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


def as_input(image: np.ndarray) -> Tensor:
    """(H, W, 3) in [0, 255] to (1, 3, H, W) float32 in [-1, 1]."""
    scaled = np.clip(image, 0, PEAK) / (PEAK / 2) - 1
    return torch.from_numpy(scaled).float().permute(2, 0, 1)[None]


@torch.no_grad()
def distance(network: nn.Module, pred: Tensor, target: Tensor) -> float:
    """LPIPS of two (1, 3, H, W) in [-1, 1], on the network's device."""
    device = next(network.parameters()).device
    with torch.autocast(device.type, enabled=False):
        return network(pred.to(device), target.to(device)).item()
