# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The landmark table: points of many images in one ``.npz`` file."""

import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mmfacesr.faces.checks import are_of_a_face
from mmfacesr.faces.npz_files import npz_bytes, read_npz
from mmfacesr.faces.schemes import NUM_POINTS
from mmfacesr.utils import printable, write_atomic
from mmfacesr.utils.bad_samples import BadSampleError

_ARRAYS = ('file', 'points', 'box', 'score', 'sha256')
_LATER_ARRAYS = ('size',)  # older tables have none
UNKNOWN_SIZE = (0, 0)
BYTES_OF_CHARACTER = 4  # of text in NumPy


_EXTRACT_AGAIN = 'run tools/dataset_converters/extract_landmarks.py again'


class LandmarkError(BadSampleError):
    """The landmarks of one image are missing or unusable."""


@dataclass
class LandmarkTable:
    """Landmarks, boxes and scores of N images.

    Attributes:
        file (np.ndarray): (N,) names relative to the data root, with
            forward slashes, unique.
        points (np.ndarray): (N, K, 2) float32 x, y in pixels of the image
            file, pixel centers at integers; they may lie outside it.
        box (np.ndarray): (N, 4) float32 x0, y0, x1, y1 of the face, NaN
            where unknown.
        score (np.ndarray): (N,) float32, larger is surer, NaN if unknown.
        sha256 (np.ndarray): (N,) hex digests of the image files, '' if
            unknown.
        size (np.ndarray, optional): (N, 2) int32 h, w of the images, 0 if
            unknown. Defaults to None, all unknown, as in older tables.
        scheme (str): 'ibug68' or 'celeba5'.
    """

    file: np.ndarray
    points: np.ndarray
    box: np.ndarray
    score: np.ndarray
    sha256: np.ndarray
    size: np.ndarray | None = None
    scheme: str = 'ibug68'
    # Rows in the order of the names. No dict: looking a name up in one writes
    # into its memory, of which each data worker would then have its own copy.
    _order: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check shapes and types.

        Raises:
            ValueError: Saying which array is wrong and what was expected.
        """
        self._check_scheme()
        num, points = len(self.file), NUM_POINTS[self.scheme]
        self._check('file', 'U', (num,))
        self._check('points', 'f4', (num, points, 2))
        self._check('box', 'f4', (num, 4))
        self._check('score', 'f4', (num,))
        self._check('sha256', 'U', (num,))
        if self.size is None:
            self.size = np.zeros((num, 2), np.int32)
        self._check('size', 'i4', (num, 2))
        self._order = np.argsort(self.file, kind='stable')
        names = self.file[self._order]
        repeated = int((names[1:] == names[:-1]).sum())
        if repeated:
            raise ValueError(
                f'Expected {num} different file names in the '
                f'landmark table, got {num - repeated}.'
            )

    def _check_scheme(self) -> None:
        """Refuse an unknown scheme."""
        if self.scheme not in NUM_POINTS:
            raise ValueError(
                'Expected the landmark scheme to be one of '
                f'{sorted(NUM_POINTS)}, got {self.scheme!r}.'
            )

    def _check(self, name: str, dtype: str, shape: tuple) -> None:
        """Compare one array with what it must be."""
        array = getattr(self, name)
        right_type = (
            array.dtype.kind == 'U' if dtype == 'U' else array.dtype == dtype
        )
        if array.shape != shape or not right_type:
            wanted = 'text' if dtype == 'U' else np.dtype(dtype).name
            raise ValueError(
                f'Expected `{name}` of the landmark table to be {wanted} of '
                f'shape {shape}, got {array.dtype} of shape {array.shape}; '
                'write it again with extract_landmarks.py.'
            )

    def __len__(self) -> int:
        """Number of images."""
        return len(self.file)

    def __contains__(self, file: str) -> bool:
        """Whether the table has a row for that relative name."""
        return self._find(file) is not None

    def _find(self, file: str) -> int | None:
        """Row of a relative name, if there is one."""
        if len(file) > self.file.itemsize // BYTES_OF_CHARACTER:
            return None  # NumPy would cut it off
        name = np.array(file, self.file.dtype)
        place = np.searchsorted(self.file, name, sorter=self._order)
        row = int(self._order[place]) if place < len(self) else None
        return None if row is None or self.file[row] != file else row

    def row_of(self, file: str) -> int:
        """Row of an image.

        Args:
            file (str): Name relative to the data root.

        Returns:
            int: Row in every array.

        Raises:
            LandmarkError: If the table has no such row.
        """
        row = self._find(file)
        if row is None:
            raise LandmarkError(
                file,
                f'no row among the {len(self)} of the landmark table; '
                'run tools/dataset_converters/extract_landmarks.py',
            )
        return row

    def points_of(self, file: str) -> np.ndarray:
        """Points of an image.

        Args:
            file (str): Name relative to the data root.

        Returns:
            np.ndarray: (K, 2) float32 x, y; a copy.

        Raises:
            LandmarkError: If the row is missing, a point is not finite, or
                the points are not those of a face.
        """
        row = self.row_of(file)
        points = self.points[row].copy()
        if not np.isfinite(points).all():
            bad = int((~np.isfinite(points)).any(1).sum())
            raise LandmarkError(
                file, f'{bad} of {len(points)} landmarks are not finite'
            )
        if not are_of_a_face(points[None], self.box[row][None])[0]:
            raise LandmarkError(
                file,
                'its landmarks are not those of a face: all in one place, far '
                'outside any image, or outside the box of the face',
            )
        return points

    def check_image(
        self, file: str, size: tuple[int, int], data: bytes | None = None
    ) -> None:
        """Refuse an image that is not the one the landmarks were found on.

        Args:
            file (str): Name relative to the data root.
            size (tuple[int]): Its h, w.
            data (bytes, optional): The file's content, to compare the hash
                too. Defaults to None.

        Raises:
            LandmarkError: If the row is missing, or size or hash differ.
        """
        row = self.row_of(file)
        height, width = self.size[row].tolist()
        if (height, width) not in (UNKNOWN_SIZE, tuple(size)):
            raise LandmarkError(
                file,
                f'the image is {size[1]}x{size[0]} pixels, its landmarks were '
                f'found on {width}x{height}; {_EXTRACT_AGAIN}',
            )
        known = str(self.sha256[row])
        if data is None or known in ('', hashlib.sha256(data).hexdigest()):
            return
        raise LandmarkError(
            file,
            'the file has changed since its landmarks were found; '
            f'{_EXTRACT_AGAIN}',
        )

    def save(self, path: str | os.PathLike) -> None:
        """Write the table atomically.

        Args:
            path (str | os.PathLike): The ``.npz`` file; missing folders
                are made.
        """
        names = (*_ARRAYS, *_LATER_ARRAYS)
        arrays = {name: getattr(self, name) for name in names}
        arrays['scheme'] = np.array(self.scheme)
        write_atomic(path, npz_bytes(arrays))

    @classmethod
    def load(cls, path: str | os.PathLike) -> 'LandmarkTable':
        """Read a table.

        Args:
            path (str | os.PathLike): A ``.npz`` file written by :meth:`save`.

        Returns:
            LandmarkTable: The checked table.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is not a landmark table; says what is wrong.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(
                f'Expected a landmark table at {printable(path)}, found no '
                'file; make it with '
                'tools/dataset_converters/extract_landmarks.py.'
            )
        try:
            arrays = read_npz(path, (*_ARRAYS, *_LATER_ARRAYS, 'scheme'))
        except Exception as error:  # NumPy raises many kinds
            raise ValueError(
                f'Expected a landmark table (.npz) in {printable(path)}, '
                f'could not read it: {error}.'
            ) from error
        return cls._from_arrays(arrays, path)

    @classmethod
    def _from_arrays(
        cls, arrays: dict, path: str | os.PathLike
    ) -> 'LandmarkTable':
        """Build the table from the arrays of a file."""
        names = (*_ARRAYS, 'scheme')
        missing = [name for name in names if name not in arrays]
        if missing:
            raise ValueError(
                f'Expected the arrays {names} in {printable(path)}, got '
                f'{tuple(arrays)}; missing: {missing}.'
            )
        try:
            return cls(
                **{**arrays, 'scheme': str(arrays['scheme'])},
            )
        except ValueError as error:
            raise ValueError(f'{printable(path)}: {error}') from error
