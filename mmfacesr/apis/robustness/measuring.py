# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The values of all faces under one change of one strength."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, Optional

import numpy as np

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.measuring import BATCH_SIZE, resize, restore_all
from mmfacesr.apis.recipes import read_recipe
from mmfacesr.apis.robustness.changes import (
    CHANGES,
    KERNEL,
    blurred,
    compressed,
    frame_of,
    noisy,
)
from mmfacesr.apis.robustness.faces import SourceFaces
from mmfacesr.evaluation.functional import nme
from mmfacesr.evaluation.functional.shared_protocols import rgb_protocol
from mmfacesr.evaluation.statistics import mean_interval
from mmfacesr.faces.detection import LandmarkSource
from mmfacesr.faces.table import LandmarkError
from mmfacesr.utils.project_files import project_root

MODEL, BICUBIC = 'model', 'bicubic'
VALUES = ('PSNR', 'SSIM')
NME, LOST = 'NME', 'not found'
Strength = float | str
"""A number; of the kernel, the name of a recipe without its scale."""
Values = dict[tuple[str, str], np.ndarray]
"""Method and name of a value -> (N,) values of the faces."""


def recipe_names(scale: int) -> list[str]:
    """Name the recipes that reduce by a factor, without their ``_xSCALE``."""
    folder = project_root() / 'configs/_base_/degradations'
    ending = f'_x{scale}'
    return sorted(
        file.stem.removesuffix(ending) for file in folder.glob(f'*{ending}.py')
    )


def strengths_of(
    change: str, faces: SourceFaces, scale: int
) -> list[Strength]:
    """Strengths at which a change is measured.

    Args:
        change (str): Key of ``CHANGES``, or 'kernel'.
        faces (SourceFaces): Tell how far a frame can move.
        scale (int): Of the network.
    """
    if change == KERNEL:
        return recipe_names(scale)
    strengths = CHANGES[change].strengths
    if CHANGES[change].moves_face:
        return faces.strengths(change, strengths)
    return list(strengths)


class Landmarks:
    """Looks for the landmarks of faces; those of a ground truth once.

    Args:
        detector (LandmarkSource): The project's detector.
    """

    def __init__(self, detector: LandmarkSource) -> None:
        self.detector = detector
        self._known: dict[bytes, Optional[np.ndarray]] = {}

    def compare(self, made: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        """NME of a restored face, and whether it has none any more.

        Args:
            made (np.ndarray): (H, W, 3) in [0, 255].
            truth (np.ndarray): (H, W, 3) uint8; NaN where it has no face.
        """
        digest = hashlib.sha256(truth.tobytes()).digest()
        if digest not in self._known:
            self._known[digest] = self._find(truth)
        wanted = self._known[digest]
        if wanted is None:
            return {NME: np.nan, LOST: np.nan}
        found = self._find(np.rint(made).astype(np.uint8))
        if found is None:
            return {NME: np.nan, LOST: 1.0}
        return {NME: float(nme(found, wanted)), LOST: 0.0}

    def _find(self, image: np.ndarray) -> Optional[np.ndarray]:
        """Landmarks (68, 2), if there is a face."""
        try:
            return self.detector.find('', image).points
        except LandmarkError:
            return None


def measure(
    network: FaceNetwork,
    faces: SourceFaces,
    change: str,
    strength: Strength,
    landmarks: Optional[Landmarks] = None,
    progress: Callable[[int], Any] = lambda count: None,
) -> Values:
    """Measure all faces under one change.

    Args:
        network (FaceNetwork): The model.
        faces (SourceFaces): HR faces.
        change (str): Key of ``CHANGES``, or 'kernel'.
        strength (float | str): Of the change.
        landmarks (Landmarks, optional): Adds NME. Defaults to None.
        progress (Callable): Told how many faces were done.

    Returns:
        Values: Of the model and of Pillow bicubic, by the protocol rgb.
    """
    protocol = rgb_protocol(network.facts.scale)
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for truths, inputs in _batches(network, faces, change, strength):
        made = {
            MODEL: restore_all(network, inputs),
            BICUBIC: [resize(lr, faces.size) for lr in inputs],
        }
        for method, results in made.items():
            for result, truth in zip(results, truths):
                values = protocol.measure(result, truth)
                values = {name: values[name] for name in VALUES}
                if landmarks:
                    values |= landmarks.compare(result, truth)
                for name, value in values.items():
                    found[method, name].append(value)
        progress(len(truths))
    return {key: np.array(values) for key, values in found.items()}


def _batches(
    network: FaceNetwork,
    faces: SourceFaces,
    change: str,
    strength: Strength,
) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Ground truth and inputs, a batch at a time."""
    reduce = _reduction(network, change, strength)
    for start in range(0, len(faces.names), BATCH_SIZE):
        names = faces.names[start : start + BATCH_SIZE]
        truths = [
            faces.load(name, frame_of(change, strength, name))
            for name in names
        ]
        yield truths, [reduce(*pair) for pair in zip(truths, names)]


def _reduction(
    network: FaceNetwork, change: str, strength: Strength
) -> Callable[[np.ndarray, str], np.ndarray]:
    """How the LR face is made of an HR face and its name."""
    if change == KERNEL:
        return _reduction_by_recipe(f'{strength}_x{network.facts.scale}')
    if change == 'blur':
        return lambda face, name: network.lr_of(blurred(face, strength))
    if change == 'noise':
        return lambda face, name: noisy(network.lr_of(face), strength, name)
    if change == 'jpeg':
        return lambda face, name: compressed(network.lr_of(face), strength)
    return lambda face, name: network.lr_of(face)


def _reduction_by_recipe(
    recipe: str,
) -> Callable[[np.ndarray, str], np.ndarray]:
    """A recipe as a function; its chances go by the name of the face."""
    from mmcv.transforms import Compose
    from mmengine.registry import DefaultScope

    with DefaultScope.overwrite_default_scope('mmagic'):
        steps = Compose(read_recipe(recipe))
    return lambda face, name: steps(dict(gt=face, file=name))['img']


def rows_of(change: str, strength: Strength, values: Values) -> list[dict]:
    """Means and 95 % intervals, a row each; None where there is none."""
    rows = []
    for (method, name), numbers in values.items():
        finite = numbers[np.isfinite(numbers)]
        low, high = mean_interval(finite) or (None, None)
        rows.append(
            dict(
                change=change,
                strength=strength,
                method=method,
                value=name,
                mean=float(finite.mean()) if len(finite) else None,
                low=low,
                high=high,
                images=len(finite),
            )
        )
    return rows
