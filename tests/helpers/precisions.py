# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Half precisions that autocast of a CPU may compute in."""

import pytest
import torch

HAS_FLOAT16 = torch.__version__ >= '2.3'
needs_float16 = pytest.mark.skipif(
    not HAS_FLOAT16, reason='autocast of this torch has no float16 on a CPU'
)
HALF = [
    torch.bfloat16,
    pytest.param(torch.float16, marks=needs_float16),
]
"""Values for `pytest.mark.parametrize`."""
