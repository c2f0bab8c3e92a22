# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Layouts: how others name the weights of a network, and wrap them in files.

The room of a method declares the layouts of its published weights, and its
networks list theirs as ``layouts``. The two that every network has are here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from mmfacesr.weights import WeightsError

Weights = dict[str, Tensor]
Rule = tuple[str, str | Callable[[re.Match], str]]
Wrap = Callable[[dict[str, Weights]], dict]


def as_state_dict(parts: dict[str, Weights]) -> dict:
    """Make the plain state dict of one network."""
    (weights,) = parts.values()
    return weights


def with_prefix(prefix: str, weights: Weights) -> Weights:
    """Put a prefix before every key."""
    return {prefix + key: value for key, value in weights.items()}


@dataclass(frozen=True)
class Layout:
    """How files of somebody hold weights.

    Rules turn one of our state-dict keys into theirs. For reading, prefixes
    such as ``generator.`` and wrappers such as ``state_dict`` need no rule:
    `mmfacesr.weights.matching` finds them.

    Args:
        name (str): What a load record carries and one asks for.
        rules (tuple[Rule, ...]): Pattern in our key and its replacement, as
            for `re.sub`, applied one after the other.
        unused (str): Pattern, as for `re.fullmatch`, of their keys that the
            network makes no use of or derives. Defaults to '', none.
        bgr_inputs (str): Pattern of our keys of convolutions that take an
            image; theirs take it as BGR. Defaults to '', none.
        bgr_outputs (str): The same for those that give an image.
        wrap (Callable | None): Makes the content of a file from the renamed
            weights of each part, 'generator' or 'discriminator'. Defaults to
            the state dict of one part; None if we write no such files.
        constants (Callable): Gives the tensors of a network that their files
            hold and ours do not, under their keys. Those that ``unused`` does
            not match must have these values in a file. Defaults to none.
        holds_both (bool): Whether generator and discriminator share a file.
            Defaults to False.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    unused: str = ''
    bgr_inputs: str = ''
    bgr_outputs: str = ''
    wrap: Wrap | None = as_state_dict
    constants: Callable[[nn.Module], Weights] = lambda network: {}
    holds_both: bool = False

    def key(self, ours: str) -> str:
        """Return the name in this layout of one of our keys."""
        for pattern, replacement in self.rules:
            ours = re.sub(pattern, replacement, ours)
        return ours

    def uses(self, theirs: str) -> bool:
        """Say whether one of their keys holds what we need."""
        return not re.fullmatch(self.unused, theirs)

    def value(self, ours: str, value: Tensor) -> Tensor:
        """Turn what one of our keys holds between BGR and RGB, if need be.

        It is its own inverse: the same call serves both ways.
        """
        if re.fullmatch(self.bgr_inputs, ours):
            return value.flip(1)
        if re.fullmatch(self.bgr_outputs, ours):
            return value.flip(0)
        return value

    def writes(self, network: nn.Module) -> bool:
        """Say whether weights of a network can be written so."""
        keys = list(network.state_dict())
        # Not by rules that would rename nothing in it.
        renames = not self.rules or keys != [*map(self.key, keys)]
        return renames and self.wrap is not None

    def content(self, networks: Mapping[str, nn.Module]) -> dict:
        """Make the content of a file.

        Args:
            networks (Mapping[str, nn.Module]): Part -> network with weights.
        """
        return self.wrap(
            {
                part: self.constants(network)
                | {
                    self.key(key): self.value(key, value)
                    for key, value in network.state_dict().items()
                }
                for part, network in networks.items()
            }
        )


def _as_checkpoint(parts: dict[str, Weights]) -> dict:
    """Make a checkpoint of a restorer, under the names of its parts."""
    state = {}
    for part, weights in parts.items():
        state |= with_prefix(f'{part}.', weights)
    return dict(meta={}, state_dict=state)


OURS = Layout('mmfacesr')
MMAGIC = Layout('mmagic', wrap=_as_checkpoint, holds_both=True)


def layouts_of(network: nn.Module) -> tuple[Layout, ...]:
    """Return the layouts of a network's weights: ours first."""
    return (OURS, MMAGIC, *getattr(network, 'layouts', ()))


def find_layout(name: str, network: nn.Module) -> Layout:
    """Return the layout of that name, to write a network's weights in.

    Raises:
        WeightsError: If the network has none; names those that it has.
    """
    layouts = [each for each in layouts_of(network) if each.writes(network)]
    possible = {layout.name: layout for layout in layouts}
    if name not in possible:
        raise WeightsError(
            f'Expected a layout for a {type(network).__name__}, one of '
            f'{", ".join(possible)}, got {name!r}; choose one of them.'
        )
    return possible[name]
