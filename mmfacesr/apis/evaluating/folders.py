# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluating a folder of results."""

import hashlib
import os
import os.path as osp
import platform
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

import numpy as np
from tqdm import tqdm

from mmfacesr.apis.evaluating.evaluation import Evaluation, summarize
from mmfacesr.apis.evaluating.measuring import (
    hash_file,
    measure_pairs,
    read_faces,
)
from mmfacesr.apis.evaluating.metrics import (
    build_metrics,
    check_count,
    check_known,
    check_names,
    set_metrics,
)
from mmfacesr.apis.evaluating.named_sets import check_set
from mmfacesr.apis.evaluating.pairs import Pair, find_pairs
from mmfacesr.apis.evaluating.table import ImageTable
from mmfacesr.apis.evaluating.unfinished import Unfinished
from mmfacesr.apis.report import commit_of_clone
from mmfacesr.models.protocols import CROP_BORDER, OURS, choose_protocols
from mmfacesr.version import __version__

FILES = '8-bit files'


def evaluate_folders(
    sr: str | os.PathLike,
    hr: str | os.PathLike,
    out: str | os.PathLike,
    lr: str | os.PathLike | None = None,
    protocols: Sequence[str] = (OURS,),
    metrics: Sequence[str] = (),
    *,
    method: Optional[str] = None,
    crop_border: int = CROP_BORDER,
    suffix: str = '',
    workers: int = 1,
    run: Optional[dict] = None,
    named_set: Optional[str] = None,
) -> Evaluation:
    """Measure results of any program and write an evaluation.

    What an interrupted evaluation of the same files has measured is kept.

    Args:
        sr (str | os.PathLike): Folder of results.
        hr (str | os.PathLike): Folder of ground truth, of the same sizes.
        out (str | os.PathLike): Folder for summary.json and per_image.csv.
        lr (str | os.PathLike, optional): Folder of inputs.
        protocols (Sequence[str]): Names, or 'all'. Defaults to our own.
        metrics (Sequence[str]): Further metrics, `NAME` or `NAME=OPTION`.
            Defaults to none.
        method (str, optional): What the results are of. Defaults to the name
            of their folder.
        crop_border (int): Of our own protocol. Defaults to 8.
        suffix (str): Behind the names of results. Defaults to nothing.
        workers (int): Processes. Defaults to 1.
        run (dict, optional): Further facts of the run.
        named_set (str, optional): Set of a paper that the faces must be, see
            :mod:`mmfacesr.apis.evaluating.named_sets`.

    Returns:
        Evaluation: What was written.

    Raises:
        FileNotFoundError: If a folder is missing or has no image.
        ValueError: If the folders do not go together, are not the named
            set, or there is no such protocol or metric.
    """
    chosen = choose_protocols(protocols, crop_border)
    check_known(metrics)
    pairs = find_pairs(sr, hr, lr, suffix)
    check_count(metrics, len(pairs))
    check_names(metrics, has_lr=lr is not None)  # fetches weights
    of_paper = named_set and check_set(named_set, [p.name for p in pairs])
    began = time.monotonic()
    what = dict(
        protocols=list(chosen), metrics=list(metrics), crop_border=crop_border
    )
    measured = {**chosen, **build_metrics(tuple(metrics))}
    about = {name: one.about for name, one in measured.items()}
    head = dict(
        what, mmfacesr=__version__, about=about, inputs=_hash_inputs(pairs)
    )
    with Unfinished(out, head) as unfinished:
        rows = unfinished.complete(
            pairs, lambda rest: measure_pairs(rest, workers, **what)
        )
        table = ImageTable.from_rows(
            tqdm(rows, 'measured', len(pairs), unit='image', disable=None)
        )
        of_set = _measure_set(pairs, table, metrics)
        facts = dict(
            method=method or osp.basename(osp.abspath(sr)),
            folders=_relative(out, sr=sr, hr=hr, lr=lr),
            suffix=suffix,
            set=of_paper,
            what=what,
            run=dict(
                run_facts(), **(run or {}), seconds=time.monotonic() - began
            ),
        )
        found = Evaluation(
            summarize(table, chosen, about, of_set, facts), table
        )
        found.write(out)
    return found


def _hash_inputs(pairs: Sequence[Pair]) -> str:
    """SHA-256 of the contents of all inputs, in order."""
    lines = [hash_file(pair.lr) for pair in pairs if pair.lr]
    return hashlib.sha256('\n'.join(lines).encode()).hexdigest()


def _measure_set(
    pairs: Sequence[Pair], table: ImageTable, names: Sequence[str]
) -> dict[str, float]:
    """Values of the whole set; those of single images go to the table."""

    def faces() -> Iterator:
        shown = tqdm(pairs, 'whole set', unit='image', disable=None)
        return map(read_faces, shown)

    of_set = {}
    for metric in set_metrics(names).values():
        for name, value in metric.measure(faces).items():
            if np.ndim(value):
                table.numbers[name] = np.asarray(value, np.float64)
            else:
                of_set[name] = float(value)
    return of_set


def _relative(out: str | os.PathLike, **folders: Any) -> dict:
    """Folders as seen from the evaluation, so that both move together."""
    return {
        name: folder and Path(osp.relpath(folder, out)).as_posix()
        for name, folder in folders.items()
    }


def run_facts() -> dict:
    """When, where and by what an evaluation was made."""
    import scipy
    import skimage
    import torch

    return dict(
        prediction=FILES,
        date=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        mmfacesr=__version__,
        commit=commit_of_clone(),
        machine=platform.processor() or platform.machine(),
        python=platform.python_version(),
        torch=torch.__version__,
        numpy=np.__version__,
        scipy=scipy.__version__,
        skimage=skimage.__version__,
    )
