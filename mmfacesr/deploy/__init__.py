# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Networks as files that run without mmfacesr, compared before they are kept.

model -> `formats` writes a file -> `verification` runs it beside the network
-> the file gets its name. `metadata` says inside it what it is.
"""

from .exporting import Export, export_model
from .metadata import read_metadata
from .verification import ExportMismatchError

__all__ = ['Export', 'ExportMismatchError', 'export_model', 'read_metadata']
