# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is told on the way to some weights."""

import logging
from typing import Optional

from mmengine.logging import print_log

from mmfacesr.utils import printable


def say(text: str, level: int = logging.INFO) -> None:
    """Tell whoever watches."""
    print_log(printable(text), 'current', level)


def warn(text: str) -> None:
    """Tell what one should know."""
    say(text, logging.WARNING)


def or_remedy(remedy: Optional[str]) -> str:
    """Continue a sentence with what else one can do; None: nothing."""
    return f', or {remedy}' if remedy else ''
