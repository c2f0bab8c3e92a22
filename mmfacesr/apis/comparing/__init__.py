# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Comparing evaluations of the same faces.

Evaluations -> :mod:`matching` -> :mod:`comparison`, a dict that JSON takes ->
:mod:`tables`.
"""
