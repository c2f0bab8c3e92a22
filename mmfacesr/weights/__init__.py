# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights: where they come from, how they are read and what they fit.

`sources` -> `reading` -> `matching` -> a module; the door is
`mmfacesr.checkpoint.load_weights`.
"""

import logging
import re
from typing import Optional

from mmfacesr.utils import printable


class WeightsError(ValueError):
    """Weights that cannot be had, cannot be read or do not fit.

    Args:
        text (str): What was expected, what came and what to do. Keys, names
            and URLs in it are others': it is shown on one line.
    """

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


def say(text: str, level: int = logging.INFO) -> None:
    """Tell whoever watches."""
    # The index is read without mmengine, which would take its seconds.
    from mmengine.logging import print_log

    print_log(printable(text), 'current', level)


def warn(text: str) -> None:
    """Tell what one should know."""
    say(text, logging.WARNING)


def public_url(url: str) -> str:
    """Return a URL without its user and password, for messages."""
    return re.sub(r'(?<=://)[^/?#]*@', '', url)


def or_remedy(remedy: Optional[str]) -> str:
    """Continue a sentence with what else one can do; None: nothing."""
    return f', or {remedy}' if remedy else ''
