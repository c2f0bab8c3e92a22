# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Feature loss of DICGAN."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.networks.layers import light_cnn_features
from mmfacesr.registry import MODELS
from mmfacesr.weight_files import WeightsError, find_weights, read_weights_file


@MODELS.register_module()
class FaceFeatureLoss(nn.Module):
    """L1 distance between features of a frozen face-recognition network.

    The network is the convolutional part of LightCNN-9. It is built and its
    weights are read at the first use, so that building and testing a model
    need neither; it is in no state dict and gives no parameters, so that
    checkpoints, optimizers and distributed wrappers do not see it.

    Source: Ma et al., arXiv 2003.13063. Differs: none.

    Args:
        pretrained (str | None): File or URL of the weights, numbered as the
            authors' or as MMagic's. None only if ``loss_weight`` is 0.
            Defaults to None.
        loss_weight (float): Factor on the result; with 0 the network is
            never built. Defaults to 1.0.

    Raises:
        ValueError: If weights are needed and ``pretrained`` is None.
    """

    def __init__(
        self, pretrained: str | None = None, loss_weight: float = 1.0
    ) -> None:
        super().__init__()
        if pretrained is None and loss_weight:
            raise ValueError(
                'FaceFeatureLoss expected pretrained to be a file or URL, got '
                'None; set it, or loss_weight=0 to train without this loss.'
            )
        self.pretrained = pretrained
        self.loss_weight = loss_weight
        # In a list, because a module as attribute would be registered.
        self._network: list[nn.Module] = []

    def forward(self, pred: Tensor, target: Tensor) -> Tensor:
        """Compute mean |features(pred) - features(target)|.

        Args:
            pred (Tensor): (N, 3, H, W), normalised.
            target (Tensor): (N, 3, H, W), normalised; receives no gradient.

        Returns:
            Tensor: Scalar, at least 0, at least float32 also under autocast.

        Raises:
            WeightsError: If the weights cannot be had, at the first use.
        """
        if not self.loss_weight:
            return pred.new_zeros(())
        dtype = torch.promote_types(pred.dtype, torch.float32)
        network = self._built().to(pred.device, dtype)
        with torch.autocast(pred.device.type, enabled=False):
            with torch.no_grad():
                wanted = network(target.to(dtype))
            return self.loss_weight * F.l1_loss(
                network(pred.to(dtype)), wanted
            )

    def _built(self) -> nn.Module:
        """Return the network; build it and read its weights once."""
        if not self._network:
            network = nn.ModuleDict({'features': light_cnn_features()})
            _, weights = find_weights(
                network, read_weights_file(self._weights_file())
            )
            network.load_state_dict(weights)
            self._network.append(network['features'].requires_grad_(False))
        return self._network[0]

    def _weights_file(self) -> Path:
        """Return the local file of the weights, downloaded if need be."""
        if '://' not in self.pretrained:
            return Path(self.pretrained)
        # The folder that mmengine and torch keep their downloads in.
        path = (
            Path(torch.hub.get_dir())
            / 'checkpoints'
            / Path(self.pretrained).name
        )
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                torch.hub.download_url_to_file(self.pretrained, str(path))
            except OSError as error:
                raise WeightsError(
                    f'Expected to download {self.pretrained}, got {error}; '
                    f'put that file at {path}, or set pretrained of '
                    'FaceFeatureLoss to where it is, or its loss_weight to 0.'
                ) from error
        return path
