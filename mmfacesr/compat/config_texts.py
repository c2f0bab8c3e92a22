# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Format the text of a config once, not at every checkpoint.

mmengine 0.10.7 writes the config into each checkpoint, into the log and into
the work folder, and each time lets yapf format the same text: a second or
two, in which the training waits.
"""

from ast import literal_eval
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from mmengine.config import config

from mmfacesr.compat.seam import wrap_once

NUM_KEPT = 4
"""Texts that are kept: those of one run, and of what it compares with."""


def mend_config_texts() -> None:
    """Let mmengine's reader of configs remember what it has formatted."""
    wrap_once(config, 'FormatCode', _remembering)


def _remembering(format_code: Callable) -> Callable:
    """Format a text again only when it, or how, is another."""

    @lru_cache(NUM_KEPT)
    def formatted(text: str, options: str) -> tuple[str, bool]:
        return format_code(text, **literal_eval(options))

    def format_once(text: str, **options: Any) -> tuple[str, bool]:
        return formatted(text, repr(options))

    return format_once
