# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How SPARNet's paper measured.

Source: Chen et al., TIP 2021, released evaluation code. Differs: none.
"""

from mmfacesr.evaluation.functional.protocol import (
    TRUNCATED_LUMA,
    Protocol,
    truncated_luma,
)

PROTOCOL = Protocol(truncated_luma, about=TRUNCATED_LUMA)
