# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading weights in any layout and writing them in another."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Optional

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmfacesr.apis.networks import PARTS, build_network
from mmfacesr.checkpoint import load_weights
from mmfacesr.models import METHODS
from mmfacesr.version import __version__
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import (
    Checksum,
    writable_target,
    write_weights_file,
)
from mmfacesr.weights.layouts import MMAGIC, OURS, find_layout
from mmfacesr.weights.matching import MismatchError, find_weights
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import LocalWeights, local_weights

GENERATOR, DISCRIMINATOR = PARTS


@dataclass(frozen=True)
class Conversion:
    """What was read and written.

    Args:
        source (LocalWeights): Where the weights came from.
        read (dict[str, str]): Part -> layout that its weights had.
        left_out (dict[str, str]): Part that the file could have held ->
            why it does not.
        layout (str): Layout of the file.
        path (Path): The file.
        hashes (Checksum): Of the file.
    """

    source: LocalWeights
    read: dict[str, str]
    left_out: dict[str, str]
    layout: str
    path: Path
    hashes: Checksum


def convert_weights(
    cfg: Config,
    source: str | Path,
    target: str | Path,
    layout: str = OURS.name,
    part: Optional[str] = None,
    sha256: Optional[str] = None,
    force: bool = False,
) -> Conversion:
    """Read weights strictly, write them, and read them back to compare.

    Args:
        cfg (Config): Its model has the network that the weights belong to.
        source (str | Path): As for :func:`load_weights`.
        target (str | Path): File to write.
        layout (str): One of `layout_names`. Defaults to
            ours.
        part (str, optional): 'generator' or 'discriminator' to write that
            one alone. Defaults to None: the generator, and the discriminator
            if config and source have it and the layout holds both in a file.
        sha256 (str, optional): As for :func:`load_weights`.
        force (bool): Replace a file that is there. Defaults to False.

    Returns:
        Conversion: What was read and written.

    Raises:
        WeightsError: If the source does not fit, the layout is for other
            networks or the file would not hold the same numbers.
    """
    target = writable_target(target, force)
    main = part or GENERATOR
    networks = {main: build_network(cfg, main)}
    written = find_layout(layout, networks[main])
    file = local_weights(source, sha256=sha256)
    content = read_weights_file(file.path)
    read = {main: load_weights(networks[main], content).layout}
    left_out = {}
    if part is None and written.holds_both and DISCRIMINATOR in cfg.model:
        left_out = _add_discriminator(cfg, content, networks, read)
    origin = _origin(networks[main], read[main], file)
    hashes = write_weights_file(
        target,
        written.content(networks),
        # Others' files have no place for it.
        metadata=origin if written.name == OURS.name else None,
        force=force,
        check=partial(check_equal, networks=networks),
    )
    return Conversion(file, read, left_out, written.name, target, hashes)


def layout_names() -> list[str]:
    """Name every layout that some network can be written in."""
    declared = [
        layout
        for method in METHODS.values()
        for layout in method.layouts
        if layout.wrap
    ]
    return [layout.name for layout in (OURS, MMAGIC, *declared)]


def _origin(
    network: nn.Module, layout: str, file: LocalWeights
) -> dict[str, str]:
    """Say what our file holds and what it was made from."""
    return dict(
        mmfacesr_version=__version__,
        network=type(network).__name__,
        source_layout=layout,
        source_sha256=file.hashes.sha256,
    )


def _add_discriminator(
    cfg: Config,
    content: Mapping,
    networks: dict[str, nn.Module],
    read: dict[str, str],
) -> dict[str, str]:
    """Take the discriminator too, or return why not, by its name."""
    network = build_network(cfg, DISCRIMINATOR)
    try:
        layout, weights = find_weights(network, content)
    except MismatchError as error:
        return {DISCRIMINATOR: str(error)}
    network.load_state_dict(weights)
    networks[DISCRIMINATOR], read[DISCRIMINATOR] = network, layout.name
    return {}


def check_equal(path: Path, networks: Mapping[str, nn.Module]) -> None:
    """Read a file into copies of some networks and compare every bit.

    Args:
        path (Path): File of weights.
        networks (Mapping[str, nn.Module]): Part -> network that it must give.

    Raises:
        WeightsError: If a tensor differs.
    """
    for part, network in networks.items():
        other = copy.deepcopy(network)
        for value in other.state_dict().values():
            value.fill_(torch.nan if value.is_floating_point() else -1)
        load_weights(other, path)
        found = other.state_dict()
        differing = [
            key
            for key, value in network.state_dict().items()
            if not same_bits(value, found[key])
        ]
        if differing:
            raise WeightsError(
                f'Expected the written file to give the {part} back, got '
                f'{len(differing)} other tensors ({differing[0]}, ...). '
                'Nothing was kept; this is a fault of mmfacesr, report it.'
            )


def same_bits(one: Tensor, other: Tensor) -> bool:
    """Say whether two tensors agree bit by bit, NaN and -0 included."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(
        *(
            value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            for value in (one, other)
        )
    )
