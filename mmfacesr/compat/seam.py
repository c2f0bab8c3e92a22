# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How a function of the base is replaced from outside, once."""

import functools
from collections.abc import Callable
from typing import Any

_MARK = 'mended_by_mmfacesr'


def wrap_once(
    owner: Any, name: str, make: Callable[[Callable], Callable]
) -> None:
    """Replace ``owner.name`` by ``make(owner.name)`` unless done before.

    Args:
        owner (Any): Module or class that holds the function.
        name (str): Name of the function in it.
        make (Callable): Takes the function of the base, returns ours.

    Raises:
        AttributeError: If the base has no such function any more.
    """
    original = getattr(owner, name)
    if hasattr(original, _MARK):
        return
    mended = functools.wraps(original)(make(original))
    setattr(mended, _MARK, True)
    setattr(owner, name, mended)
