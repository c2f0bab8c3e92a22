# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Readers of landmark annotation: CSV, iBUG ``.pts``, CelebA's 5 points."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mmfacesr.faces.detection.source import FaceLandmarks
from mmfacesr.faces.schemes import NUM_POINTS
from mmfacesr.faces.table import LandmarkError
from mmfacesr.utils import printable, read_lines

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

    Blank lines are skipped.

    Args:
        path (str | os.PathLike): The file.

    Raises:
        ValueError: If it has another form, or names an image twice; says in
            which line.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        lines = [f'{line}\n' for line in read_lines(path)]
        reader = csv.reader(lines)
        where = printable(path)
        header = _next_row(reader, where) or []
        num = (len(header) - 1) // 2
        wanted = ['file', *(f'{axis}{i}' for i in range(num) for axis in 'xy')]
        if num not in _SCHEMES or [*map(str.strip, header)] != wanted:
            raise ValueError(
                'Expected a header `file,x0,y0,x1,y1,...` with commas, in '
                f'this order, for {sorted(_SCHEMES)} points in {where}, line '
                f'1, got {len(header)} columns: {"".join(lines[:1])[:60]!r}.'
            )
        points: dict[str, np.ndarray] = {}
        while row := _next_row(reader, where):
            line = f'{where}, line {reader.line_num}'
            name, *values = row
            if name in points:
                raise ValueError(
                    f'Expected every image once, got {printable(name)} again '
                    f'in {line}.'
                )
            points[name] = _numbers(values, num, line)
        super().__init__(points, _SCHEMES[num])


def _next_row(reader: Iterator[list[str]], where: str) -> list[str] | None:
    """The next row that is not blank; None at the end."""
    try:
        return next((row for row in reader if any(map(str.strip, row))), None)
    except csv.Error as error:
        raise ValueError(
            f'Expected values separated by commas in {where}, line '
            f'{reader.line_num}: {error}.'
        ) from error


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
        lines = read_lines(path)
        where = printable(path)
        if len(lines) < 2 or not lines[0].strip().isdecimal():
            raise ValueError(
                f'Expected the number of images in line 1 of {where}, got '
                f'{lines[:1]}; is it list_landmarks_align_celeba.txt?'
            )
        points = {}
        for number, line in enumerate(lines[2:], 3):
            if line.strip():
                name, *values = line.split()
                points[name] = _numbers(values, 5, f'{where}, line {number}')
        if len(points) != int(lines[0]):
            raise ValueError(
                f'Expected {lines[0].strip()} different images in {where} '
                f'(its line 1), got {len(points)}; fetch it again.'
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
    where = printable(path)
    if text.count('{') != 1 or text.count('}') != 1:
        raise ValueError(f'Expected one {{ ... }} block of points in {where}.')
    values = text[text.index('{') + 1 : text.index('}')].split()
    return _numbers(values, NUM_POINTS['ibug68'], where) - 1


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
