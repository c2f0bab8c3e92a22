# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What came of the faces of a photo."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import numpy as np

from mmfacesr.utils.photos import Photo, write_photo


@dataclass
class RestoredFace:
    """One face of a photo.

    Args:
        box (tuple[float, float, float, float]): x0, y0, x1, y1 of its
            landmarks, in pixels of the photo.
        landmarks (np.ndarray | None): (68, 2) float32 x, y in pixels of the
            photo, pixel centers at integers. None for a picture that is the
            face itself.
        matrix (np.ndarray | None): (2, 3) from the photo to the framed face.
        size (float): Side in pixels of the photo that the frame covers.
        lr (np.ndarray | None): (h, w, 3) uint8 RGB, what the network was
            given, before it is enlarged. None if the face was left alone, or
            is a picture that may be enlarged already.
        sr (np.ndarray | None): (H, W, 3) uint8 RGB; None if left alone.
        reason (str | None): Why it was left alone; None if it was restored.
        consistency (float | None): PSNR in dB of ``sr``, reduced by the
            recipe of the method, against ``lr``. None where there is no such
            recipe.
        strength (float): How much of the change the photo gets, in [0, 1].
            Defaults to 1.
    """

    box: tuple[float, float, float, float]
    landmarks: Optional[np.ndarray]
    matrix: Optional[np.ndarray]
    size: float
    lr: Optional[np.ndarray] = None
    sr: Optional[np.ndarray] = None
    reason: Optional[str] = None
    consistency: Optional[float] = None
    strength: float = 1.0

    @property
    def restored(self) -> bool:
        """Whether it was restored."""
        return self.reason is None

    def to_dict(self) -> dict[str, Any]:
        """Return what a report says, all but the images, for JSON."""
        return dict(
            box=[round(float(value), 2) for value in self.box],
            size=round(self.size, 2),
            restored=self.restored,
            reason=self.reason,
            consistency_db=_rounded(self.consistency),
            landmarks=_listed(self.landmarks, 2),
            matrix=_listed(self.matrix, 6),
        )


@dataclass
class RestoredPhoto:
    """A photo, its faces, and how long it took.

    Args:
        source (str): Path or URL; 'array' for one given as such.
        photo (Photo | None): The result with all that the photo carries;
            None if it could not be read.
        faces (list[RestoredFace]): The largest first.
        seconds (dict[str, float]): 'read', 'find', 'restore' (its share of
            the batches) and 'paste'.
        error (str | None): Why nothing could be done; None if all went well.
        enlarged (int): By how much the photo was enlarged. Defaults to 1.
    """

    source: str
    photo: Optional[Photo]
    faces: list[RestoredFace] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    error: Optional[str] = None
    enlarged: int = 1

    @property
    def image(self) -> np.ndarray:
        """The restored picture as it came: gray, RGB or RGBA, 8 or 16 bit.

        Returns:
            np.ndarray: (H, W) or (H, W, C), RGB order.
        """
        pixels, alpha = self.photo.pixels, self.photo.alpha
        if alpha is not None:
            return np.dstack([pixels, alpha])
        return pixels[..., 0] if pixels.shape[2] == 1 else pixels

    @property
    def changed(self) -> bool:
        """Whether any pixel may differ from the input."""
        return self.enlarged > 1 or any(face.restored for face in self.faces)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Add the time of a block to the seconds of something."""
        started = time.perf_counter()
        yield
        spent = time.perf_counter() - started
        self.seconds[what] = self.seconds.get(what, 0) + spent

    def save(self, path: str | Path, quality: Optional[int] = None) -> None:
        """Write the picture; the suffix sets the format.

        Args:
            path (str | Path): Missing folders are made.
            quality (int | None): Of a JPEG or WebP, 1 to 100. Defaults to
                None, as it came.
        """
        write_photo(path, self.photo, quality)

    def to_dict(self) -> dict[str, Any]:
        """Return what a report says, for JSON."""
        size = self.photo.size if self.photo else None
        return dict(
            source=self.source,
            error=self.error,
            height=size and size[0],
            width=size and size[1],
            enlarged=self.enlarged,
            faces=[face.to_dict() for face in self.faces],
            seconds={k: round(v, 3) for k, v in self.seconds.items()},
        )


def _rounded(value: Optional[float]) -> Optional[float]:
    return None if value is None else round(value, 2)


def _listed(values: Optional[np.ndarray], digits: int) -> Optional[list]:
    if values is None:
        return None
    return np.round(values.astype(np.float64), digits).tolist()
