# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Readers of landmark annotation: CSV, iBUG ``.pts``, CelebA's 5 points."""

import csv
import os
from pathlib import Path

import numpy as np

from mmfacesr.landmark_schemes import NUM_POINTS
from mmfacesr.landmark_table import LandmarkError

from .source import FaceLandmarks

_SCHEMES = {number: scheme for scheme, number in NUM_POINTS.items()}


class _Lookup:
    """Points read from one text file, found by image name.

    Args:
        points (dict): Image name -> (K, 2) float32.
        scheme (str): Scheme of the points.
    """

    def __init__(self, points: dict[str, np.ndarray], scheme: str) -> None:
        self._points = points
        self.scheme = scheme

    @property
    def files(self) -> list[str]:
        """Names of the annotated images, in the order of the file."""
        return list(self._points)

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """See :class:`LandmarkSource`; also found without its folders."""
        for name in (file, Path(file).name):
            if name in self._points:
                return FaceLandmarks.from_points(self._points[name])
        raise LandmarkError(
            file, f'not among the {len(self._points)} annotated images'
        )


class CSVAnnotation(_Lookup):
    """CSV with a header line ``file,x0,y0,x1,y1,...``, 0-based pixels.

    Args:
        path (str | os.PathLike): The file.

    Raises:
        ValueError: If a line has another number of values; names the line.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        with open(path, newline='', encoding='utf-8') as stream:
            header, *rows = list(csv.reader(stream)) or [[]]
        num = (len(header) - 1) // 2
        if num not in _SCHEMES or len(header) != 2 * num + 1:
            raise ValueError(
                f'Expected a header `file,x0,y0,...` for {sorted(_SCHEMES)} '
                f'points in {path}, got {len(header)} columns.'
            )
        points = {
            row[0]: _numbers(row[1:], num, f'{path}, line {line}')
            for line, row in enumerate(rows, 2)
        }
        super().__init__(points, _SCHEMES[num])


class CelebAAnnotation(_Lookup):
    """CelebA's ``list_landmarks_align_celeba.txt``: 5 points, 0-based.

    Also ``list_landmarks_celeba.txt`` of the photographs in the wild.

    Args:
        path (str | os.PathLike): The file.

    Raises:
        ValueError: If it has another form or another number of lines than
            its first line says.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        lines = Path(path).read_text(encoding='utf-8').splitlines()
        if len(lines) < 2 or not lines[0].strip().isdigit():
            raise ValueError(
                f'Expected the number of images in line 1 of {path}, got '
                f'{lines[:1]}; is it list_landmarks_align_celeba.txt?'
            )
        points = {}
        for number, line in enumerate(lines[2:], 3):
            if line.strip():
                name, *values = line.split()
                points[name] = _numbers(values, 5, f'{path}, line {number}')
        if len(points) != int(lines[0]):
            raise ValueError(
                f'Expected {lines[0].strip()} images in {path} '
                f'(its first line), got {len(points)}; fetch it '
                'again.'
            )
        super().__init__(points, 'celeba5')


class PTSAnnotation:
    """iBUG ``.pts`` files with the names of the images, 1-based pixels.

    Args:
        folder (str | os.PathLike): The ``.pts`` files lie in it as the
            images lie in the data root.
    """

    scheme = 'ibug68'

    def __init__(self, folder: str | os.PathLike) -> None:
        self.folder = Path(folder)

    def find(self, file: str, image: np.ndarray) -> FaceLandmarks:
        """See :class:`LandmarkSource`."""
        path = (self.folder / file).with_suffix('.pts')
        try:
            return FaceLandmarks.from_points(read_pts(path))
        except (OSError, ValueError) as error:
            raise LandmarkError(file, str(error)) from error


def read_pts(path: str | os.PathLike) -> np.ndarray:
    """Read an iBUG ``.pts`` file of 68 points.

    Args:
        path (str | os.PathLike): The file; its points are 1-based.

    Returns:
        np.ndarray: (68, 2) float32 x, y, 0-based.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has another form.
    """
    text = Path(path).read_text(encoding='utf-8', errors='replace')
    if text.count('{') != 1 or text.count('}') != 1:
        raise ValueError(f'Expected one {{ ... }} block of points in {path}.')
    values = text[text.index('{') + 1 : text.index('}')].split()
    return _numbers(values, NUM_POINTS['ibug68'], str(path)) - 1


def _numbers(values: list[str], num: int, where: str) -> np.ndarray:
    """Text values -> (num, 2) float32."""
    try:
        numbers = np.array([float(value) for value in values], np.float32)
    except ValueError as error:
        raise ValueError(f'Expected numbers in {where}: {error}.') from error
    if len(numbers) != 2 * num:
        raise ValueError(
            f'Expected {2 * num} values in {where}, got {len(numbers)}.'
        )
    if not np.isfinite(numbers).all():
        raise ValueError(f'Expected finite values in {where}.')
    return numbers.reshape(num, 2)
