# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Spectral normalization whose state moves only when a network says so.

Source: Miyato et al., Spectral Normalization for Generative Adversarial
Networks, ICLR 2018, arXiv 1802.05957. State-dict entries and values are those
of ``torch.nn.utils.spectral_norm``. Differs: there the power iteration is a
side effect of every training forward, so that a block computed a second time
(gradient checkpointing) has other weights, and the normalized weight is kept
on the module, which then cannot be copied.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.models.common.folding import plain_conv

EPS = 1e-12
# The estimate is close from the start; afterwards one iteration a step keeps
# up with the weights.
INITIAL_ITERATIONS = 15


class SpectralNormConv2d(nn.Module):
    """Convolution without padding, its weight divided by its spectral norm.

    The weight's matrix has the output channels as rows. The norm is estimated
    as u (W v) with the stored vectors, which
    :func:`iterate_spectral_norm` improves; ``forward`` never changes them.

    Args:
        in_channels (int): Channels of the input.
        out_channels (int): Channels of the output.
        kernel_size (int): Side of the kernel.
        stride (int): Stride. Defaults to 1.
        bias (bool): Whether a bias is added. Defaults to True.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        plain = nn.Conv2d(in_channels, out_channels, kernel_size, bias=bias)
        self.stride = stride
        # Entries in the order of torch.nn.utils.spectral_norm.
        self.register_parameter('bias', plain.bias)
        self.weight_orig = plain.weight
        rows = plain.weight.detach().flatten(1)
        for name, length in (('u', rows.shape[0]), ('v', rows.shape[1])):
            vector = F.normalize(torch.randn(length), dim=0, eps=EPS)
            self.register_buffer(f'weight_{name}', vector)
        self.iterate(INITIAL_ITERATIONS)

    @torch.no_grad()
    def iterate(self, num_iters: int = 1) -> None:
        """Improve the two vectors by power iterations, in place."""
        if self.weight_orig.is_meta:
            return  # shapes alone: nothing to estimate, and slow to pretend
        weight = self.weight_orig.flatten(1).float()
        u = self.weight_u
        for _ in range(num_iters):
            v = F.normalize(weight.T @ u, dim=0, eps=EPS)
            u = F.normalize(weight @ v, dim=0, eps=EPS)
            self.weight_v.copy_(v)
            self.weight_u.copy_(u)

    @property
    def weight(self) -> Tensor:
        """(out_channels, in_channels, k, k): the weight that is applied."""
        # Copies, because autograd needs these values in the backward pass
        # and the next iteration changes the buffers in place.
        u, v = self.weight_u.clone(), self.weight_v.clone()
        # Sums and not products of matrices, which autocast would round.
        product = (self.weight_orig.flatten(1) * v).sum(dim=1)
        return self.weight_orig / (product * u).sum()

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        return F.conv2d(x, self.weight, self.bias, self.stride)

    def plain(self) -> nn.Conv2d:
        """Copy to a convolution that does the same."""
        return plain_conv(self.weight, self.bias, self.stride)


def iterate_spectral_norm(module: nn.Module) -> None:
    """Do one power iteration in every layer of a module.

    A network does so once a training forward; whoever changes weights
    otherwise (an average of weights) does so afterwards.
    """
    for layer in module.modules():
        if isinstance(layer, SpectralNormConv2d):
            layer.iterate()
