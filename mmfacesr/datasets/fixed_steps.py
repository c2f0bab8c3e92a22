# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The part of a pipeline that makes the same of a face each time."""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path

import cv2
import mmcv
import numpy as np
import PIL.features
from mmengine.dataset import BaseDataset, Compose

from mmfacesr import version
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image

LOAD, LANDMARKS = 'mmfacesr.LoadFaceImage', 'mmfacesr.LoadLandmarks'
MIRROR = 'mmfacesr.RandomFlipFace'
REDUCTIONS = 'mmagic.Resize', 'mmfacesr.ReduceImage'
FIXED_STEPS = {  # transforms without chance: an argument they need for that
    **dict.fromkeys([LOAD, LANDMARKS, 'mmfacesr.CropFace']),
    **dict.fromkeys(['mmfacesr.ResizeFace', 'mmfacesr.ReduceFace']),
    'mmfacesr.DegradeBlindly': 'seed',
    **dict(zip(REDUCTIONS, ('backend', None))),
}


class FixedSteps:
    """The leading steps of ``FIXED_STEPS``, and the ``rest`` (Compose).

    Reductions right behind a mirror belong to them. To mirror last gives the
    same for all recipes here, and every face is compared.

    Args:
        steps (Sequence[Callable]): The transforms of a pipeline.

    Raises:
        ValueError: If the pipeline does not begin with ``LoadFaceImage``.
    """

    def __init__(self, steps: Sequence[Callable]) -> None:
        if not steps or _name(steps[0]) != LOAD:
            raise ValueError(
                'Expected a pipeline that begins with LoadFaceImage for a '
                f'cache, got {[*map(_name, steps)]}; set cache_folder=None.'
            )
        leading = list(takewhile(_is_fixed, steps))
        rest, behind = list(steps[len(leading) :]), []
        if rest and _name(rest[0]) == MIRROR:
            fixed = takewhile(_is_fixed, rest[1:])
            behind = list(takewhile(lambda s: _name(s) in REDUCTIONS, fixed))
            del rest[1 : 1 + len(behind)]
        self._all = [*leading, *(rest[:1] if behind else []), *behind]
        self._leading, self._behind = Compose(leading), Compose(behind)
        self.rest = Compose(rest)

    def __call__(self, info: dict) -> dict | None:
        """Do the steps.

        Args:
            info (dict): A sample before the pipeline; stays as it is.

        Returns:
            dict | None: What they add; None if the face is not to be packed.
        """
        try:
            results = self._leading(dict(info))
        except BadSampleError:
            return None
        if self._behind.transforms:
            mirror = self.rest.transforms[0].mirror
            wanted = self._behind(mirror(dict(results)))
            results = self._behind(results)
            found = mirror(dict(results))
            if not all(np.array_equal(found[k], wanted[k]) for k in found):
                return None
        return {k: v for k, v in results.items() if k not in info}

    def describe(self, dataset: BaseDataset) -> dict:
        """Name all that the results depend on, but for the images."""
        names = [_name(step) for step in self._all]
        kinds = [read_image, *map(type, self._all)]
        files = [Path(inspect.getfile(kind)) for kind in kinds]
        table = Path(dataset.landmark_table or '')
        files += [table] if LANDMARKS in names and table.is_file() else []
        steps = [
            {k: repr(v) for k, v in vars(step).items() if k[0] != '_'}
            for step in self._all
        ]
        return dict(
            data=[dataset.data_root, dataset.lr_folder, dataset.crop_size],
            steps=list(zip(names, steps)),
            files=[hashlib.sha256(f.read_bytes()).hexdigest() for f in files],
            libraries=[m.__version__ for m in (version, cv2, mmcv, PIL)],
            libjpeg=PIL.features.version('libjpeg_turbo'),
        )


def _name(step: Callable) -> str:
    """Package and class of a transform."""
    return f'{type(step).__module__.split(".")[0]}.{type(step).__name__}'


def _is_fixed(step: Callable) -> bool:
    """Whether a transform gives the same each time."""
    needed = FIXED_STEPS.get(_name(step), 'what it has not')
    return needed is None or getattr(step, needed, None) is not None
