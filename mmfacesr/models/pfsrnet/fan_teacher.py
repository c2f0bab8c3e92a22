# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The large landmark network that a small one can learn from."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmfacesr.weights.sources import local_weights

ENLARGEMENT = 4
"""The teacher reads faces of 256 pixels and gives heatmaps of 64."""


class FANTeacher:
    """2D-FAN of four stacks, frozen, in eval mode and without gradients.

    It is no module: it is in no state dict and gives no parameters. Its file
    is read at the first use.

    Source: Bulat and Tzimiropoulos, How far are we from solving the 2D & 3D
    Face Alignment problem?, ICCV 2017; the TorchScript file of the package
    face-alignment. As teacher: Kim et al., arXiv 1908.08239. Differs: the
    published training left it in train mode.

    Args:
        pretrained (str): TorchScript file or URL of one that maps RGB faces
            (N, 3, 256, 256) in [0, 1] to heatmaps (N, 68, 64, 64).
    """

    def __init__(self, pretrained: str) -> None:
        self.pretrained = pretrained
        self._network: torch.jit.ScriptModule | None = None

    @torch.no_grad()
    def __call__(self, image: Tensor) -> Tensor:
        """Find the landmarks of small faces.

        Args:
            image (Tensor): (N, 3, H, W), RGB in [0, 1], made for 64x64;
                enlarged fourfold, bilinear.

        Returns:
            Tensor: (N, 68, H, W) float32 heatmaps.

        Raises:
            WeightsError: If the file cannot be had.
        """
        if self._network is None:
            path = local_weights(
                self.pretrained,
                'the teacher 2D-FAN',
                'set model.teacher to where it is, or to None to learn from '
                'the landmark table',
            ).path
            self._network = torch.jit.load(path, map_location='cpu').eval()
        large = F.interpolate(
            image.float(),
            scale_factor=ENLARGEMENT,
            mode='bilinear',
            align_corners=False,
        )
        return self._network.to(image.device)(large)
