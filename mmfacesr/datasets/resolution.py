# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Ground truth must not be enlarged."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mmcv.transforms import BaseTransform
from mmengine.logging import print_log
from PIL import Image

from mmfacesr.datasets.transforms import CropFace, ResizeFace
from mmfacesr.utils import first_few, printable
from mmfacesr.utils.image_formats import READ

MOST_LOOKED_AT = 500
"""Headers of images that are read before a run."""


def check_resolution(
    root: Path,
    names: Sequence[str],
    steps: Sequence[BaseTransform],
    crop_size: int | None,
) -> None:
    """Warn of faces that a pipeline would enlarge; refuse it for most.

    Looks at the headers of at most ``MOST_LOOKED_AT`` images, evenly spread.

    Args:
        root (Path): The data root.
        names (Sequence[str]): Its images.
        steps (Sequence[BaseTransform]): The pipeline.
        crop_size (int | None): Side of the central square of an image; None
            for the largest one.

    Raises:
        ValueError: If more than half of the images are too small.
    """
    resizes = [step for step in steps if isinstance(step, ResizeFace)]
    if not resizes or resizes[-1].only_reduce:
        return
    crops = [s.crop_size for s in steps if isinstance(s, CropFace)]
    crop_size = next(filter(None, crops), crop_size)
    size = resizes[-1].size
    chosen = names[:: max(-(-len(names) // MOST_LOOKED_AT), 1)]
    small = [n for n in chosen if 0 < _side(root / n, crop_size) < size]
    if not small:
        return
    text = (
        f'{len(small)} of {len(chosen)} faces looked at in {printable(root)} '
        f'are smaller than the {size} pixels of the config and would be '
        f'enlarged, which is no ground truth: {first_few(small)}.'
    )
    if 2 * len(small) > len(chosen):
        raise ValueError(
            f'{text} Give larger images, a larger crop_size if that is what '
            'makes them small, or take a config of a smaller size.'
        )
    print_log(f'{text} Take them out.', 'current', logging.WARNING)


def _side(path: Path, crop_size: int | None) -> int:
    """Side of the square that is cut out of an image; 0 if unreadable."""
    if not path.is_file():
        return 0  # a pipe would keep its reader waiting
    try:
        with Image.open(path, formats=tuple(READ)) as image:
            return crop_size or min(image.size)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0  # reported by name where it is read
