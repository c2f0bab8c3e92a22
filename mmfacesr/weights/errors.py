# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The error of everything that has to do with weights."""


class WeightsError(ValueError):
    """Weights that cannot be had, cannot be read or do not fit."""
