# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the room of a method declares to generic code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from torch import nn

from mmfacesr.evaluation.functional.protocol import Protocol
from mmfacesr.models.common.facts import Facts
from mmfacesr.weights.layouts import Layout


@dataclass(frozen=True)
class Method:
    """What generic code asks of a method; see CONTRIBUTING.md.

    Args:
        networks (tuple[type[nn.Module], ...]): Classes whose weights files
            hold: generators, discriminators, heads.
        facts (Mapping[str, Facts]): Variant of the network, such as 'x8' ->
            what it expects.
        runtime (tuple[str, ...]): Modules of the room that register what a
            runner needs beside the networks: restorers, hooks, metrics. They
            may import MMagic. Defaults to none.
        layouts (tuple[Layout, ...]): Of the published weights. Defaults to
            none.
        protocol (Protocol | None): How its paper measured. Defaults to None.
        metrics (Mapping[str, dict]): Metric that a test takes on request,
            'lpips' or 'fid' -> config of how its paper took it. Defaults to
            none.
        quickstart (str | None): Path below ``configs`` of the config that
            ``make quickstart`` trains on a CPU. Defaults to None.
    """

    networks: tuple[type[nn.Module], ...]
    facts: Mapping[str, Facts]
    runtime: tuple[str, ...] = ()
    layouts: tuple[Layout, ...] = ()
    protocol: Protocol | None = None
    metrics: Mapping[str, dict] = field(
        default_factory=lambda: MappingProxyType({})
    )
    quickstart: str | None = None
