# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The error of everything that has to do with weights."""

from mmfacesr.utils import printable


class WeightsError(ValueError):
    """Weights that cannot be had, cannot be read or do not fit.

    Args:
        text (str): What was expected, what came and what to do. Keys, names
            and URLs in it are others': it is shown on one line.
    """

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))
