# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A small DIC, for tests that need no golden values."""

from collections.abc import Callable

import pytest
import torch

from mmfacesr.models.dic import DICGenerator

SMALL = dict(
    mid_channels=8,
    num_blocks=2,
    hg_mid_channels=16,
    num_steps=2,
    num_fusion_blocks=2,
)


@pytest.fixture
def small_dic() -> Callable[..., DICGenerator]:
    """Build a small generator; the same weights every time."""

    def build(**changes: int) -> DICGenerator:
        torch.manual_seed(0)
        return DICGenerator(**(SMALL | changes))

    return build
