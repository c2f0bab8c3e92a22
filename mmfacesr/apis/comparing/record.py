# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A comparison as a file, for what reads it without torch."""

import json
import os
from pathlib import Path

from mmfacesr.utils import printable

SCHEMA = 'mmfacesr-comparison-1'
"""See comparison.schema.json."""


def read_comparison(path: str | os.PathLike) -> dict:
    """Read what ``mmfacesr compare --out FILE.json`` has written.

    Raises:
        ValueError: If it is something else.
    """
    try:
        found = json.loads(Path(path).read_text(encoding='utf-8'))
        schema = found['schema']
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'Expected a comparison, got {printable(path)}; make one by '
            '`mmfacesr compare A B --out FILE.json`.'
        ) from error
    if schema != SCHEMA:
        raise ValueError(
            f'Expected a comparison of the schema {SCHEMA}, got {schema!r} '
            f'in {printable(path)}; compare again.'
        )
    return found
