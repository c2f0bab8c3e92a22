# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Blocks of a network with golden weights, under the authors' names."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from mmfacesr.weights.layouts import Layout


class Case(NamedTuple):
    """A block, and where it has its place in a network.

    Args:
        block (Callable): Builds it.
        ours (str): Prefix of its keys there.
        theirs (str): The same in the authors' naming.
    """

    block: Callable[[], nn.Module]
    ours: str = ''
    theirs: str = ''


def golden_block(
    case: Case, layout: Layout, weights: dict[str, Tensor], unused: str
) -> nn.Module:
    """Build a block with its golden weights.

    Args:
        case (Case): Which.
        layout (Layout): The authors' naming.
        weights (dict[str, Tensor]): Under their keys; the block must have
            all of them.
        unused (str): Part of the keys that it need not have.
    """
    block = case.block()
    theirs = {
        key: layout.key(case.ours + key).removeprefix(case.theirs)
        for key in block.state_dict()
    }
    held = {key for key in weights if unused not in key}
    assert set(theirs.values()) == held
    block.load_state_dict({key: weights[theirs[key]] for key in theirs})
    return block


def numbered(arrays: dict, name: str) -> list:
    """The array of that name, or those of it with a number."""
    if name in arrays:
        return [arrays[name]]
    return [arrays[f'{name}_{i}'] for i in range(2)]
