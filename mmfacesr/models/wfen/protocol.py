# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How WFEN's paper measured.

Source: Li et al., ACM MM 2024, released evaluation code. Differs: LPIPS and
VIF are left out.
"""

from mmfacesr.evaluation.functional.protocol import (
    TRUNCATED_LUMA,
    Protocol,
    truncated_luma,
)

PROTOCOL = Protocol(truncated_luma, about=TRUNCATED_LUMA)
