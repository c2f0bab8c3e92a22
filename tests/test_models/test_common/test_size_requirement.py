# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Declared input sizes."""

import pytest
import torch

from mmfacesr.models.common.size_requirement import SizeRequirement


@pytest.mark.parametrize(
    'height, width, allowed',
    [
        (16, 32, True),
        (8, 16, False),
        (16, 20, False),
        (32, 40, False),
    ],
)
def test_bounds_and_multiples(height: int, width: int, allowed: bool) -> None:
    need = SizeRequirement(multiple_of=8, minimum=16, maximum=32)
    assert need.allows(height, width) is allowed
    image = torch.zeros(2, 3, height, width)
    if allowed:
        need.check(image, 'Net', channels=3)
        need.check(image.shape, 'Net', channels=3)
    else:
        with pytest.raises(ValueError, match=f'Net .*got {height}x{width}'):
            need.check(image, 'Net', channels=3)


def test_requirement_in_words() -> None:
    assert SizeRequirement(minimum=16, maximum=16).describe() == (
        'a 16x16 input'
    )
    assert SizeRequirement(8, 16, 32).describe() == (
        'input sides that are multiples of 8, at least 16, at most 32'
    )
