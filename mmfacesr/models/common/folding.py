# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks without what only training needs.

A layer that computes its weight from others (equalized, spectrally
normalized), or that has a faster form with the same numbers, says what it is
worth by a method `plain`; batch norms behind a convolution are found by
watching one run.
"""

import copy
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten

CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)


@torch.no_grad()
def fold(network: nn.Module, *example: Tensor) -> nn.Module:
    """Copy a network; fold constant factors and batch norms into weights.

    The copy computes the same up to rounding, in eval mode, without gradients
    for its weights. Batch norms stay where their input is something else than
    the output of one convolution.

    Args:
        network (nn.Module): It is not changed.
        *example (Tensor): Arguments of its forward, on its device.

    Returns:
        nn.Module: The copy.
    """
    twin = copy.deepcopy(network).eval().requires_grad_(False)
    # Inner layers first: what holds them is made of plain ones.
    for name, layer in reversed(list(twin.named_modules())):
        if hasattr(layer, 'plain'):
            replace_layer(twin, name, layer.plain())
    twin.eval().requires_grad_(False)
    for conv, norm in pairs(twin, example, CONVOLUTIONS, NORMS):
        layer = twin.get_submodule(conv)
        transpose = isinstance(layer, nn.ConvTranspose2d)
        fused = fuse_conv_bn_eval(layer, twin.get_submodule(norm), transpose)
        replace_layer(twin, conv, fused.requires_grad_(False))
        replace_layer(twin, norm, nn.Identity())
    return twin.eval()


@torch.no_grad()
def plain_conv(
    weight: Tensor, bias: Tensor | None, stride: int = 1, padding: int = 0
) -> nn.Conv2d:
    """Make a convolution of what another one applies, as a copy.

    Args:
        weight (Tensor): (out_channels, in_channels, k, k).
        bias (Tensor | None): (out_channels,).
        stride (int): Defaults to 1.
        padding (int): Defaults to 0.
    """
    made = skip_init(
        nn.Conv2d,
        weight.shape[1],
        weight.shape[0],
        weight.shape[2],
        stride=stride,
        padding=padding,
        bias=bias is not None,
        device=weight.device,
        dtype=weight.dtype,
    )
    made.weight.copy_(weight)
    if bias is not None:
        made.bias.copy_(bias)
    return made


def replace_layer(network: nn.Module, name: str, layer: nn.Module) -> None:
    """Put another layer in the place of one."""
    parent, _, last = name.rpartition('.')
    setattr(network.get_submodule(parent), last, layer)


@torch.no_grad()
def pairs(
    network: nn.Module,
    example: tuple[Tensor, ...],
    first: tuple[type[nn.Module], ...],
    second: tuple[type[nn.Module], ...],
) -> list[tuple[str, str]]:
    """Name layers that alone see what another layer gives.

    Args:
        network (nn.Module): It is run once.
        example (tuple[Tensor, ...]): Arguments of its forward.
        first (tuple[type[nn.Module], ...]): Kinds of layers that give.
        second (tuple[type[nn.Module], ...]): Kinds of layers that see. Those
            that overwrite their input are not found.

    Returns:
        list[tuple[str, str]]: Names of both layers.
    """
    made: list[tuple[Tensor, int, str]] = []
    runs: Counter[str] = Counter()
    met: list[tuple[Tensor, str, str]] = []
    hooks = []

    def after_first(name: str, _: nn.Module, __: tuple, y: Tensor) -> None:
        runs[name] += 1
        made.append((y, y._version, name))

    def after_second(name: str, _: nn.Module, x: tuple, __: Tensor) -> None:
        runs[name] += 1
        met.extend(
            (y, giver, name)
            for y, version, giver in made
            if y is x[0] and y._version == version
        )

    for name, layer in network.named_modules():
        for kinds, after in ((first, after_first), (second, after_second)):
            if isinstance(layer, kinds):
                hook = partial(after, name)
                hooks.append(layer.register_forward_hook(hook))
    try:
        with _Uses() as uses:
            network(*example)
    finally:
        for hook in hooks:
            hook.remove()
    found = Counter(
        (giver, seer) for y, giver, seer in met if uses.count[id(y)] == 1
    )
    return [
        (giver, seer)
        for (giver, seer), times in found.items()
        if times == runs[giver] == runs[seer]
    ]


class _Uses(TorchFunctionMode):
    """Counts of how many tensors each tensor is made into."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[int] = Counter()
        self.kept: list = []  # so that no tensor gets the id of another

    def __torch_function__(
        self,
        func: Callable,
        types: tuple,
        args: tuple = (),
        kwargs: Any = None,
    ) -> Any:
        """Call a function of torch, and count what goes in."""
        output = func(*args, **(kwargs or {}))
        if _tensors_of(output):
            given = _tensors_of((args, kwargs))
            self.count.update(map(id, given))
            self.kept.append((given, output))
        return output


def _tensors_of(nested: Any) -> list[Tensor]:
    """List the tensors in arguments or results."""
    return [x for x in tree_flatten(nested)[0] if isinstance(x, Tensor)]
