# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The error of a sample of a dataset that cannot be used."""

import os

from mmfacesr.utils.text import printable

_IN_WORKER = '\nOriginal Traceback'  # what torch puts before an error's text


class BadSampleError(ValueError):
    """One sample of a dataset cannot be used.

    Survives pickling and the re-raise of PyTorch's data workers, which build
    the error again from a traceback as text: its last line is this error.

    Args:
        file (str): The file at fault.
        reason (str): What is wrong and what to do. Defaults to ''.
    """

    def __init__(self, file: str | os.PathLike, reason: str = '') -> None:
        if not reason and _IN_WORKER in str(file):
            text = str(file).rstrip('\n').rpartition('\n')[2]
            file, _, reason = text.partition(': ')[2].partition(': ')
        super().__init__(str(file), reason)
        self.file = str(file)
        self.reason = reason

    def __str__(self) -> str:
        name = printable(self.file)
        return f'{name}: {self.reason}' if self.reason else name
