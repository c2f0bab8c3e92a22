# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Checks of what networks are built with."""


def check_counts(**counts: int) -> None:
    """Refuse, by its name, an argument that is no number of things.

    Raises:
        ValueError: If one is no integer or below 1.
    """
    for name, number in counts.items():
        if not isinstance(number, int) or number < 1:
            raise ValueError(
                f'Expected {name} to be an integer of at least 1, got '
                f'{number!r}.'
            )
