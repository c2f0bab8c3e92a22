# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Measuring a model under all changes, and drawing it."""

import hashlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

from tqdm import tqdm

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.measuring import conditions
from mmfacesr.apis.models import get_model
from mmfacesr.apis.robustness.changes import CHANGES, KERNEL
from mmfacesr.apis.robustness.faces import SourceFaces
from mmfacesr.apis.robustness.measuring import (
    Landmarks,
    Strength,
    measure,
    rows_of,
    strengths_of,
)
from mmfacesr.apis.robustness.plot import draw
from mmfacesr.apis.robustness.results import Results
from mmfacesr.evaluation.functional.shared_protocols import rgb_protocol
from mmfacesr.evaluation.statistics import CONFIDENCE, DRAWS, SEED
from mmfacesr.faces.detection import MediaPipeDetector
from mmfacesr.utils import printable, write_atomic
from mmfacesr.version import __version__


def run(
    data: Union[str, os.PathLike],
    out: Union[str, os.PathLike],
    model: Optional[str] = None,
    weights: Optional[str] = None,
    changes: Sequence[str] = (*CHANGES, KERNEL),
    *,
    crop_size: Optional[int] = None,
    limit: Optional[int] = None,
    nme: bool = False,
) -> Results:
    """Measure a model under changes of its faces; write table and pictures.

    Rows of the same model and faces that are in the folder are kept.

    Args:
        data (str | os.PathLike): Folder of HR faces.
        out (str | os.PathLike): Folder for the results.
        model (str, optional): Name or config. Defaults to the model whose
            weights are in the package.
        weights (str, optional): Defaults to those published for the model.
        changes (Sequence[str]): Keys of ``CHANGES``, and 'kernel'. Defaults
            to all.
        crop_size (int, optional): Side of the central square that is the
            face. Defaults to the smaller side of each file.
        limit (int, optional): The first so many faces. Defaults to all.
        nme (bool): Look for landmarks too. Defaults to False.

    Returns:
        Results: What was written.

    Raises:
        FileNotFoundError: If there is no such model or no face.
        ValueError: If the model does not enlarge, or a file is too small.
        ImportError: If landmarks are wanted and MediaPipe is missing.
    """
    built = get_model(model, weights or (True if model else None))
    if built.facts is None or built.facts.scale == 1:
        raise ValueError(
            'Expected a model that enlarges LR faces, got '
            f'{printable(model or "the packaged one")}; name another one.'
        )
    network = FaceNetwork(built.facts, built)
    faces = SourceFaces(data, built.facts.gt_size, crop_size, limit)
    landmarks = Landmarks(MediaPipeDetector()) if nme else None
    results = Results(out, *_described(network, faces, nme))
    _measure_all(network, faces, changes, landmarks, results)
    title = f'{printable(built.facts.name)}, {len(faces.names)} faces'
    _draw(out, results, f'{title}; mean and 95 % interval, protocol rgb')
    return results


def _described(
    network: FaceNetwork, faces: SourceFaces, nme: bool
) -> tuple[dict, dict]:
    """What rows depend on, and what else is known of the run."""
    weights = hashlib.sha256()
    for name, value in network.network.network.state_dict().items():
        weights.update(name.encode() + value.cpu().numpy().tobytes())
    listed = '\n'.join([*faces.names, *faces.hashes()])
    head = dict(
        model=network.facts.name,
        weights_sha256=weights.hexdigest(),
        faces=len(faces.names),
        faces_sha256=hashlib.sha256(os.fsencode(listed)).hexdigest(),
        crop_size=faces.crop_size,
        nme=nme,
        mmfacesr=__version__,
    )
    facts = dict(
        protocol=rgb_protocol(network.facts.scale).about,
        lr_recipe=network.facts.lr_recipe,
        interval=f'mean over the faces, confidence {CONFIDENCE}, BCa '
        f'bootstrap of {DRAWS} draws, seed {SEED}',
        run=conditions(),
    )
    return head, facts


def _measure_all(
    network: FaceNetwork,
    faces: SourceFaces,
    changes: Sequence[str],
    landmarks: Optional[Landmarks],
    results: Results,
) -> None:
    """Measure what is not there yet."""
    wanted = {
        change: strengths_of(change, faces, network.facts.scale)
        for change in dict.fromkeys(changes)
    }
    _say_left_out(wanted, faces)
    missing = [
        (change, strength)
        for change, strengths in wanted.items()
        for strength in strengths
        if not results.has(change, strength)
    ]
    total = len(missing) * len(faces.names)
    unchanged = None  # is the same of every change
    with tqdm(total=total, unit='face', disable=None) as bar:
        for change, strength in missing:
            bar.set_description(f'{change} {strength}')
            neutral = change in CHANGES and strength == CHANGES[change].neutral
            if neutral and unchanged:
                values = unchanged
                bar.update(len(faces.names))
            else:
                values = measure(
                    network, faces, change, strength, landmarks, bar.update
                )
            unchanged = values if neutral else unchanged
            results.add(rows_of(change, strength, values))


def _say_left_out(
    wanted: dict[str, list[Strength]], faces: SourceFaces
) -> None:
    """Name strengths for which a file has no room."""
    said = []
    for change, strengths in wanted.items():
        known = CHANGES[change].strengths if change in CHANGES else ()
        if left_out := [f'{s:g}' for s in known if s not in strengths]:
            said.append(f'{change} {", ".join(left_out)}')
    if said:
        margin = faces.room - (faces.size - 1) / 2
        sys.stderr.write(
            f'Left out: {"; ".join(said)}. Some file has only {margin:g} '
            'pixels, of the size of the ground truth, around its face. Files '
            'with more around the face and --crop-size give the frame room.\n'
        )


def _draw(
    folder: Union[str, os.PathLike], results: Results, title: str
) -> None:
    """Draw each value that was measured, the first one without its name."""
    for number, value in enumerate(results.values()):
        ending = f'_{value.lower().replace(" ", "_")}' if number else ''
        for kind, data in draw(results.rows, value, title).items():
            write_atomic(Path(folder, f'robustness{ending}.{kind}'), data)
