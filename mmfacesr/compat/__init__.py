# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Mends of mmengine and MMagic, applied from outside and only where needed.

``mend()`` is called by ``mmfacesr.mmagic_base`` and by the tools before they
read a config. tests/test_compat shows each fault on the installed versions
and fails when a mend is no longer needed.
"""

from .base_versions import check_base
from .checkpoints import mend_checkpoint_files
from .data_workers import mend_data_workers
from .distributed import mend_distributed, runs_without_gpu
from .evaluators import mend_evaluator
from .json_files import mend_json_files
from .mmagic_imports import (
    mend_mmagic_imports,
    mend_preprocessor_lists,
    quiet_mmagic_import,
)
from .sample_metrics import mend_sample_metrics

__all__ = [
    'check_base',
    'mend',
    'mend_evaluator',
    'mend_preprocessor_lists',
    'mend_sample_metrics',
    'quiet_mmagic_import',
    'runs_without_gpu',
]


def mend() -> None:
    """Apply every mend that can be applied before MMagic is imported.

    May be called any number of times. Imports mmengine and mmcv, never
    diffusers or ``mmagic.models``.
    """
    mend_distributed()
    mend_checkpoint_files()
    mend_data_workers()
    mend_json_files()
    mend_mmagic_imports()
