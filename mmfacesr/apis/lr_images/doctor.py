# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Looking at a folder of LR files."""

import os
import os.path as osp
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Optional

import numpy as np
from torch import nn
from tqdm import tqdm

from mmfacesr.apis.lr_images import comparing, findings
from mmfacesr.apis.lr_images.cost import cost_finding
from mmfacesr.apis.lr_images.files import LRFolder, read_folder
from mmfacesr.apis.lr_images.findings import LOSSLESS, Finding
from mmfacesr.apis.lr_images.kernels import SCALES
from mmfacesr.apis.lr_images.registration import SAME, framed, register
from mmfacesr.apis.lr_images.traces import Enlargement, undo_enlargement
from mmfacesr.utils import first_few, printable
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image

LIMIT = 100
LEAST_SIDE = 8


@dataclass(frozen=True)
class Diagnosis:
    """What is found in a folder.

    Attributes:
        files (int): That can be read.
        looked_at (int): Of which the pixels were looked at.
        compared (int): Of which HR faces were there.
        bad (dict[str, str]): Name -> what is wrong with it.
        findings (list[Finding]): In the order in which a person needs them.
    """

    files: int
    looked_at: int
    compared: int
    bad: dict[str, str]
    findings: list[Finding]

    def to_dict(self) -> dict:
        """Values that JSON takes."""
        return asdict(self)

    def of(self, topic: str) -> Finding:
        """The finding of a topic."""
        return next(one for one in self.findings if one.topic == topic)


def examine(
    folder: str | os.PathLike,
    hr: str | os.PathLike | None = None,
    model: Optional[nn.Module] = None,
    limit: int = LIMIT,
) -> Diagnosis:
    """Look at LR files and say what they are like.

    Args:
        folder (str | os.PathLike): The LR files.
        hr (str | os.PathLike, optional): Their HR faces, of the same names
            but for the ending.
        model (nn.Module, optional): From ``get_model``: what it loses.
        limit (int): Of how many files pixels are looked at, evenly spread.
            Defaults to 100.

    Raises:
        FileNotFoundError: If a folder is missing or has no images, or no HR
            face has the name of an LR file.
        ValueError: If no file can be read.
    """
    read = read_folder(folder, limit)
    found, enlarged = _alone(read)
    compared = 0
    if hr is None:
        found += [findings.colors(list(read.pixels.values())), *_without_hr()]
    else:
        pairs = _read_pairs(read, Path(hr))
        compared = len(pairs)
        found += _compare(pairs, enlarged, model)
    return Diagnosis(
        len(read.files), len(read.pixels), compared, read.bad, found
    )


def _alone(folder: LRFolder) -> tuple[list[Finding], Optional[Enlargement]]:
    """What the files alone tell."""
    images = list(folder.pixels.values())
    enlarged, how = findings.enlargement(images)
    found = [
        findings.sizes(folder),
        enlarged,
        findings.formats(folder.files),
        findings.pixels(folder.files),
    ]
    if all(file.format in LOSSLESS for file in folder.files):
        found.append(findings.compression(images))
    return found, how


def _without_hr() -> list[Finding]:
    """What cannot be told without HR faces."""
    advice = 'Give the HR faces by --hr.'
    return [
        Finding(topic, 'cannot be told from LR files alone', 'unknown', advice)
        for topic in ('framing', 'kernel', 'cost')
    ]


def _read_pairs(
    folder: LRFolder, hr: Path
) -> list[tuple[np.ndarray, np.ndarray]]:
    """LR and HR face of each file that has both; bad ones are noted."""
    names = {osp.splitext(name)[0]: name for name in list_images(hr)}
    there = {osp.splitext(n)[0]: p for n, p in folder.pixels.items()}
    both = [name for name in there if name in names]
    if not both:
        raise FileNotFoundError(
            f'Expected HR faces in {printable(hr)} of the names of the LR '
            f'files but for the ending, such as {first_few(there)}; got '
            f'{first_few(names)}. Rename them, or give another folder.'
        )
    found = []
    for name in tqdm(both, 'HR', unit='file', disable=None, leave=False):
        try:
            face = read_image(hr / names[name], LEAST_SIDE)
        except BadSampleError as error:
            folder.bad[f'HR: {names[name]}'] = str(error)
            continue
        found.append((_square(there[name]), _square(face)))
    if not found:
        raise ValueError(
            f'Expected HR faces in {printable(hr)}, got none that can be '
            'read; fetch them again.'
        )
    return found


def _square(image: np.ndarray) -> np.ndarray:
    """The largest central square."""
    side = min(image.shape[:2])
    top, left = ((length - side) // 2 for length in image.shape[:2])
    return np.ascontiguousarray(image[top : top + side, left : left + side])


def _compare(
    pairs: list[tuple[np.ndarray, np.ndarray]],
    enlarged: Optional[Enlargement],
    model: Optional[nn.Module],
) -> list[Finding]:
    """What the files tell beside their HR faces."""
    files, hr = map(list, zip(*pairs))
    lr = files
    if enlarged:
        lr = [
            undo_enlargement(f, enlarged.filter, enlarged.small) for f in files
        ]
    framing = register(lr, hr)
    said = comparing.framing_finding(framing)
    if said.confidence == 'possible' or framing.error > comparing.NO_LIKENESS:
        framing = SAME
    cut = [framed(face, len(lr[0]), framing, SCALES) for face in hr]
    parts, scale = [face for face, _ in cut], cut[0][1]
    order = comparing.order(lr, parts)
    if order.values.get('order') == 'BGR':
        lr = [face[..., ::-1] for face in lr]
    kernel = comparing.kernel_finding(
        lr, parts, scale, comparing.border_of(framing, len(lr[0]))
    )
    found = [order, said, kernel]
    if enlarged and kernel.confidence == 'certain':
        found[-1] = replace(kernel, confidence='likely')
    if model is not None:
        # Moved faces are compared with the HR faces as they are.
        truth = parts if framing.zoom < 1 and not framing.same else hr
        found.append(cost_finding(model, files, truth))
    return found
