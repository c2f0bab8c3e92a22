# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What reduced precision costs on faces of which the truth is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from mmengine.logging import print_log
from torch import Tensor
from tqdm import tqdm

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.evaluation.functional.image_quality import psnr
from mmfacesr.evaluation.functional.landmarks import nme
from mmfacesr.faces.detection import MediaPipeDetector
from mmfacesr.faces.table import LandmarkError
from mmfacesr.models.common.facts import Facts

Run = Callable[[Tensor], Tensor]
MOST_MEAN_LOSS = 0.2  # dB
MOST_LOSS = 0.5  # dB, of any face
MOST_MOVED = 0.01  # of the distance of the eyes, in the median
MOST_VANISHED = 0.1  # of the faces, rounded up: blurred ones come and go


@dataclass(frozen=True)
class Cost:
    """What is lost.

    Args:
        losses (np.ndarray): (N,) PSNR in float32 minus that now, in dB, both
            against the ground truth: RGB, a border of the scale cut off, not
            rounded.
        moved (np.ndarray): (M,) mean distance of the landmarks that are found
            from those that are found in float32, over that of the outer eye
            corners; of the faces that are found in both.
        vanished (int): Faces found in float32 alone.
    """

    losses: np.ndarray
    moved: np.ndarray
    vanished: int

    @property
    def is_small(self) -> bool:
        """Whether it is within the limits; NaN is not."""
        return bool(
            self.losses.mean() <= MOST_MEAN_LOSS
            and self.losses.max() <= MOST_LOSS
            and (not len(self.moved) or np.median(self.moved) <= MOST_MOVED)
            and self.vanished <= ceil(MOST_VANISHED * len(self.losses))
        )

    def text(self) -> str:
        """Tell it to people."""
        said = (
            f'{self.losses.mean():.3f} dB in the mean, '
            f'{self.losses.max():.3f} dB in the worst of '
            f'{len(self.losses)} faces; landmarks '
        )
        if not len(self.moved) + self.vanished:
            return said + 'not found in float32 either'
        moved = f'{np.median(self.moved):.2%}' if len(self.moved) else '-'
        return said + (
            f'moved by {moved} of the distance of the eyes in the median of '
            f'{len(self.moved)} faces, {self.vanished} no longer found'
        )


class Guard:
    """Compares ways to run a network, on faces whose truth is known.

    Landmarks are looked for by MediaPipe, where it is installed.

    Args:
        facts (Facts): Of the network.
        run (Callable): The network in float32, (1, 3, h, w) ->
            (1, 3, H, W).
        truth (Sequence[np.ndarray]): (gt_size, gt_size, 3) uint8 HR faces.
    """

    def __init__(
        self, facts: Facts, run: Run, truth: Sequence[np.ndarray]
    ) -> None:
        self.facts, self.truth = facts, truth
        faces = FaceNetwork(facts, run)
        self.inputs = [faces.input_of(faces.lr_of(face)) for face in truth]
        self._detector = _detector()
        exact = self._restored(run, 'float32')
        self._psnrs = self._psnrs_of(exact)
        self._points = self._landmarks(exact)

    def judge(self, run: Run) -> Cost:
        """Find what another way to run the network costs."""
        restored = self._restored(run, 'int8')
        pairs = list(zip(self._points, self._landmarks(restored), strict=True))
        both = [(a, b) for a, b in pairs if not (a is None or b is None)]
        return Cost(
            losses=self._psnrs - self._psnrs_of(restored),
            moved=np.array([nme(b, a) for a, b in both]),
            vanished=sum(a is not None and b is None for a, b in pairs),
        )

    def _restored(self, run: Run, name: str) -> list[np.ndarray]:
        """Restore the faces one by one, which any file takes."""
        network = FaceNetwork(self.facts, run)
        inputs = tqdm(self.inputs, f'restoring, {name}', unit='face')
        return [network.restore([face])[0] for face in inputs]

    def _psnrs_of(self, restored: Sequence[np.ndarray]) -> np.ndarray:
        """(N,) PSNR against the ground truth."""
        return np.array(
            [
                psnr(sr, hr, self.facts.scale)
                for sr, hr in zip(restored, self.truth, strict=True)
            ]
        )

    def _landmarks(
        self, restored: Sequence[np.ndarray]
    ) -> list[np.ndarray | None]:
        """Landmarks (68, 2) of each face, None where there are none."""
        if self._detector is None:
            return [None] * len(restored)
        return [
            self._find(np.rint(face).astype(np.uint8))
            for face in tqdm(restored, 'landmarks', unit='face')
        ]

    def _find(self, image: np.ndarray) -> np.ndarray | None:
        """Landmarks (68, 2) of an image."""
        try:
            return self._detector.find('', image).points
        except LandmarkError:
            return None


def _detector() -> MediaPipeDetector | None:
    """The detector, if it is installed."""
    try:
        return MediaPipeDetector()
    except ImportError as error:
        print_log(f'Landmarks are not looked for: {error}', 'current')
        return None
