# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Let configs of other projects inherit from ours."""

from mmengine.config import utils


def mend_config_packages() -> None:
    """Let ``_base_ = 'mmfacesr::...'`` be resolved.

    mmengine 0.10.7 knows the packages that may stand before ``::`` from a
    fixed table (mmengine/config/utils.py).
    """
    utils.MODULE2PACKAGE.setdefault('mmfacesr', 'mmfacesr')
