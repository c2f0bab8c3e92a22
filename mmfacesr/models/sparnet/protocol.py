# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How SPARNet's paper measured.

Source: Chen et al., TIP 2021, released evaluation code. Differs: none.
"""

from mmfacesr.evaluation.functional.protocol import Protocol, truncated_luma

PROTOCOL = Protocol(truncated_luma)
