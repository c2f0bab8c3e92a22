# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From the landmark table to the points and heatmaps of a sample."""

import logging
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from torch.utils.data import get_worker_info

from mmfacesr.datasets.transforms.heatmaps import draw_heatmaps
from mmfacesr.faces.table import LandmarkError, LandmarkTable
from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils import printable

TABLES = 2  # kept in a process


@TRANSFORMS.register_module()
class LoadLandmarks(BaseTransform):
    """Look up the points of an image in the landmark table.

    The table is read at the first use and shared by all that look into it,
    also by data workers that are forked afterwards. Place it before the
    transforms that move points.

    The image must have the size that the table knows, and at its first use in
    a process also the hash: landmarks of another picture are refused.

    Required: file (name relative to the data root), landmark_table (path),
    gt and gt_path (optional, to compare the image).
    Added: gt_landmark, (K, 2) float32 x, y in pixels of the loaded image.

    Args:
        optional (bool): Without a table leave out the points and say so once
            in the log; a table without the row is still an error. Defaults
            to False.
    """

    def __init__(self, optional: bool = False) -> None:
        self.optional = optional
        self._tables: dict[str, Optional[LandmarkTable]] = {}
        self._compared: dict[str, np.ndarray] = {}

    def transform(self, results: dict) -> dict:
        """Add the points.

        Args:
            results (dict): The sample.

        Returns:
            dict: The same sample with ``gt_landmark``, see ``optional``.

        Raises:
            LandmarkError: If the row is missing, a point is not finite, or
                the image is another one.
            ValueError: If the sample names no table, unless optional.
            FileNotFoundError: If its file is missing, unless optional.
        """
        table = self._table(results)
        if table is not None:
            results['gt_landmark'] = table.points_of(results['file'])
            if 'gt' in results:
                self._compare(table, results)
        return results

    def _compare(self, table: LandmarkTable, results: dict) -> None:
        """Compare the image with what the table knows of it."""
        file, size = results['file'], results['gt'].shape[:2]
        path = str(results['landmark_table'])
        compared = self._compared.setdefault(path, np.zeros(len(table), bool))
        row = table.row_of(file)
        first = not compared[row] and 'gt_path' in results
        data = Path(results['gt_path']).read_bytes() if first else None
        table.check_image(file, size, data)
        compared[row] = True

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
            self._tables[path] = self._load(path)
        return self._tables[path]

    def read_ahead(self, path: str | None) -> None:
        """Read a table before data workers start, which then share it.

        What is wrong with it is said where a sample needs it.

        Args:
            path (str | None): The table.
        """
        if path is not None and os.path.isfile(path):
            with suppress(ValueError):
                self._table(dict(landmark_table=path))

    def _load(self, path: str) -> Optional[LandmarkTable]:
        """Read a table; say once what is missing."""
        if self.optional and not Path(path).exists():
            _warn(f'No landmark table {printable(path)}: no landmarks.')
            return None
        table = read_table(path)
        if len(table) and not table.size.any():
            _warn(
                f'The landmark table {printable(path)} does not know the '
                'sizes of the images, so that resized ones are not noticed; '
                'run extract_landmarks.py again to add them.'
            )
        return table

    def __repr__(self) -> str:
        """Show the arguments."""
        return f'{type(self).__name__}(optional={self.optional})'


def read_table(path: str) -> LandmarkTable:
    """Read a table, once in a process as long as its file stays as it is.

    Raises:
        FileNotFoundError: As :meth:`LandmarkTable.load`.
        ValueError: As :meth:`LandmarkTable.load`.
    """
    if not os.path.isfile(path):
        return LandmarkTable.load(path)  # says what is missing
    found = os.stat(path)
    return _read(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=TABLES)
def _read(path: str, changed: int, size: int) -> LandmarkTable:
    return LandmarkTable.load(path)


def _warn(text: str) -> None:
    """Put a line into the log, by one of the worker processes."""
    worker = get_worker_info()
    if worker is None or worker.id == 0:
        print_log(text, 'current', logging.WARNING)


@TRANSFORMS.register_module()
class DrawHeatmaps(BaseTransform):
    """Draw one Gaussian for each point; place it after all augmentation.

    The height is 1 at the sub-pixel point and is not renormalized on the
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
