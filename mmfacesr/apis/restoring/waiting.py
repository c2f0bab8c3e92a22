# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A face between its photo and the network."""

from dataclasses import dataclass
from typing import Optional

import numpy as np

from mmfacesr.apis.restoring.results import RestoredFace, RestoredPhoto
from mmfacesr.faces.pasting import face_change, face_mask, upscaled_matrix
from mmfacesr.utils.photos import Photo


@dataclass
class WaitingFace:
    """A face that waits for its batch.

    Args:
        photo (RestoredPhoto): Where it belongs.
        face (RestoredFace): Receives the result.
        given (np.ndarray): The network's input, uint8.
        crop (np.ndarray | None): The face framed in the photo; None if the
            picture is the face.
        native (np.ndarray | None): The face framed in its own size, with
            which the result is let agree. Defaults to None.
    """

    photo: RestoredPhoto
    face: RestoredFace
    given: np.ndarray
    crop: Optional[np.ndarray] = None
    native: Optional[np.ndarray] = None

    def put_back(self, output: np.ndarray) -> None:
        """Put a restored face, (H, W, 3) float32 in [0, 255], into its place.

        The difference to what was there is added: where the network changes
        nothing, nothing changes, and there is no border to be seen.
        """
        if self.crop is None:
            self.photo.photo = Photo.from_array(self.face.sr)
            return
        factor = self.photo.enlarged
        matrix = upscaled_matrix(self.face.matrix, factor)
        size = len(self.crop)
        mask = face_mask(self.face.landmarks, self.face.matrix, size)
        mask *= np.float32(self.face.strength)
        photo = self.photo.photo
        change = face_change(output, self.crop, mask, matrix, photo.size)
        if change is not None:
            photo.add(*change)
