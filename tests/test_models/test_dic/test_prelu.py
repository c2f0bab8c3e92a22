# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PReLU is PyTorch's, in values and gradients."""

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.models.dic.prelu import PReLU


def output_and_gradients(
    layer: nn.Module, x: Tensor, dtype: torch.dtype
) -> list[Tensor]:
    x = x.detach().requires_grad_()
    is_half = dtype is torch.bfloat16
    with torch.autocast('cpu', torch.bfloat16, enabled=is_half):
        output = layer(x)
    steered = output.float() * torch.linspace(-1, 1, x.numel()).view_as(x)
    gradients = torch.autograd.grad(steered.sum(), [x, layer.weight])
    return [output, *gradients]


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('layout', ['contiguous_format', 'channels_last'])
@pytest.mark.parametrize('slope', [0.2, -0.3, 0.0])
def test_equals_pytorch(dtype: torch.dtype, layout: str, slope: float) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 6, 5, dtype=dtype)
    x[0, 0] = 0  # neither side
    x = x.contiguous(memory_format=getattr(torch, layout))
    wanted = output_and_gradients(nn.PReLU(init=slope), x, dtype)
    found = output_and_gradients(PReLU(init=slope), x, dtype)
    assert torch.equal(found[0], wanted[0])
    # PyTorch rounds the slope's gradient of each element.
    tolerance = 1e-6 if dtype is torch.float32 else 2e-2
    for one, other in zip(found[1:], wanted[1:], strict=True):
        assert one.dtype == other.dtype
        torch.testing.assert_close(one, other, atol=tolerance, rtol=tolerance)


def test_gradients_by_finite_differences() -> None:
    torch.manual_seed(0)
    layer = PReLU(0.3).double()
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, [x])

    def of_slope(slope: Tensor) -> Tensor:
        return torch.func.functional_call(layer, dict(weight=slope), (x,))

    slope = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(of_slope, [slope])


def test_keys_and_evaluation_are_those_of_pytorch() -> None:
    layer = PReLU(0.4).eval()
    plain = nn.PReLU(init=0.1).eval()
    plain.load_state_dict(layer.state_dict())
    x = torch.randn(8, requires_grad=True)
    y = layer(x)
    assert torch.equal(y, plain(x))
    y.sum().backward()
    assert layer.weight.grad is not None
