# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The runner of a test."""

from mmengine.runner import Runner


class TestRunner(Runner):
    """mmengine's runner, which leaves the work folder's config alone.

    That file is the training's: with what a test changes, such as the model
    of a baseline, ``train.py WORK_DIR/CONFIG.py --resume`` would train
    something else. The config of a test is in ``<time>/vis_data``.
    """

    def dump_config(self) -> None:
        """Write nothing."""
