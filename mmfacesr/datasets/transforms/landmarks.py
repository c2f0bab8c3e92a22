# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From the landmark table to the points and heatmaps of a sample."""

import logging
from pathlib import Path
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log

from mmfacesr.evaluation.functional.landmarks import draw_heatmaps
from mmfacesr.landmark_table import LandmarkError, LandmarkTable
from mmfacesr.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadLandmarks(BaseTransform):
    """Look up the points of an image in the landmark table.

    The table is read at the first use and kept by path, so once in every
    process. Place it before the transforms that move points.

    Required: file (name relative to the data root), landmark_table (path).
    Added: gt_landmark, (K, 2) float32 x, y in pixels of the loaded image.

    Args:
        optional (bool): Without a table leave out the points and say so once
            in the log; a table without the row is still an error. Defaults
            to False.
    """

    def __init__(self, optional: bool = False) -> None:
        self.optional = optional
        self._tables: dict[str, Optional[LandmarkTable]] = {}

    def transform(self, results: dict) -> dict:
        """Add the points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``gt_landmark``, see ``optional``.

        Raises:
            LandmarkError: If the row is missing or a point is not finite.
            ValueError: If the sample names no table, unless optional.
            FileNotFoundError: If its file is missing, unless optional.
        """
        table = self._table(results)
        if table is not None:
            results['gt_landmark'] = table.points_of(results['file'])
        return results

    def _table(self, results: dict) -> Optional[LandmarkTable]:
        """The table of the sample, read on first use; None: there is none."""
        path = results.get('landmark_table')
        if path is None and self.optional:
            return None
        if path is None:
            raise ValueError(
                f'Expected a landmark table for {results.get("file")}, the '
                'data root has none; make landmarks68.npz there with '
                'tools/dataset_converters/extract_landmarks.py, or use a '
                'method that needs no landmarks.'
            )
        path = str(path)
        if path not in self._tables:
            missing = self.optional and not Path(path).exists()
            self._tables[path] = None if missing else LandmarkTable.load(path)
            if missing:
                text = f'No landmark table {path}: faces without landmarks.'
                print_log(text, 'current', logging.WARNING)
        return self._tables[path]

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(optional={self.optional})'


@TRANSFORMS.register_module()
class DrawHeatmaps(BaseTransform):
    """Draw one Gaussian for each point; place it after all augmentation.

    The height is 1 at the sub-pixel point and is not renormalised on the
    grid. A point outside the image leaves the part of its Gaussian that
    reaches in.

    Required: gt, gt_landmark. Added: gt_heatmap, (h, w, K) float32, which
    MMagic's PackInputs turns into the tensor (K, h, w).

    Args:
        size (int): Side of the heatmaps. Defaults to 32.
        sigma (float): Standard deviation in heatmap pixels. Defaults to 1.0.
        optional (bool): Pass by a sample without points, which is an error
            otherwise. Defaults to False.
    """

    def __init__(
        self, size: int = 32, sigma: float = 1.0, optional: bool = False
    ) -> None:
        if size < 1 or not sigma > 0:
            raise ValueError(
                'Expected size of at least 1 and sigma above 0, '
                f'got {size} and {sigma}.'
            )
        self.size = size
        self.sigma = sigma
        self.optional = optional

    def transform(self, results: dict) -> dict:
        """Add the heatmaps.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``gt_heatmap``, see ``optional``.

        Raises:
            KeyError: If there are no points, unless optional.
            LandmarkError: If a point is not finite.
        """
        if self.optional and 'gt_landmark' not in results:
            return results
        points = results['gt_landmark']
        if not np.isfinite(points).all():
            raise LandmarkError(
                str(results.get('file')), 'a landmark is not finite'
            )
        height, width = results['gt'].shape[:2]
        heatmaps = draw_heatmaps(
            points, (self.size, self.size), (height, width), self.sigma
        )
        results['gt_heatmap'] = np.ascontiguousarray(
            heatmaps.transpose(1, 2, 0)
        )
        return results

    def __repr__(self) -> str:
        """Show the arguments."""
        return (
            f'{type(self).__name__}(size={self.size}, sigma={self.sigma}, '
            f'optional={self.optional})'
        )
