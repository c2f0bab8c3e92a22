# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Convolutions as oneDNN wants them, for a CPU.

PyTorch brings a weight into oneDNN's order in every call, runs the activation
behind it as a pass of its own, and takes slower routines for 1x1 convolutions
by one thread. The operators that code of torch.compile calls do not; they are
called here without it.
"""

from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import skip_init

from mmfacesr.models.common.folding import (
    pairs,
    plain_conv,
    replace_layer,
)
from mmfacesr.models.common.layers import SummedConv2d

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d, SummedConv2d)
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.Sigmoid)
Activation = tuple[str, list[float]]
"""Its name at oneDNN, and its numbers."""
NONE: Activation = ('none', [])


@cache
def can_pack(device: str, dtype: torch.dtype) -> bool:
    """Whether packed layers run here: found by a try, once.

    Args:
        device (str): Type of a device.
        dtype (torch.dtype): That convolutions shall compute in.
    """
    if device != 'cpu' or not torch.backends.mkldnn.is_available():
        return False
    weight, bias = torch.zeros(8, 8, 1, 1), torch.zeros(8)
    up = skip_init(nn.ConvTranspose2d, 8, 8, 2)
    network = nn.Sequential(
        SummedConv2d([weight] * 2, bias), plain_conv(weight, bias), up
    )
    maps = [torch.zeros(1, 8, 4, 4)] * 2
    try:
        pack(network, maps, dtype)
        with torch.no_grad():
            network(maps)
    except (AttributeError, RuntimeError):
        # An older PyTorch, or a processor that it has no code for.
        return False
    return True


@torch.no_grad()
def pack(
    network: nn.Module, example: Tensor | list[Tensor], dtype: torch.dtype
) -> None:
    """Pack convolutions of a network with the activations behind them.

    Args:
        network (nn.Module): In eval mode and float32, see `can_pack`; it is
            changed, and cannot be copied any more.
        example (Tensor | list[Tensor]): What it takes, float32.
        dtype (torch.dtype): That convolutions compute in. They take others,
            and return it.
    """
    shapes, behind = _watch(network, example)
    for name, shape in shapes.items():
        activation = NONE
        if name in behind:
            activation = _describe(network.get_submodule(behind[name]))
            replace_layer(network, behind[name], nn.Identity())
        layer = network.get_submodule(name)
        kind = PackedSum if isinstance(layer, SummedConv2d) else PackedConv
        replace_layer(network, name, kind(layer, shape, dtype, activation))


def _watch(
    network: nn.Module, example: Tensor | list[Tensor]
) -> tuple[dict[str, torch.Size], dict[str, str]]:
    """Find shapes of the inputs of convolutions, and activations behind."""
    shapes: dict[str, torch.Size] = {}
    overwriting = []
    hooks = []

    def look(name: str, _: nn.Module, args: tuple[Any]) -> None:
        given = args[0]
        shapes[name] = (
            given.shape if torch.is_tensor(given) else given[0].shape
        )

    for name, layer in network.named_modules():
        if type(layer) in CONVOLUTIONS and _is_usual(layer):
            hook = partial(look, name)
            hooks.append(layer.register_forward_pre_hook(hook))
        if getattr(layer, 'inplace', False):
            layer.inplace = False
            overwriting.append(layer)
    found = pairs(network, (example,), CONVOLUTIONS, ACTIVATIONS)
    for hook in hooks:
        hook.remove()
    for layer in overwriting:
        layer.inplace = True
    behind = {
        conv: name
        for conv, name in found
        if conv in shapes and _describe(network.get_submodule(name))
    }
    return shapes, behind


def _is_usual(layer: nn.Module) -> bool:
    """Whether a convolution pads zeros by numbers."""
    if isinstance(layer, SummedConv2d):
        return True
    return layer.padding_mode == 'zeros' and not isinstance(layer.padding, str)


def _describe(layer: nn.Module) -> Activation | None:
    """What oneDNN calls an activation; None if it has none like it."""
    if isinstance(layer, nn.ReLU):
        return 'relu', []
    if isinstance(layer, nn.LeakyReLU):
        return 'leaky_relu', [layer.negative_slope]
    if isinstance(layer, nn.PReLU) and layer.num_parameters == 1:
        return 'leaky_relu', [layer.weight.item()]
    return ('sigmoid', []) if isinstance(layer, nn.Sigmoid) else None


class PackedConv(nn.Module):
    """Convolution or transposed convolution, and an activation.

    Args:
        conv (nn.Conv2d | nn.ConvTranspose2d): What it does.
        shape (torch.Size): Of the input that it is made for; it takes
            others.
        dtype (torch.dtype): That it computes in.
        activation (Activation): Behind it.
    """

    def __init__(
        self,
        conv: nn.Conv2d | nn.ConvTranspose2d,
        shape: torch.Size,
        dtype: torch.dtype,
        activation: Activation,
    ) -> None:
        super().__init__()
        ops = torch.ops.mkldnn
        sizes = [conv.padding, conv.stride, conv.dilation]
        if isinstance(conv, nn.ConvTranspose2d):
            sizes.insert(1, conv.output_padding)
            order = ops._reorder_convolution_transpose_weight
            self.run = ops._convolution_transpose_pointwise
        else:
            order = ops._reorder_convolution_weight
            self.run = ops._convolution_pointwise
        self.sizes = (*map(list, sizes), conv.groups)
        self.dtype, self.activation = dtype, activation
        # No parameters: tensors in oneDNN's order cannot be converted.
        self.weight = order(
            conv.weight.to(dtype).contiguous(), *self.sizes, list(shape)
        )
        self.bias = None if conv.bias is None else conv.bias.to(dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, in_channels, H, W) to (N, out_channels, H', W')."""
        return self.run(
            x.to(self.dtype),
            self.weight,
            self.bias,
            *self.sizes,
            *self.activation,
            '',
        )


class PackedSum(nn.Module):
    """1x1 convolutions that are added up, and an activation.

    Args:
        conv (SummedConv2d): What it does.
        shape (torch.Size): Of the inputs that it is made for; it takes
            others.
        dtype (torch.dtype): That it computes in.
        activation (Activation): Behind it.
    """

    SIZES = ([0, 0], [1, 1], [1, 1], 1)

    def __init__(
        self,
        conv: SummedConv2d,
        shape: torch.Size,
        dtype: torch.dtype,
        activation: Activation,
    ) -> None:
        super().__init__()
        order = torch.ops.mkldnn._reorder_convolution_weight
        self.weights = [
            order(weight.to(dtype).contiguous(), *self.SIZES, list(shape))
            for weight in conv.weights
        ]
        self.bias = conv.bias.to(dtype)
        self.dtype, self.activation = dtype, activation

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map tensors (N, C, H, W) to (N, out_channels, H, W)."""
        ops = torch.ops.mkldnn
        first, *others = (x.to(self.dtype) for x in maps)
        y = ops._convolution_pointwise(
            first, self.weights[0], self.bias, *self.SIZES, *NONE, ''
        )
        for x, weight in zip(others, self.weights[1:], strict=True):
            y = ops._convolution_pointwise_.binary(
                y, x, weight, None, *self.SIZES, 'add', None, None, [], None
            )
        name, numbers = self.activation
        return y if name == 'none' else getattr(F, name)(y, *numbers)
