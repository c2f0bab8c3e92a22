# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every protocol by its name."""

from collections.abc import Sequence

from mmfacesr.evaluation.functional.protocol import Protocol
from mmfacesr.evaluation.functional.shared_protocols import (
    FSRNET,
    SURVEY,
    rgb_protocol,
)
from mmfacesr.models import METHODS

ALL = 'all'
OURS = 'rgb'
CROP_BORDER = 8


def known_protocols(crop_border: int = CROP_BORDER) -> dict[str, Protocol]:
    """Name -> protocol: ours, those of no method, those of the rooms.

    Args:
        crop_border (int): Of our own. Defaults to 8.
    """
    rooms = {name: m.protocol for name, m in METHODS.items() if m.protocol}
    shared = dict(survey=SURVEY, fsrnet=FSRNET)
    return {OURS: rgb_protocol(crop_border), **shared, **rooms}


def choose_protocols(
    names: Sequence[str], crop_border: int = CROP_BORDER
) -> dict[str, Protocol]:
    """The protocols that a person asks for.

    Args:
        names (Sequence[str]): Names, or 'all' among them.
        crop_border (int): Of our own. Defaults to 8.

    Raises:
        ValueError: If there is no such protocol.
    """
    known = known_protocols(crop_border)
    if ALL in names:
        return known
    if unknown := [name for name in names if name not in known]:
        raise ValueError(
            f'Expected protocols of {", ".join([ALL, *known])}, got '
            f'{", ".join(unknown)}.'
        )
    return {name: known[name] for name in dict.fromkeys(names)}
