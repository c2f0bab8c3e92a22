# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PReLU of one slope, whose backward pass takes a CPU less time."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import FunctionCtx, once_differentiable


class _SharedSlope(torch.autograd.Function):
    """PyTorch's values; the slope's gradient as one sum of products.

    PyTorch writes a gradient of the slope for each element, in a loop of
    scalars on the CPU, and sums it afterwards.
    """

    @staticmethod
    def forward(ctx: FunctionCtx, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        return F.prelu(x, slope)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: Tensor) -> tuple[Tensor, Tensor]:
        x, slope = ctx.saved_tensors
        grad_x = torch.ops.aten.leaky_relu_backward(
            grad, x, slope.item(), False
        )
        total = x.clamp(max=0).mul_(grad).sum(dtype=slope.dtype)
        return grad_x, total.view_as(slope)


def is_compiling() -> bool:
    """Whether `torch.compile` traces what runs."""
    if hasattr(torch.compiler, 'is_compiling'):
        return torch.compiler.is_compiling()
    return torch._dynamo.is_compiling()  # torch 2.1


class PReLU(nn.PReLU):
    """PyTorch's, with one slope for all channels.

    In training on a CPU the backward pass takes less time.

    Args:
        init (float): Slope to start from. Defaults to 0.25.
    """

    def __init__(self, init: float = 0.25) -> None:
        super().__init__(init=init)

    def forward(self, x: Tensor) -> Tensor:
        """Map a tensor to the same shape."""
        eager_cpu = x.device.type == 'cpu' and not is_compiling()
        if eager_cpu and self.training and torch.is_grad_enabled():
            return _SharedSlope.apply(x, self.weight)
        return super().forward(x)
