# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What libraries in C++ write to the standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

STDERR = 2  # its descriptor, whatever Python writes to


@contextmanager
def without_native_messages() -> Iterator[None]:
    """Drop what is not written by Python, such as MediaPipe's warnings.

    MediaPipe has no setting for it. Python's own messages are shown; so are
    all with ``MMFACESR_TRACEBACK=1``, for who looks for the cause of a crash.
    """
    if os.environ.get('MMFACESR_TRACEBACK'):
        yield
        return
    python, kept = sys.stderr, os.dup(STDERR)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    shown = os.fdopen(os.dup(kept), 'w', buffering=1, errors='replace')
    try:
        python.flush()
        os.dup2(nowhere, STDERR)
        # What Python has set up elsewhere, as a test does, stays there.
        if python is sys.__stderr__:
            sys.stderr = shown
        yield
    finally:
        sys.stderr = python
        shown.close()
        os.dup2(kept, STDERR)
        os.close(kept)
        os.close(nowhere)
