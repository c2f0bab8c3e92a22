# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""One picture a validation that can be compared with the one before."""

import os.path as osp
from collections.abc import Sequence
from typing import Optional

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmfacesr.registry import HOOKS
from mmfacesr.utils.images import write_image
from mmfacesr.utils.visualization import columns_of, comparison_sheet

SMALLEST_CELL, LARGEST_CELL = 128, 256
"""Side in pixels below or above which faces are shown larger or smaller."""


def to_rgb(image: Tensor) -> np.ndarray:
    """(3, H, W) BGR in [0, 255] to (H, W, 3) uint8 RGB."""
    pixels = image.detach().cpu().float().round().clamp(0, 255).byte()
    return np.ascontiguousarray(pixels.flip(0).permute(1, 2, 0).numpy())


@HOOKS.register_module()
class ComparisonSheetHook(Hook):
    """Write LR, bicubic, SR and HR of the same few faces.

    One file a validation, ``<work_dir>/<time>/vis_data/faces_<iter>.png``,
    and one for a test, ``faces_test.png``; both also go to the visualizer's
    backends that show pictures, such as TensorBoard.

    Args:
        num_faces (int): Rows of the sheet. Defaults to 8.
    """

    priority = 'LOW'

    def __init__(self, num_faces: int = 8) -> None:
        self.num_faces = num_faces
        self.samples: list = []

    def before_val_epoch(self, runner: Runner) -> None:
        """Start a sheet."""
        self.samples = []

    before_test_epoch = before_val_epoch

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Optional[dict] = None,
        outputs: Optional[Sequence] = None,
        mode: str = 'train',
    ) -> None:
        """Keep the first faces of a validation or test."""
        if mode == 'train' or not is_main_process():
            return
        free = self.num_faces - len(self.samples)
        self.samples += list(outputs or [])[:free]

    def after_val_epoch(
        self, runner: Runner, metrics: Optional[dict] = None
    ) -> None:
        """Write the sheet of a validation."""
        self.write(runner, f'faces_{runner.iter:06d}')

    def after_test_epoch(
        self, runner: Runner, metrics: Optional[dict] = None
    ) -> None:
        """Write the sheet of a test."""
        self.write(runner, 'faces_test')

    def write(self, runner: Runner, name: str) -> None:
        """Write the sheet of the faces kept so far."""
        samples = [
            sample for sample in self.samples if 'pred_img' in sample.output
        ]
        if not samples:
            return
        sheet = comparison_sheet(
            columns_of(
                [to_rgb(sample.input) for sample in samples],
                [to_rgb(sample.output.pred_img) for sample in samples],
                [to_rgb(sample.gt_img) for sample in samples],
            ),
            size=min(
                max(samples[0].gt_img.shape[-1], SMALLEST_CELL), LARGEST_CELL
            ),
        )
        write_image(osp.join(runner.log_dir, 'vis_data', f'{name}.png'), sheet)
        for backend in runner.visualizer._vis_backends.values():
            if type(backend).__name__ == 'TensorboardVisBackend':
                backend.add_image('faces', sheet, runner.iter)
        self.samples = []
