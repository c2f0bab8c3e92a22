# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From the landmark table to the points and heatmaps of a sample."""

import numpy as np
from mmcv.transforms import BaseTransform

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
    """

    def __init__(self) -> None:
        self._tables: dict[str, LandmarkTable] = {}

    def transform(self, results: dict) -> dict:
        """Add the points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``gt_landmark``.

        Raises:
            LandmarkError: If the row is missing or a point is not finite.
            ValueError: If the sample names no table.
        """
        table = self._table(results)
        results['gt_landmark'] = table.points_of(results['file'])
        return results

    def _table(self, results: dict) -> LandmarkTable:
        """The table of the sample, read on first use."""
        path = results.get('landmark_table')
        if path is None:
            raise ValueError(
                f'Expected a landmark table for {results.get("file")}, the '
                'data root has none; make landmarks68.npz there with '
                'tools/dataset_converters/extract_landmarks.py, or use a '
                'method that needs no landmarks.'
            )
        path = str(path)
        if path not in self._tables:
            self._tables[path] = LandmarkTable.load(path)
        return self._tables[path]

    def __repr__(self) -> str:
        """Show the name; there are no arguments."""
        return f'{type(self).__name__}()'


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
    """

    def __init__(self, size: int = 32, sigma: float = 1.0) -> None:
        if size < 1 or not sigma > 0:
            raise ValueError(
                'Expected size of at least 1 and sigma above 0, '
                f'got {size} and {sigma}.'
            )
        self.size = size
        self.sigma = sigma

    def transform(self, results: dict) -> dict:
        """Add the heatmaps.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``gt_heatmap``.

        Raises:
            LandmarkError: If a point is not finite.
        """
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
        return f'{type(self).__name__}(size={self.size}, sigma={self.sigma})'
