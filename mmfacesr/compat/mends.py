# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The mends that are applied before MMagic is imported.

``mend()`` is called by ``mmfacesr.compat.mmagic_base`` and by the tools before
they read a config. tests/test_compat shows each fault on the installed
versions and fails when a mend is no longer needed.
"""

from mmfacesr.compat.base_versions import check_base
from mmfacesr.compat.checkpoints import mend_checkpoint_files
from mmfacesr.compat.config_texts import mend_config_texts
from mmfacesr.compat.data_samples import mend_data_samples
from mmfacesr.compat.data_workers import mend_data_workers
from mmfacesr.compat.distributed import mend_distributed
from mmfacesr.compat.json_files import mend_json_files
from mmfacesr.compat.mmagic_imports import mend_mmagic_imports


def mend() -> None:
    """Apply every mend that can be applied before MMagic is imported.

    May be called any number of times. Imports mmengine and mmcv, never
    diffusers or ``mmagic.models``.

    Raises:
        ImportError: If a package below is missing or too old.
    """
    check_base()
    mend_distributed()
    mend_checkpoint_files()
    mend_config_texts()
    mend_data_samples()
    mend_data_workers()
    mend_json_files()
    mend_mmagic_imports()
