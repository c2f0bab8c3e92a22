# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How far the results, as a set, are from the true faces."""

from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Optional

import numpy as np
from mmengine.device import get_device

from mmfacesr.evaluation.functional.frechet import frechet_distance
from mmfacesr.evaluation.functional.kernel_distance import kernel_distance
from mmfacesr.evaluation.image_metrics import Faces, SetMetric
from mmfacesr.evaluation.networks.inception import (
    WHAT,
    build_inception,
    features_of,
    inception_url,
    pooled,
)
from mmfacesr.evaluation.networks.threads import one_thread
from mmfacesr.weights.sources import LocalWeights, local_weights

BATCH = 16  # faces

Iterate = Callable[[], Iterator[Faces]]


def fid_metric(weights: Optional[str] = None, few: bool = False) -> SetMetric:
    """FID of the results against their ground truth.

    Args:
        weights (str, optional): File, URL or name of pytorch-fid's Inception
            weights. Defaults to its own URL.
        few (bool): Whether it is asked for by the name fid-few. Defaults to
            False.

    Raises:
        WeightsError: If the weights cannot be had.
    """
    found = _weights(weights, 'fid-few' if few else 'fid')
    return SetMetric(
        lambda faces: {
            'FID/gt': frechet_distance(*_features(faces, found.path))
        },
        'FID of all SR against all HR as pytorch-fid takes it, 8-bit RGB; '
        f'{found.about}',
    )


def kid_metric(weights: Optional[str] = None) -> SetMetric:
    """KID of the results against their ground truth.

    Args:
        weights (str, optional): As of :func:`fid_metric`.

    Raises:
        WeightsError: If the weights cannot be had.
    """
    found = _weights(weights, 'kid')
    return SetMetric(
        lambda faces: {
            'KID/gt': kernel_distance(*_features(faces, found.path))
        },
        'KID of all SR against all HR, cubic kernel, unbiased, features of '
        f'FID, 8-bit RGB, not multiplied; {found.about}',
    )


def _weights(weights: Optional[str], name: str) -> LocalWeights:
    """The Inception weights."""
    remedy = f'give a file by {name}=FILE, or leave {name} out'
    return local_weights(weights or inception_url(), WHAT, remedy)


# FID and KID of one set share them.
@lru_cache(maxsize=1)
def _features(faces: Iterate, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, 2048) of all results, and of all true faces.

    They lie in temporary files: those of 200,000 pairs are 3.3 GB.
    """
    images = faces()
    with one_thread(), TemporaryFile() as first, TemporaryFile() as second:
        while batch := list(islice(images, BATCH)):
            for file, pictures in zip((first, second), zip(*batch)):
                features = _network_features(pictures, path)
                file.write(features.astype(np.float32).tobytes())
        width = features.shape[1]
        return _mapped(first, width), _mapped(second, width)


def _mapped(file: IO, width: int) -> np.ndarray:
    """Features (N, width) float32 in a file, which may be closed."""
    file.flush()
    return np.memmap(file, np.float32, 'r').reshape(-1, width)


def _network_features(pictures: tuple, path: Path) -> np.ndarray:
    """Features of a few pictures."""
    network = _network(path)
    device = next(network.parameters()).device
    return features_of(pictures, lambda x: pooled(network, x), device)


@cache
def _network(path: Path) -> object:
    """The network, once in a process."""
    return build_inception(path).to(get_device())
