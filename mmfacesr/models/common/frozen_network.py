# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A pre-trained network that a loss looks through."""

from collections.abc import Callable

import torch
from torch import nn

from mmfacesr.weights.matching import find_weights
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights


class FrozenNetwork:
    """A network in eval mode without gradients, made at its first use.

    Building and testing a model need neither the network nor its weights.
    It is no module: it is in no state dict and gives no parameters, so that
    checkpoints, optimizers and distributed wrappers do not see it.

    Args:
        build (Callable): Makes the network; its weights do not matter.
        pretrained (str): File or URL of the weights.
        what (str): What they are, for messages: 'the weights of ...'.
        remedy (str): What to do where they cannot be had, for messages.
    """

    def __init__(
        self,
        build: Callable[[], nn.Module],
        pretrained: str,
        what: str,
        remedy: str,
    ) -> None:
        self.build = build
        self.pretrained = pretrained
        self.what = what
        self.remedy = remedy
        self._network: nn.Module | None = None

    def get(self, device: torch.device, dtype: torch.dtype) -> nn.Module:
        """Return the network there; build it and read its weights once.

        Raises:
            WeightsError: If the weights cannot be had or do not fit.
        """
        if self._network is None:
            path = local_weights(self.pretrained, self.what, self.remedy).path
            # Without memory and without a draw from the random numbers.
            with torch.device('meta'):
                network = self.build()
            _, weights = find_weights(network, read_weights_file(path))
            network.load_state_dict(weights, assign=True)
            self._network = network.requires_grad_(False).eval()
        return self._network.to(device, dtype)
