# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Whether a restored face is still the same person to a network."""

from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Optional

import numpy as np
from scipy.spatial.distance import cdist

from mmfacesr.evaluation.image_metrics import Faces, SetMetric
from mmfacesr.evaluation.on_request.landmarks import Find, landmark_finder

CHIP_SIZE = 150  # pixels, what the network takes
CHIP_PADDING = 0.25  # around the face, as it was trained
DIGITS = 128  # of an embedding
ROWS = 1000  # of the table of distances at a time
MODEL = 'dlib_face_recognition_resnet_model_v1.dat'

Embed = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(H, W, 3) uint8 RGB and (68, 2) points of the face to (128,)."""


def identity_metric(
    embedder: Optional[Callable[[], Embed]] = None,
    finder: Callable[[], Find] = landmark_finder,
) -> SetMetric:
    """Embeddings of the results against those of all the true faces.

    Both are cut out by the landmarks of the truth, so that the network sees
    the same frame. A face that is not found in the truth has no value.

    Args:
        embedder (Callable, optional): Makes what embeds a face. Defaults to
            dlib's network.
        finder (Callable): Makes what finds landmarks. Defaults to
            :func:`landmark_finder`.

    Raises:
        ImportError: If the extra ``identity`` is not installed.
    """
    if embedder is None:
        _find_model()
        embedder = _dlib_embedder
    find = finder()

    def measure(faces: Callable[[], Iterator[Faces]]) -> dict:
        embed = embedder()
        sr, hr = zip(*(_embed_pair(*pair, embed, find) for pair in faces()))
        return compare_identities(np.array(sr), np.array(hr))

    return SetMetric(
        measure,
        "128 numbers of a face by dlib's recognition network (CC0, "
        f'{MODEL}), SR against HR, both framed by the landmarks in HR; '
        'rank-1: of all HR of the set the own one is nearest',
    )


def compare_identities(sr: np.ndarray, hr: np.ndarray) -> dict:
    """Compare embeddings of results with those of the true faces.

    Args:
        sr (np.ndarray): (N, D); a row of NaN where there is none.
        hr (np.ndarray): (N, D), NaN in the same rows.

    Returns:
        dict[str, np.ndarray]: (N,) Euclidean distances, cosines, and whether
        the own face is the only nearest one, 1 or 0; NaN without a row.
    """
    distance = np.linalg.norm(sr - hr, axis=1)
    lengths = np.linalg.norm(sr, axis=1) * np.linalg.norm(hr, axis=1)
    rank_1 = np.full(len(sr), np.nan)
    there = np.flatnonzero(np.isfinite(distance))
    for start in range(0, len(there), ROWS):
        rows = there[start : start + ROWS]
        others = cdist(sr[rows], hr[there])
        own = np.arange(len(rows)), np.arange(start, start + len(rows))
        its_own = others[own]
        others[own] = np.inf
        rank_1[rows] = its_own < others.min(1)
    return {
        'identity/distance': distance,
        'identity/cosine': (sr * hr).sum(1) / lengths,
        'identity/rank-1': rank_1,
    }


def _embed_pair(
    sr: np.ndarray, hr: np.ndarray, lr: object, embed: Embed, find: Find
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of a result and its truth, NaN without a face."""
    points = find(hr)
    if points is None:
        return np.full(DIGITS, np.nan), np.full(DIGITS, np.nan)
    return embed(sr, points), embed(hr, points)


def _find_model() -> Path:
    """The file of dlib's network, in its package."""
    # Importing the package would need setuptools' former pkg_resources.
    package = find_spec('face_recognition_models')
    if package is None or find_spec('dlib') is None:
        raise ImportError(
            'Expected dlib and its face recognition network for the metric '
            'identity, got none; install them by `pip install dlib-bin '
            'face-recognition-models`.'
        )
    return Path(package.submodule_search_locations[0], 'models', MODEL)


@cache
def _dlib_embedder() -> Embed:
    """Dlib's network, which takes chips of the frame it was trained on."""
    import dlib

    network = dlib.face_recognition_model_v1(str(_find_model()))

    def embed(image: np.ndarray, points: np.ndarray) -> np.ndarray:
        whole = dlib.rectangle(0, 0, image.shape[1] - 1, image.shape[0] - 1)
        parts = [dlib.point(*map(int, p)) for p in np.rint(points)]
        shape = dlib.full_object_detection(whole, dlib.points(parts))
        chip = dlib.get_face_chip(image, shape, CHIP_SIZE, CHIP_PADDING)
        return np.array(network.compute_face_descriptor(chip))

    return embed
