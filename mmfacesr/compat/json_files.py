# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Valid JSON in all that mmengine writes: logs, metrics, reports.

mmengine 0.10.7 writes NaN and infinity as such, a gradient norm that
overflowed under loss scaling for instance, which only Python reads again.
"""

from collections.abc import Callable
from typing import Any

from mmengine.fileio.handlers import JsonHandler

from mmfacesr.compat.seam import wrap_once
from mmfacesr.utils.finite import for_json


def mend_json_files() -> None:
    """Write null in place of numbers that are not finite."""
    for name in ('dump_to_fileobj', 'dump_to_str'):
        wrap_once(JsonHandler, name, _without_nan)


def _without_nan(dump: Callable) -> Callable:

    def mended(self: JsonHandler, obj: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault('allow_nan', False)
        return dump(self, for_json(obj), *args, **kwargs)

    return mended
