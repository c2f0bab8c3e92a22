# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Values that do not depend on the number of threads."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread of the processor.

    Sums are then taken in one order on every machine, and worker processes
    do not fight for the same cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
