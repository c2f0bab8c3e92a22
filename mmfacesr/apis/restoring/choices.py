# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which faces are restored, and why others are left alone."""

from dataclasses import dataclass
from typing import Literal, Optional

import numpy as np

from mmfacesr.apis.restoring.results import RestoredFace
from mmfacesr.models.common.facts import Facts

Mode = Literal['photo', 'aligned', 'lr']
MODES = ('photo', 'aligned', 'lr')
MOST_UPSCALE = 16


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What is done to which faces.

    Args:
        mode ('photo' | 'aligned' | 'lr'): 'photo': find the faces, restore
            them and put them back. 'aligned': the picture is one face, framed
            as the method expects, of any size. 'lr': it is exactly what the
            method enlarges, and is used untouched. Defaults to 'photo'.
        only_center_face (bool): Leave all faces alone but the one nearest to
            the center. Defaults to False.
        min_face (float | None): Smallest side, in pixels of the photo, of the
            square that the method frames. Defaults to None, what the method
            declares.
        max_face (float | None): Largest one. Defaults to None, likewise.
        force (bool): Restore faces of any size. Defaults to False.
        upscale (int): Enlarge the whole photo. Defaults to 1.
        back_project (bool): Let the faces of a photo agree with what was
            there; see :meth:`FaceNetwork.back_project`. Defaults to True.

    Raises:
        ValueError: If a value is none of these.
    """

    mode: Mode = 'photo'
    only_center_face: bool = False
    min_face: Optional[float] = None
    max_face: Optional[float] = None
    force: bool = False
    upscale: int = 1
    back_project: bool = True

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f'Expected a mode of {MODES}, got {self.mode!r}.')
        if self.upscale not in range(1, MOST_UPSCALE + 1):
            raise ValueError(
                f'Expected upscale as a whole number from 1 to {MOST_UPSCALE},'
                f' got {self.upscale}.'
            )
        low, high = self.min_face or 0, self.max_face or np.inf
        if not 0 <= low <= high:
            raise ValueError(
                'Expected min_face and max_face as 0 <= min <= max, got '
                f'{self.min_face} and {self.max_face}.'
            )
        chosen = any([self.only_center_face, self.force, low, high < np.inf])
        if self.mode != 'photo' and (chosen or self.upscale > 1):
            raise ValueError(
                f'Expected mode {self.mode!r} alone, because the picture is '
                'one face then; leave out what chooses faces, and upscale.'
            )

    def limits(self, facts: Facts) -> tuple[float, float]:
        """Smallest and largest side of the squares that are restored.

        Args:
            facts (Facts): Of the method.

        Returns:
            tuple[float, float]: In pixels of the photo.
        """
        if self.force:
            return 0, np.inf
        low = facts.face_sizes[0] if self.min_face is None else self.min_face
        high = facts.face_sizes[1] if self.max_face is None else self.max_face
        return low, high

    def leave_alone(
        self, faces: list[RestoredFace], facts: Facts, size: tuple[int, int]
    ) -> None:
        """Say for each face of a photo whether it is left alone, and why.

        Args:
            faces (list[RestoredFace]): Those found; ``reason`` is set.
            facts (Facts): Of the method.
            size (tuple[int, int]): (h, w) of the photo.
        """
        low, high = self.limits(facts)
        center = _nearest_to_center(faces, size)
        for face in faces:
            if self.only_center_face and face is not center:
                face.reason = 'it is not the face nearest to the center'
            elif face.size < low:
                face.reason = (
                    f'its square is smaller than {low:.0f} pixels: too '
                    'little is there to restore'
                )
            elif face.size > high:
                face.reason = (
                    f'its square is larger than {high:.0f} pixels: a network '
                    f'that sees {facts.lr_size} of them has little to add'
                )


def _nearest_to_center(
    faces: list[RestoredFace], size: tuple[int, int]
) -> Optional[RestoredFace]:
    """Return the face whose box is nearest to the middle of the photo."""
    middle = (np.array(size[::-1]) - 1) / 2

    def distance(face: RestoredFace) -> float:
        box = np.array(face.box)
        return float(np.linalg.norm((box[:2] + box[2:]) / 2 - middle))

    return min(faces, key=distance, default=None)
