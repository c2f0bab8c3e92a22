# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a picture to the faces that wait for the network.

inferencer: photo -> faces framed (here) -> network -> put back (`waiting`).
"""

from collections.abc import Callable, Sequence
from typing import Optional

import numpy as np
from mmengine.dataset import Compose

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.results import RestoredFace, RestoredPhoto
from mmfacesr.apis.restoring.waiting import WaitingFace
from mmfacesr.faces.framing import frame_face, frame_matrix, frame_side
from mmfacesr.utils.photos import Photo


def frame_faces(
    result: RestoredPhoto,
    photo: Photo,
    find: Callable[[np.ndarray], list[np.ndarray]],
    network: FaceNetwork,
    choices: Choices,
    strengths: Optional[Sequence[float]] = None,
) -> list[WaitingFace]:
    """Find the faces of a photo and cut out those to be restored.

    Args:
        result (RestoredPhoto): Receives the faces, the photo into which they
            are put back, and the times.
        photo (Photo): It is not changed.
        find (Callable): (H, W, 3) uint8 RGB -> (68, 2) points of each face.
        network (FaceNetwork): Says how faces are framed and reduced.
        choices (Choices): Which faces.
        strengths (Sequence[float] | None): How much of its change each of the
            found faces gets. Defaults to None, all of it.
    """
    facts = network.facts
    image = photo.srgb()
    with result.timed('find'):
        found = find(image)
        for points, strength in zip(found, strengths or [1.0] * len(found)):
            matrix = frame_matrix(points, facts.framing, facts.gt_size)
            box = (*points.min(0).tolist(), *points.max(0).tolist())
            size = frame_side(matrix, facts.gt_size)
            face = RestoredFace(box, points, matrix, size, strength=strength)
            result.faces.append(face)
        choices.leave_alone(result.faces, facts, photo.size)
    chosen = [face for face in result.faces if face.restored]
    with result.timed('restore'):
        waiting = [
            _cut_out(result, face, image, network, choices.back_project)
            for face in chosen
        ]
    del image  # a copy, unless the photo is in sRGB; the next one follows
    with result.timed('paste'):
        if choices.upscale > 1:
            photo = photo.enlarged(choices.upscale)
        elif chosen:
            photo = photo.copy()
        result.photo = photo
    return waiting


def _cut_out(
    result: RestoredPhoto,
    face: RestoredFace,
    image: np.ndarray,
    network: FaceNetwork,
    back_project: bool,
) -> WaitingFace:
    """Frame a face of a photo, and reduce it as in the training."""
    facts = network.facts

    def framed(side: int) -> np.ndarray:
        matrix = frame_matrix(face.landmarks, facts.framing, side)
        return frame_face(image, matrix, side)

    side = network.native_side(face.size)
    native = framed(side)
    face.lr = network.lr_of(native)
    if round(face.size) < side:  # enlarged pixels say nothing
        native = framed(round(face.size))
    return WaitingFace(
        result,
        face,
        network.input_of(face.lr),
        frame_face(image, face.matrix, facts.gt_size),
        native if back_project else None,
    )


def take_whole(
    result: RestoredPhoto,
    photo: Photo,
    mode: str,
    network: FaceNetwork,
    pipeline: Compose,
) -> WaitingFace:
    """Take a picture as the face itself.

    Args:
        result (RestoredPhoto): Receives the face and the photo.
        photo (Photo): The face.
        mode (str): 'lr' for what the network enlarges, 'aligned' for a face
            of any size.
        network (FaceNetwork): Says what it wants.
        pipeline (Compose): Reduces a face of any size.

    Raises:
        ValueError: If it is of a wrong size for 'lr'.
    """
    image = photo.srgb()
    height, width = photo.size
    if mode == 'lr':
        _check_lr(height, width, network.facts.lr_size)
        lr, given = image, network.input_of(image)
    else:
        sample = pipeline(
            dict(gt=image, gt_channel_order='rgb', gt_color_type='color')
        )
        given = sample['img']
        lr = None if network.facts.enlarged else given
    face = RestoredFace((0, 0, width, height), None, None, width, lr)
    result.faces = [face]
    result.photo = photo
    return WaitingFace(result, face, given)


def _check_lr(height: int, width: int, side: int) -> None:
    """Refuse what is not exactly what the method enlarges."""
    if (height, width) != (side, side):
        raise ValueError(
            f"Expected a face of {side}x{side} pixels in mode 'lr', got "
            f"{width}x{height}; mode 'aligned' takes faces of any size."
        )
