# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Spectral normalization against PyTorch's two and against NumPy."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, spectral_norm

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.sparnet import SPARNet
from mmfacesr.models.sparnet.spectral_norm import (
    SpectralNormConv2d,
    iterate_spectral_norm,
)


def ours_and_torchs() -> tuple[SpectralNormConv2d, nn.Module]:
    """Two layers with equal entries."""
    torch.manual_seed(0)
    ours = SpectralNormConv2d(3, 5, 3, stride=2)
    theirs = spectral_norm(nn.Conv2d(3, 5, 3, stride=2))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


def test_training_steps_equal_pytorchs() -> None:
    ours, theirs = ours_and_torchs()
    optimizers = [
        torch.optim.SGD(layer.parameters(), 0.1) for layer in (ours, theirs)
    ]
    for _ in range(3):
        image = torch.randn(2, 3, 9, 9)
        iterate_spectral_norm(ours)
        outputs = [ours(image), theirs(image)]
        torch.testing.assert_close(*outputs)
        for output, optimizer in zip(outputs, optimizers):
            optimizer.zero_grad()
            output.square().sum().backward()
            optimizer.step()
    for key, value in ours.state_dict().items():
        torch.testing.assert_close(value, theirs.state_dict()[key], msg=key)


def test_evaluation_equals_pytorchs_without_a_change() -> None:
    ours, theirs = ours_and_torchs()
    with torch.no_grad():  # neither unit length nor converged
        ours.weight_u.mul_(0.5).add_(0.1)
    theirs.load_state_dict(ours.state_dict())
    before = {key: v.clone() for key, v in ours.state_dict().items()}
    image = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(ours(image), theirs.eval()(image))
    for key, value in ours.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_iterations_find_the_largest_singular_value() -> None:
    layer = SpectralNormConv2d(4, 6, 3, bias=False)
    layer.iterate(200)
    matrix = layer.weight_orig.detach().flatten(1).numpy()
    largest = np.linalg.svd(matrix, compute_uv=False)[0]
    wanted = torch.from_numpy(matrix / largest).view_as(layer.weight_orig)
    torch.testing.assert_close(layer.weight.detach(), wanted)


def test_gradient_passes_through_the_norm() -> None:
    layer = SpectralNormConv2d(2, 3, 3).double()
    image = torch.randn(1, 2, 5, 5, dtype=torch.double)

    def output(weight: Tensor) -> Tensor:
        with torch.no_grad():
            layer.weight_orig.copy_(weight)
        return torch.func.functional_call(
            layer, dict(weight_orig=weight), image
        )

    weight = layer.weight_orig.detach().clone().requires_grad_()
    assert torch.autograd.gradcheck(output, weight)


def test_an_iteration_between_forward_and_backward_is_harmless() -> None:
    layer = SpectralNormConv2d(3, 5, 3)
    with torch.no_grad():
        layer.weight_orig.normal_()
    image = torch.randn(1, 3, 5, 5)
    grads = []
    for between in (lambda: None, lambda: layer.iterate(3)):
        layer.zero_grad()
        loss = layer(image).square().sum()
        between()
        loss.backward()
        grads.append(layer.weight_orig.grad.clone())
    assert torch.equal(*grads)


def test_half_precision_leaves_the_norm_exact() -> None:
    layer = SpectralNormConv2d(8, 8, 3)
    with torch.autocast('cpu', torch.bfloat16):
        weight = layer.weight
        assert layer(torch.randn(1, 8, 5, 5)).dtype == torch.bfloat16
    assert torch.equal(weight, layer.weight)


@pytest.mark.parametrize(
    'wrap, layout',
    [
        (spectral_norm, 'mmfacesr'),
        (parametrizations.spectral_norm, 'spectral-norm-parametrized'),
    ],
)
@torch.no_grad()
def test_weights_of_either_pytorch_form_are_loaded(
    wrap: Callable, layout: str
) -> None:
    arguments = dict(min_ch=4, max_ch=8, res_depth=1, norm_type='in')
    network = SPARNet(**arguments, spectral_norm=True)
    source = SPARNet(**arguments)
    for layer in list(source.modules()):
        if isinstance(layer, nn.Conv2d):
            wrap(layer)
    image = torch.randn(1, 3, 64, 64)
    for _ in range(5):  # each brings the estimates closer
        source(image)
    record = load_weights(network, source.state_dict())
    assert record.layout == layout
    torch.testing.assert_close(
        network.eval()(image), source.eval()(image), atol=1e-4, rtol=1e-4
    )
