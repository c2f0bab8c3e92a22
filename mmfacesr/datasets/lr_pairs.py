# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LR files of one's own beside the ground truth, used as they are."""

import os
from collections.abc import Sequence
from pathlib import Path

from mmengine.logging import print_log

from mmfacesr.utils import first_few, printable
from mmfacesr.utils.image_folders import list_images

UNPAIRED_STEPS = (
    'ColorJitterFace',
    'RandomAspectCropFace',
    'RandomResizedCropFace',
    'RandomRotateFace',
)
"""Augmentation that the LR file cannot follow exactly."""


def find_partners(names: Sequence[str], lr_folder: Path) -> list[str]:
    """Find the LR file of each face: the same name, any suffix.

    Args:
        names (Sequence[str]): The faces, relative to their data root.
        lr_folder (Path): The folder of the LR files.

    Returns:
        list[str]: Of each name, its file relative to ``lr_folder``.

    Raises:
        FileNotFoundError: If some have none.
        ValueError: If two files of a folder differ in their suffix alone.
    """
    files: dict[str, str] = {}
    for file in list_images(lr_folder):
        other = files.setdefault(os.path.splitext(file)[0], file)
        if other != file:
            raise ValueError(
                'Expected one LR file of each name in '
                f'{printable(lr_folder)}, got {printable(other)} and '
                f'{printable(file)}; remove one.'
            )
    missing = [
        name for name in names if os.path.splitext(name)[0] not in files
    ]
    if missing:
        raise FileNotFoundError(
            f'Expected an LR file in {printable(lr_folder)} for each of the '
            f'{len(names)} faces, of the same name but for the suffix; '
            f'{len(missing)} faces have none: {first_few(missing)}. Add the '
            'files or take these faces out of the split.'
        )
    return [files[os.path.splitext(name)[0]] for name in names]


def use_lr_files(pipeline: Sequence[dict]) -> list[dict]:
    """Make a pipeline read the LR file instead of degrading the face.

    The step that makes ``img`` only checks the size of the file, which is
    read right after the face, so that flips and quarter turns act on both.
    What the file cannot follow (``UNPAIRED_STEPS``) is left out. Steps after
    it, such as SPARNet's enlargement, stay.

    Args:
        pipeline (Sequence[dict]): Of a config.

    Returns:
        list[dict]: The changed copy.

    Raises:
        ValueError: If no step makes ``img``, or none reads the face.
    """
    makers = [step for step in pipeline if _makes_input(step)]
    loaders = [step for step in pipeline if step['type'] == 'LoadFaceImage']
    if not makers or not loaders:
        raise ValueError(
            'Expected a pipeline that reads a face by LoadFaceImage and '
            'degrades it by Resize to `img` or DegradeBlindly, so that LR '
            'files can take the place; got '
            f'{[step["type"] for step in pipeline]}. Set lr_folder=None.'
        )
    left_out = [s['type'] for s in pipeline if s['type'] in UNPAIRED_STEPS]
    if left_out:
        print_log(
            f'Left out, because LR files cannot follow: {", ".join(left_out)}',
            'current',
        )
    changed: list[dict] = []
    for step in pipeline:
        if step is makers[0]:
            step = dict(type='CheckLRFile', instead_of=step)
        if step['type'] not in UNPAIRED_STEPS:
            changed.append(step)
        if step is loaders[0]:
            changed.append(dict(type='LoadFaceImage', key='img'))
    return changed


def _makes_input(step: dict) -> bool:
    """Whether a step of a pipeline makes ``img`` out of the face."""
    return step['type'] == 'DegradeBlindly' or (
        'img' in (step.get('output_keys') or ())
    )
