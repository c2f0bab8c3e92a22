# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The runner of a test."""

from mmengine.runner import Runner


class TestRunner(Runner):
    """mmengine's runner, which has nothing to do with any training.

    It leaves the config in the work folder alone. That file is the
    training's: with what a test changes, such as the model of a baseline,
    ``train.py WORK_DIR/CONFIG.py --resume`` would train something else. The
    config of a test is in ``<time>/vis_data``.

    It builds no training data. mmengine does so whenever a hook asks for the
    current iteration, even in a folder that has only test images.
    """

    def dump_config(self) -> None:
        """Write nothing."""

    @property
    def train_loop(self) -> None:
        """None; so the iteration and the epoch are 0."""
