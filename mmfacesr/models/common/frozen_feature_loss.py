# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the losses on features of a frozen network have in common."""

from abc import ABCMeta, abstractmethod
from types import MappingProxyType
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.frozen_network import FrozenNetwork

Criterion = Literal['l1', 'mse']
CRITERIA = MappingProxyType({'l1': F.l1_loss, 'mse': F.mse_loss})


class FrozenFeatureLoss(nn.Module, metaclass=ABCMeta):
    """Distance between features of a frozen network, summed over them.

    The network is built and its weights are read at the first use; see
    `FrozenNetwork`.

    Args:
        pretrained (str | None): File or URL of the weights. None only if
            ``loss_weight`` is 0.
        loss_weight (float): Factor on the result; with 0 the network is
            never built.
        criterion (str): 'l1' or 'mse', how features are compared. Defaults
            to 'l1'.

    Raises:
        ValueError: If weights are needed and ``pretrained`` is None, or
            there is no such criterion.
    """

    def __init__(
        self,
        pretrained: str | None,
        loss_weight: float,
        criterion: Criterion = 'l1',
    ) -> None:
        super().__init__()
        if criterion not in CRITERIA:
            raise ValueError(
                f'{type(self).__name__} expected criterion to be one of '
                f'{sorted(CRITERIA)}, got {criterion!r}.'
            )
        if pretrained is None and loss_weight:
            raise ValueError(
                f'{type(self).__name__} expected pretrained to be a file or '
                'URL, got None; set it, or loss_weight=0 to train without '
                'this loss.'
            )
        self.pretrained = pretrained
        self.loss_weight = loss_weight
        self.criterion = criterion
        name = type(self).__name__
        self._network = FrozenNetwork(
            self.build_network,
            pretrained,
            f'the weights of {name}',
            f'set pretrained of {name} to where it is, or its loss_weight to '
            '0',
        )

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute the sum over the features of their mean distance.

        Args:
            pred (Tensor): (N, 3, H, W), normalized.
            target (Tensor): (N, 3, H, W), normalized; receives no gradient.

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
        network = self._network.get(pred.device, dtype)
        with torch.autocast(pred.device.type, enabled=False):
            with torch.no_grad():
                wanted = self.features(network, target.to(dtype))
            found = self.features(network, pred.to(dtype))
            distance = CRITERIA[self.criterion]
            terms = [distance(*pair) for pair in zip(found, wanted)]
        return self.loss_weight * sum(terms)

    @abstractmethod
    def build_network(self) -> nn.Module:
        """Build the network, weights not yet set."""

    @abstractmethod
    def features(self, network: nn.Module, image: Tensor) -> list[Tensor]:
        """Compute the features that are compared.

        Args:
            network (nn.Module): What `build_network` gave, with its weights.
            image (Tensor): (N, 3, H, W), normalized, at least float32.

        Returns:
            list[Tensor]: Features of any shapes.
        """
