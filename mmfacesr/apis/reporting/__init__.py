# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One page that shows what was measured, and the check of its numbers.

Evaluations -> :mod:`gathering` -> :mod:`values`, :mod:`charts`,
:mod:`faces`, :mod:`pictures` -> :mod:`page`, one file that asks nothing of a
network. :mod:`verifying` measures an evaluation anew.
"""
