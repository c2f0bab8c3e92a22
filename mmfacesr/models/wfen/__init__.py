# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""WFEN (ACM MM 2024)."""

from mmfacesr.models.common.method import Method

from .facts import X8
from .layouts import WFEN_AUTHORS
from .network import WFEN
from .protocol import PROTOCOL

METHOD = Method(
    networks=(WFEN,),
    facts=dict(x8=X8),
    layouts=(WFEN_AUTHORS,),
    protocol=PROTOCOL,
    quickstart='wfen/wfen-small_x8c16b2_1xb2-1200_synthetic.py',
)

__all__ = ['METHOD', 'WFEN']
