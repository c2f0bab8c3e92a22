# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces of a page: their pictures and what is said of them."""

from collections.abc import Callable, Sequence
from typing import Any, Optional

import numpy as np
from tqdm import tqdm

from mmfacesr.apis.reporting import pictures
from mmfacesr.apis.reporting.gathering import Measured
from mmfacesr.utils import first_few

MOST_PICTURES = 40_000_000
"""Bytes of pictures of full size in a page; beyond them none is added."""

Pictures = dict[str, np.ndarray]
"""Layer -> (H, W, 3) uint8: ``hr``, ``input`` and ``sr-0`` and so on."""
FindPoints = Callable[[np.ndarray], Optional[np.ndarray]]


class FaceReader:
    """Reads the pictures of faces, those alone that were measured.

    Args:
        found (Sequence[Measured]): Evaluations of the same faces.

    Attributes:
        changed (list[str]): Faces left out as a file is another one by now.
    """

    def __init__(self, found: Sequence[Measured]) -> None:
        self.found = found
        self.changed: list[str] = []

    def __call__(self, place: int) -> Optional[Pictures]:
        """Read a face.

        Args:
            place (int): Its row in the table.

        Returns:
            Pictures | None: None if a picture is missing or has changed.
        """
        pairs = [one.pairs[place] for one in self.found]
        if None in pairs:
            return None
        texts = [one.evaluation.table.texts for one in self.found]
        read = {'hr': (pairs[0].hr, texts[0]['hr_sha256'][place])}
        for number, (pair, text) in enumerate(zip(pairs, texts)):
            read[f'sr-{number}'] = (pair.sr, text['sr_sha256'][place])
        try:
            faces = {
                layer: pictures.read_measured_file(*file)
                for layer, file in read.items()
            }
            lr = next((pair.lr for pair in pairs if pair.lr), None)
            if lr:
                faces['input'] = pictures.read_image(lr)
        except OSError:
            faces = {'hr': None}
        if any(face is None for face in faces.values()):
            self.changed.append(self.found[0].evaluation.table.names[place])
            return None
        return faces

    def trouble(self) -> list[str]:
        """What keeps pictures out of the page, as sentences."""
        said = [
            f'Pictures of {one.name} are not shown: {one.trouble}.'
            for one in self.found
            if one.trouble
        ]
        if names := sorted(set(self.changed)):
            said.append(
                'Faces without pictures, as a file cannot be read or is not '
                f'the one that was measured: {len(names)} '
                f'({first_few(names)}).'
            )
        return said


def make_strips(reader: FaceReader, count: int) -> list[Optional[str]]:
    """A strip of small pictures for every face: ground truth, then results.

    Args:
        reader (FaceReader): Reads them.
        count (int): Faces there are.
    """
    strips = []
    for place in tqdm(range(count), 'small', unit='face', disable=None):
        faces = reader(place)
        shown = [f for layer, f in (faces or {}).items() if layer != 'input']
        strips.append(pictures.strip_uri(shown) if shown else None)
    return strips


def embed_faces(
    reader: FaceReader,
    places: Sequence[int],
    find_points: Optional[FindPoints] = None,
) -> tuple[dict[int, dict], int]:
    """Pictures of full size, as many as a page may carry.

    Args:
        reader (FaceReader): Reads them.
        places (Sequence[int]): Rows of the table, the most important first.
        find_points (Callable, optional): Finds landmarks. Defaults to none.

    Returns:
        tuple: Row -> layers and size, and the gray level at which the scale
        of the error maps ends.
    """
    read = {p: faces for p in places if (faces := reader(p)) is not None}
    errors = {
        (place, layer): pictures.error_levels(face, faces['hr'])
        for place, faces in read.items()
        for layer, face in faces.items()
        if layer.startswith('sr-')
    }
    end = pictures.end_of_scale(list(errors.values()))
    shown: dict[int, dict] = {}
    total = 0
    for place, faces in tqdm(read.items(), 'full size', disable=None):
        layers = _layers(faces)
        for (of, layer), levels in errors.items():
            if of == place:
                shades = pictures.error_map(levels, end)
                layers[f'error{layer[2:]}'] = pictures.exact_uri(shades)
        total += sum(map(len, layers.values()))
        if total > MOST_PICTURES and shown:
            break
        height, width = faces['hr'].shape[:2]
        shown[place] = dict(
            layers=layers,
            width=width,
            height=height,
            points=_points(faces, find_points) if find_points else {},
        )
    return shown, end


def _layers(faces: Pictures) -> dict[str, str]:
    """Layer -> data: URI, the input also enlarged."""
    layers = {k: pictures.exact_uri(face) for k, face in faces.items()}
    if 'input' in faces:
        size = faces['hr'].shape[:2]
        enlarged = pictures.bicubic(faces['input'], size)
        layers['bicubic'] = pictures.exact_uri(enlarged)
    return layers


def _points(faces: Pictures, find_points: FindPoints) -> dict[str, Any]:
    """Layer -> (68, 2) x, y as lists, where a face is found."""
    found = {
        layer: find_points(face)
        for layer, face in faces.items()
        if layer == 'hr' or layer.startswith('sr-')
    }
    return {
        layer: np.round(points, 2).tolist()
        for layer, points in found.items()
        if points is not None
    }


def landmark_finder() -> FindPoints:
    """What finds 68 points in a face.

    Raises:
        ImportError: Without MediaPipe; says how to install it.
    """
    from mmfacesr.faces.detection.mediapipe_detector import MediaPipeDetector
    from mmfacesr.faces.table import LandmarkError

    detector = MediaPipeDetector()

    def find(face: np.ndarray) -> Optional[np.ndarray]:
        try:
            return detector.find('face', face).points
        except LandmarkError:
            return None

    return find
