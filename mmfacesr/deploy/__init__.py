# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks made fast here, or files that run without mmfacesr.

optimize: model -> folded -> each of `backends` -> `verification` beside the
network -> `timing` -> the fastest, kept by `choices`.

export_model: model -> `formats` writes a file -> `verification` -> the file
gets its name. `metadata` says inside it what it is. For int8 the file in
float32 -> `calibration` -> `quantizing` -> `guarding` by ground truth, as
`int8` arranges.
"""

from .exporting import Export, export_model
from .int8 import Int8
from .metadata import read_metadata
from .optimizing import optimize
from .verification import ExportMismatchError
from .ways import OptimizedNetwork

__all__ = [
    'Export',
    'ExportMismatchError',
    'Int8',
    'OptimizedNetwork',
    'export_model',
    'optimize',
    'read_metadata',
]
