# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Measuring the results of any program against their ground truth.

Files -> :mod:`pairs` -> :mod:`measuring` -> :mod:`evaluation`, the folder
that comparisons and reports read.
"""
