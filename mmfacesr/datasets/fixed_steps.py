# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The part of a pipeline that makes the same of a face each time."""

import hashlib
import sys
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from mmfacesr.datasets.transforms import LoadFaceImage, RandomFlipFace
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image

Step = Callable[[dict], dict | None]

REDUCTION = 'mmagic.Resize'
FIXED_STEPS = {
    'mmfacesr.LoadFaceImage': None,
    'mmfacesr.LoadLandmarks': None,
    'mmfacesr.CropFace': None,
    'mmfacesr.ResizeFace': None,
    'mmfacesr.ReduceFace': None,
    'mmfacesr.DegradeBlindly': 'seed',
    REDUCTION: 'backend',
}
"""Transforms without chance -> the argument that must be set for that."""


class FixedSteps:
    """The leading steps of ``FIXED_STEPS``, and the steps that are left.

    Reductions right behind a mirror belong to them. To mirror last gives the
    same for all recipes here, and every face is compared.

    Args:
        steps (Sequence[Step]): A pipeline.

    Attributes:
        rest (list[Step]): What is to be done with the result.

    Raises:
        ValueError: If the pipeline does not begin with ``LoadFaceImage``.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        if not steps or type(steps[0]) is not LoadFaceImage:
            raise ValueError(
                'Expected a pipeline that begins with LoadFaceImage for a '
                f'cache, got {[_name(step) for step in steps]}; set '
                'cache_folder=None.'
            )
        self._leading = list(takewhile(_is_fixed, steps))
        self.rest = list(steps[len(self._leading) :])
        self._before_mirror: list[Step] = []
        if self.rest and type(self.rest[0]) is RandomFlipFace:
            mirror, *others = self.rest
            self._before_mirror = list(takewhile(_is_fixed_reduction, others))
            self.rest = [mirror, *others[len(self._before_mirror) :]]

    def __call__(self, info: dict) -> dict | None:
        """Do the steps.

        Args:
            info (dict): A sample before the pipeline; stays as it is.

        Returns:
            dict | None: What the steps add. None if they refuse the face, or
            it matters whether it is mirrored first.
        """
        try:
            results = run_steps(self._leading, dict(info))
            if self._before_mirror:
                mirror = self.rest[0].mirror
                wanted = run_steps(self._before_mirror, mirror(dict(results)))
                results = run_steps(self._before_mirror, results)
                if not _is_same(mirror(dict(results)), wanted):
                    return None
        except BadSampleError:
            return None
        return {k: v for k, v in results.items() if k not in info}

    def describe(self) -> list[str]:
        """Name the steps with all that they were made with."""
        return [
            f'{_name(step)} {_arguments(step)}'
            for step in [*self._leading, *self._before_mirror]
        ]

    def hash_code(self) -> str:
        """Hash the files that the steps, and the reader, are written in."""
        steps = [*self._leading, *self._before_mirror]
        names = {read_image.__module__, *(type(s).__module__ for s in steps)}
        files = [Path(sys.modules[name].__file__) for name in sorted(names)]
        code = b''.join(file.read_bytes() for file in files)
        return hashlib.sha256(code).hexdigest()


def run_steps(steps: Sequence[Step], results: dict) -> dict | None:
    """Do one step after the other, as mmengine's ``Compose``."""
    for step in steps:
        results = step(results)
        if results is None:
            return None
    return results


def _name(step: Step) -> str:
    """Package and class of a transform."""
    kind = type(step)
    return f'{kind.__module__.partition(".")[0]}.{kind.__name__}'


def _arguments(step: Step) -> dict[str, Any]:
    """What a transform was made with; repr of some leaves out a part."""
    return {k: v for k, v in vars(step).items() if not k.startswith('_')}


def _is_fixed(step: Step) -> bool:
    """Whether a transform gives the same each time."""
    if _name(step) not in FIXED_STEPS:
        return False
    needed = FIXED_STEPS[_name(step)]
    return needed is None or getattr(step, needed) is not None


def _is_fixed_reduction(step: Step) -> bool:
    """Whether it may be done before a mirror, if a comparison says so."""
    return _name(step) == REDUCTION and _is_fixed(step)


def _is_same(some: dict, others: dict) -> bool:
    """Whether the arrays of two samples are the same."""
    return all(
        np.array_equal(value, others[key])
        for key, value in some.items()
        if isinstance(value, np.ndarray)
    )
