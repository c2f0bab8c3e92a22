# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the losses on features of a frozen network have in common."""

from abc import ABCMeta, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.pretrained_weights import local_weights
from mmfacesr.weight_files import find_weights, read_weights_file


class FrozenFeatureLoss(nn.Module, metaclass=ABCMeta):
    """L1 distance between features of a frozen network, summed over them.

    The network is built and its weights are read at the first use, so that
    building and testing a model need neither; it is in no state dict and
    gives no parameters, so that checkpoints, optimizers and distributed
    wrappers do not see it.

    Args:
        pretrained (str | None): File or URL of the weights. None only if
            ``loss_weight`` is 0.
        loss_weight (float): Factor on the result; with 0 the network is
            never built.

    Raises:
        ValueError: If weights are needed and ``pretrained`` is None.
    """

    def __init__(self, pretrained: str | None, loss_weight: float) -> None:
        super().__init__()
        if pretrained is None and loss_weight:
            raise ValueError(
                f'{type(self).__name__} expected pretrained to be a file or '
                'URL, got None; set it, or loss_weight=0 to train without '
                'this loss.'
            )
        self.pretrained = pretrained
        self.loss_weight = loss_weight
        # In a list, because a module as attribute would be registered.
        self._network: list[nn.Module] = []

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute the sum of mean |feature(pred) - feature(target)|.

        Args:
            pred (Tensor): (N, 3, H, W), normalised.
            target (Tensor): (N, 3, H, W), normalised; receives no gradient.

        Returns:
            Tensor: Scalar, at least 0, at least float32 also under autocast.

        Raises:
            ValueError: If pred and target differ in shape.
            WeightsError: If the weights cannot be had, at the first use.
        """
        dtype = torch.promote_types(pred.dtype, torch.float32)
        if not self.loss_weight:
            return pred.new_zeros((), dtype=dtype)
        if pred.shape != target.shape:
            raise ValueError(
                'Expected pred and target of one shape, got '
                f'{tuple(pred.shape)} and {tuple(target.shape)}.'
            )
        network = self._built().to(pred.device, dtype)
        with torch.autocast(pred.device.type, enabled=False):
            with torch.no_grad():
                wanted = self.features(network, target.to(dtype))
            found = self.features(network, pred.to(dtype))
            terms = [F.l1_loss(*pair) for pair in zip(found, wanted)]
        return self.loss_weight * sum(terms)

    @abstractmethod
    def build_network(self) -> nn.Module:
        """Build the network, weights not yet set."""

    @abstractmethod
    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Compute the features that are compared.

        Args:
            network (nn.Module): What `build_network` gave, with its weights.
            image (Tensor): (N, 3, H, W), normalised, at least float32.

        Returns:
            list[Tensor]: Features of any shapes.
        """

    def _built(self) -> nn.Module:
        """Return the network; build it and read its weights once."""
        if not self._network:
            name = type(self).__name__
            path = local_weights(
                self.pretrained,
                f'the weights of {name}',
                f'set pretrained of {name} to where it is, or its '
                'loss_weight to 0',
            )
            # Without memory and without a draw from the random numbers.
            with torch.device('meta'):
                network = self.build_network()
            _, weights = find_weights(network, read_weights_file(path))
            network.load_state_dict(weights, assign=True)
            self._network.append(network.requires_grad_(False).eval())
        return self._network[0]
