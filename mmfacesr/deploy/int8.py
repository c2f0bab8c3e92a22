# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""An int8 file that costs little, or none."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from mmengine.logging import print_log
from torch import Tensor

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.deploy import formats
from mmfacesr.deploy.guarding import (
    MOST_LOSS,
    MOST_MEAN_LOSS,
    MOST_MOVED,
    Cost,
    Guard,
)
from mmfacesr.deploy.verification import ExportMismatchError

if TYPE_CHECKING:
    from mmfacesr.deploy.quantizing import QuantizableFile

CALIBRATIONS = ('minmax', 'entropy')
AUTO = 'auto'
NUM_DRAWN = 64
FIRST_SEED = 1000  # of drawn faces; below are those that files are run on
NUM_RANKED = 4  # faces that layers are ranked on
NUM_NAMED = 5  # layers in a message


@dataclass(frozen=True)
class Int8:
    """How a file is made int8, and the faces that decide.

    Args:
        calibration (str): Of the ranges of activations. 'minmax': from the
            least to the largest value. 'entropy': the range whose levels
            tell most of the distribution; what is outside is clipped.
            Defaults to 'minmax'.
        truth (Sequence[np.ndarray], optional): HR faces
            (gt_size, gt_size, 3) uint8 RGB, at least 2. The first, third,
            ... calibrate, the others judge. Defaults to None: 64 drawn ones.
        keep_float (Sequence[str]): Layers that stay in float32, by names or
            patterns, such as '*/head/*'; ('auto',) for those that cost most,
            as many as it needs. Defaults to none.
    """

    calibration: Literal['minmax', 'entropy'] = 'minmax'
    truth: Sequence[np.ndarray] | None = None
    keep_float: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.calibration not in CALIBRATIONS:
            raise ValueError(
                f'Expected a calibration of {CALIBRATIONS}, got '
                f'{self.calibration!r}.'
            )
        if self.truth is not None and len(self.truth) < 2:
            raise ValueError(
                'Expected at least 2 faces, one to calibrate on and one to '
                f'judge by, got {len(self.truth)}; give more.'
            )

    def faces(self, side: int) -> Sequence[np.ndarray]:
        """Return HR faces of a side."""
        if self.truth is not None:
            return self.truth
        seeds = range(FIRST_SEED, FIRST_SEED + NUM_DRAWN)
        return [render_face(seed, side)[0] for seed in seeds]


def make_int8(
    path: Path, faces: FaceNetwork, settings: Int8
) -> tuple[Cost, list[str]]:
    """Make an ONNX file in float32 one in int8, in its place.

    Args:
        path (Path): The file.
        faces (FaceNetwork): The network that it holds.
        settings (Int8): How.

    Returns:
        tuple[Cost, list[str]]: What it costs, and the layers that stayed in
        float32.

    Raises:
        ValueError: If there is no layer of a name to keep.
        ExportMismatchError: If it costs too much; it has the layers that
            cost most.
    """
    truth = settings.faces(faces.facts.gt_size)
    guard = Guard(faces.facts, formats.run_onnx(path), truth[1::2])
    method = settings.calibration
    with calibrated(path, faces, truth[::2]) as (source, few):
        is_auto = tuple(settings.keep_float) == (AUTO,)
        kept = [] if is_auto else source.match(settings.keep_float)
        ranks: dict[str, float] = {}
        while True:
            source.write(path, method, kept)
            cost = guard.judge(formats.run_onnx(path))
            if cost.is_small:
                return cost, kept
            ranks = ranks or source.rank(method, few, _deviation(faces))
            if not is_auto or len(kept) == len(ranks):
                raise ExportMismatchError(_refusal(cost, ranks, kept))
            kept = list(ranks)[: 2 * len(kept) or 1]
            print_log(
                f'{cost.text()}. Tried next: {len(kept)} layers in float32.',
                'current',
            )


@contextmanager
def calibrated(
    path: Path, faces: FaceNetwork, truth: Sequence[np.ndarray]
) -> 'Iterator[tuple[QuantizableFile, Tensor]]':
    """Calibrate a file.

    Args:
        path (Path): ONNX, float32.
        faces (FaceNetwork): The network that it holds.
        truth (Sequence[np.ndarray]): HR faces; they are reduced.

    Yields:
        tuple[QuantizableFile, Tensor]: What int8 files are made of, and a few
        of its inputs.
    """
    from mmfacesr.deploy.quantizing import QuantizableFile

    inputs = [faces.input_of(faces.lr_of(face)) for face in truth]

    def batches() -> Iterator[Tensor]:
        return (faces.normalize([face]) for face in inputs)

    with tempfile.TemporaryDirectory() as folder:
        source = QuantizableFile(path, Path(folder), batches)
        yield source, faces.normalize(inputs[:NUM_RANKED])


def _deviation(faces: FaceNetwork) -> Callable[[Tensor, Tensor], float]:
    """Make what measures how far outputs are off, in gray levels (RMS)."""
    std = torch.tensor(faces.facts.std).view(1, 3, 1, 1)

    def deviation(wanted: Tensor, got: Tensor) -> float:
        return float(((got - wanted) * std).square().mean().sqrt())

    return deviation


def _refusal(cost: Cost, ranks: dict[str, float], kept: list[str]) -> str:
    """Say what int8 costs, and where."""
    worst = [name for name in ranks if name not in kept][:NUM_NAMED]
    layers = ', '.join(f'{name} ({ranks[name]:.2f})' for name in worst)
    return (
        f'Expected int8 to lose at most {MOST_MEAN_LOSS:g} dB PSNR against '
        f'the ground truth in the mean and {MOST_LOSS:g} dB in a face, and '
        f'to move landmarks by at most {MOST_MOVED:.0%}, got {cost.text()}. '
        'Nothing was written. The layers that cost most, with the gray '
        f'levels that each alone is off: {layers}. Keep them in float by '
        f'--keep-float {" ".join(kept + worst)}, or as many as it needs by '
        f'--keep-float {AUTO}, or try another --calibration.'
    )
