# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which protocol and LR kernel give the bicubic row that a paper prints."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Optional

import numpy as np
from tqdm import tqdm

from mmfacesr.apis.lr_images.kernels import ENLARGERS, kernels_of
from mmfacesr.evaluation.functional.protocol import Protocol
from mmfacesr.models.protocols import known_protocols

VALUES = ('PSNR', 'SSIM')
DIGITS = dict(PSNR=2, SSIM=4)
"""Decimals that papers print."""
ROUNDING = 1e-9
FILES = 'files'
"""What stands for a kernel where the LR files are given."""


@dataclass(frozen=True)
class Candidate:
    """A way to make the bicubic row, and the row that it makes.

    Attributes:
        kernel (str): How LR faces are made; a key of ``kernels_of``.
        enlarger (str): Whose bicubic filter enlarges them; a key of
            ``ENLARGERS``.
        protocol (str): Names of equal protocols, joined by commas.
        values (dict[str, float]): ``PSNR`` in dB and, if the protocol has
            one, ``SSIM``.
    """

    kernel: str
    enlarger: str
    protocol: str
    values: dict[str, float]


@dataclass(frozen=True)
class Printed:
    """A number as it is printed: its value, and what its digits leave open.

    Attributes:
        value (float): The number.
        half_unit (float): Half a unit of its last digit.
    """

    value: float
    half_unit: float

    @classmethod
    def read(cls, text: str) -> 'Printed':
        """Read a number with its digits; '23.50' has two decimals.

        Raises:
            ValueError: If it is none.
        """
        try:
            number = Decimal(text)
            exponent = int(number.as_tuple().exponent)
        except (InvalidOperation, ValueError) as error:
            raise ValueError(
                f'Expected a number as it is printed, such as 23.48, got '
                f'{text!r}.'
            ) from error
        return cls(float(number), 10.0**exponent / 2)

    def distance(self, value: Optional[float], tolerance: float) -> float:
        """How far a value is off, 1 at the edge of what fits.

        Args:
            value (float, optional): Infinitely far off if there is none.
            tolerance (float): Units of the last digit that are forgiven.
        """
        if value is None:
            return np.inf
        allowed = self.half_unit * (1 + 2 * tolerance) + ROUNDING
        return abs(value - self.value) / allowed


Row = dict[str, Printed]
"""A key of ``VALUES`` -> what is printed."""


def distinct_protocols(scale: int) -> dict[str, Protocol]:
    """Every protocol once, under the names of all that are equal to it."""
    names: dict[Protocol, list[str]] = {}
    for name, protocol in known_protocols(scale).items():
        names.setdefault(protocol, []).append(name)
    return {', '.join(same): p for p, same in names.items()}


def measure_candidates(
    faces: Sequence[np.ndarray],
    scale: int,
    enlargers: Sequence[str] = tuple(ENLARGERS),
    lr: Optional[Sequence[np.ndarray]] = None,
) -> list[Candidate]:
    """Make the bicubic row in every way.

    Args:
        faces (Sequence[np.ndarray]): Ground truth, (H, H, 3) uint8 RGB.
        scale (int): One that has named kernels, or any with ``lr``.
        enlargers (Sequence[str]): Keys of ``ENLARGERS``. Defaults to all.
        lr (Sequence[np.ndarray], optional): LR faces in the order of
            ``faces``, in place of all kernels.

    Returns:
        list[Candidate]: One of each kernel, enlarger and protocol.
    """
    made = {FILES: lr} if lr is not None else _reduced(faces, scale)
    protocols = distinct_protocols(scale)
    found = []
    with tqdm(
        total=len(made) * len(enlargers) * len(faces),
        desc='measured',
        unit='face',
        disable=None,
    ) as bar:
        for kernel, small in made.items():
            for name in enlargers:
                rows = _measure(faces, small, name, protocols, bar)
                found += [Candidate(kernel, name, *row) for row in rows]
    return found


def _reduced(
    faces: Sequence[np.ndarray], scale: int
) -> dict[str, list[np.ndarray]]:
    """LR faces by each kernel."""
    return {
        name: [kernel(face) for face in faces]
        for name, kernel in kernels_of(scale).items()
    }


def _measure(
    faces: Sequence[np.ndarray],
    lr: Sequence[np.ndarray],
    enlarger: str,
    protocols: dict[str, Protocol],
    bar: tqdm,
) -> Iterator[tuple[str, dict[str, float]]]:
    """Protocol and values of LR faces that are enlarged."""
    kept: dict[str, list[dict]] = {name: [] for name in protocols}
    for face, small in zip(faces, lr):
        large = ENLARGERS[enlarger](small, len(face))
        for name, protocol in protocols.items():
            kept[name].append(protocol.measure(large, face))
        bar.update()
    for name, protocol in protocols.items():
        means = protocol.summarize(kept[name])
        yield name, {k: means[k] for k in VALUES if means.get(k) is not None}


def rank(
    candidates: Sequence[Candidate], row: Row, tolerance: float = 0.0
) -> list[tuple[float, Candidate]]:
    """Sort candidates by how far off they are.

    Args:
        candidates (Sequence[Candidate]): From :func:`measure_candidates`.
        row (Row): What the paper prints.
        tolerance (float): Units of each last digit that are forgiven beside
            its rounding. Defaults to 0.

    Returns:
        list[tuple[float, Candidate]]: Distance, at most 1 where everything
        fits, and candidate; nearest first.
    """

    def off(one: Candidate) -> float:
        return max(
            printed.distance(one.values.get(name), tolerance)
            for name, printed in row.items()
        )

    return sorted(((off(one), one) for one in candidates), key=lambda t: t[0])


def matches(
    candidates: Sequence[Candidate], row: Row, tolerance: float = 0.0
) -> list[Candidate]:
    """Those that the printed digits cannot tell apart, nearest first."""
    ranked = rank(candidates, row, tolerance)
    return [one for distance, one in ranked if distance <= 1]


def row_of(candidate: Candidate) -> Row:
    """What a paper would print that has used a candidate."""
    return {
        name: Printed.read(f'{value:.{DIGITS[name]}f}')
        for name, value in candidate.values.items()
    }


def confusions(
    candidates: Sequence[Candidate], tolerance: float = 0.0
) -> list[tuple[Candidate, list[Candidate]]]:
    """Each candidate as the truth, and what its printed row gives."""
    return [
        (truth, matches(candidates, row_of(truth), tolerance))
        for truth in candidates
    ]
