# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The values of every pair, in the order of the pairs."""

import hashlib
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from mmfacesr.apis.evaluating.metrics import image_metrics
from mmfacesr.apis.evaluating.pairs import Pair
from mmfacesr.evaluation.image_metrics import Faces
from mmfacesr.models.protocols import choose_protocols
from mmfacesr.utils.images import read_image, read_image_bytes

CHUNK = 16  # pairs that a process takes at once
AHEAD = 4  # chunks for each process that wait in memory

Row = dict[str, Any]
"""Column -> text or number of one pair."""


def read_faces(pair: Pair) -> Faces:
    """Read the files of a pair.

    Raises:
        UnreadableImageError: If a file cannot be read.
    """
    lr = None if pair.lr is None else read_image(pair.lr)
    return read_image(pair.sr), read_image(pair.hr), lr


def measure_pair(
    pair: Pair,
    protocols: Sequence[str],
    metrics: Sequence[str],
    crop_border: int,
) -> Row:
    """Measure one pair.

    Args:
        pair (Pair): Its files.
        protocols (Sequence[str]): Names, see
            :mod:`mmfacesr.models.protocols`.
        metrics (Sequence[str]): Names of metrics of single images.
        crop_border (int): Of our own protocol.

    Returns:
        Row: ``name``; ``sr_sha256`` and ``hr_sha256`` of the files; size;
        whether the pixels are ``identical``;
        ``PROTOCOL/VALUE`` and the values of the metrics.
    """
    faces = read_faces(pair)
    row = dict(
        name=pair.name,
        sr_sha256=hash_file(pair.sr),
        hr_sha256=hash_file(pair.hr),
        width=faces[1].shape[1],
        height=faces[1].shape[0],
        identical=int(np.array_equal(*faces[:2])),
    )
    for name, protocol in choose_protocols(protocols, crop_border).items():
        row |= flatten(name, protocol.measure(*faces[:2]))
    for metric in image_metrics(metrics).values():
        row |= metric.measure(*faces)
    return row


def measure_pairs(
    pairs: Sequence[Pair], workers: int = 1, **what: Any
) -> Iterator[Row]:
    """Measure pairs one after the other, or in several processes.

    Args:
        pairs (Sequence[Pair]): What is measured.
        workers (int): Processes; the values do not depend on it. Defaults to
            1, this one.
        what: Arguments of :func:`measure_pair`.

    Yields:
        Row: In the order of the pairs.
    """
    measure = partial(_measure_chunk, what=what)
    chunks = (pairs[i : i + CHUNK] for i in range(0, len(pairs), CHUNK))
    if workers == 1:
        yield from (row for chunk in chunks for row in measure(chunk))
        return
    # A forked child would inherit locks of threads that it does not have.
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, context) as pool:
        waiting = [
            pool.submit(measure, chunk)
            for chunk in islice(chunks, workers * AHEAD)
        ]
        try:
            while waiting:
                yield from waiting.pop(0).result()
                waiting += [
                    pool.submit(measure, chunk) for chunk in islice(chunks, 1)
                ]
        finally:
            pool.shutdown(cancel_futures=True)


def _measure_chunk(pairs: Sequence[Pair], what: dict) -> list[Row]:
    """Measure a few pairs."""
    return [measure_pair(pair, **what) for pair in pairs]


def hash_file(path: str | os.PathLike) -> str:
    """SHA-256 of the file of an image.

    Raises:
        UnreadableImageError: If it cannot be read.
    """
    return hashlib.sha256(read_image_bytes(path)).hexdigest()


def flatten(prefix: str, kept: dict) -> dict[str, float]:
    """What a protocol keeps of an image, as columns of numbers.

    Args:
        prefix (str): Name of the protocol.
        kept (dict): Numbers, and arrays such as the levels of MS-SSIM, whose
            elements become ``NAME[0]`` and so on.
    """
    found = {}
    for name, value in kept.items():
        if np.ndim(value):
            for place, element in enumerate(value):
                found[f'{prefix}/{name}[{place}]'] = float(element)
        else:
            found[f'{prefix}/{name}'] = float(value)
    return found


def unflatten(prefix: str, row: dict[str, float]) -> dict:
    """What a protocol kept of an image, from the columns of a table."""
    found: dict = {}
    for column, value in row.items():
        if not column.startswith(f'{prefix}/'):
            continue
        name, bracket, _ = column.removeprefix(f'{prefix}/').partition('[')
        if bracket:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return {
        name: np.array(value) if isinstance(value, list) else value
        for name, value in found.items()
    }
