# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""An evaluation: a folder with summary.json and per_image.csv."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmfacesr.apis.evaluating.checking import summary_fault
from mmfacesr.apis.evaluating.measuring import unflatten
from mmfacesr.apis.evaluating.table import ImageTable
from mmfacesr.evaluation.functional.protocol import Protocol
from mmfacesr.evaluation.statistics import (
    CONFIDENCE,
    DRAWS,
    SEED,
    detectable_unpaired,
    mean_interval,
)
from mmfacesr.utils import printable, write_atomic
from mmfacesr.utils.finite import for_json

SCHEMA = 'mmfacesr-evaluation-1'
SUMMARY = 'summary.json'
TABLE = 'per_image.csv'


@dataclass(frozen=True)
class Evaluation:
    """What was measured of one method on one set.

    Attributes:
        summary (dict): See docs/metrics.md; :func:`summarize` makes it.
        table (ImageTable): The values of all images.
    """

    summary: dict
    table: ImageTable

    @property
    def values(self) -> dict[str, dict]:
        """Name such as 'rgb/PSNR' -> mean, interval and spread."""
        return self.summary['values']

    def write(self, folder: str | os.PathLike) -> None:
        """Write both files, the table first."""
        folder = Path(folder)
        self.table.write(folder / TABLE)
        text = json.dumps(self.summary, indent=2, allow_nan=False)
        write_atomic(folder / SUMMARY, (text + '\n').encode())

    @classmethod
    def read(cls, path: str | os.PathLike) -> 'Evaluation':
        """Read an evaluation.

        Args:
            path (str | os.PathLike): Its folder, or its summary.json.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is something else.
        """
        folder = Path(path)
        folder = folder.parent if folder.name == SUMMARY else folder
        try:
            text = (folder / SUMMARY).read_text(encoding='utf-8')
            table = ImageTable.read(folder / TABLE)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileNotFoundError(
                f'Expected an evaluation, a folder with {SUMMARY} and '
                f'{TABLE}, got {printable(path)}; make one by `mmfacesr '
                'evaluate` or `tools/test.py --report`.'
            ) from error
        try:
            summary = json.loads(text)
            found = summary['schema']
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(
                f'Expected the summary of an evaluation in '
                f'{printable(folder)}, got another file; evaluate again.'
            ) from error
        if found != SCHEMA:
            raise ValueError(
                f'Expected an evaluation of the schema {SCHEMA}, got '
                f'{found!r} in {printable(folder)}; evaluate again.'
            )
        if fault := summary_fault(summary):
            raise ValueError(
                f'Expected the summary of an evaluation in '
                f'{printable(folder)}, got a changed one ({fault}); evaluate '
                'again.'
            )
        return cls(summary, table)


class KeptOfImages(Sequence):
    """What a protocol kept of each image, made when it is asked for.

    Args:
        protocol (str): Its name.
        table (ImageTable): Has its columns.
    """

    def __init__(self, protocol: str, table: ImageTable) -> None:
        self.protocol, self.count = protocol, len(table.names)
        self.columns = {
            name: numbers
            for name, numbers in table.numbers.items()
            if name.startswith(f'{protocol}/')
        }

    def __len__(self) -> int:
        """Number of images."""
        return self.count

    def __getitem__(self, place: int | slice) -> dict | list[dict]:
        """What was kept of an image, or of each of some."""
        if isinstance(place, slice):
            return [self[i] for i in range(self.count)[place]]
        row = {k: float(v[place]) for k, v in self.columns.items()}
        return unflatten(self.protocol, row)


def summarize(
    table: ImageTable,
    protocols: dict[str, Protocol],
    about: dict[str, str],
    of_set: dict[str, float],
    facts: dict,
) -> dict:
    """Put the summary together.

    Args:
        table (ImageTable): The values of all images.
        protocols (dict[str, Protocol]): Those whose columns it has.
        about (dict[str, str]): Protocol or metric -> what it compares.
        of_set (dict[str, float]): Values of the whole set.
        facts (dict): What is known of the run: ``method``, ``folders`` and
            ``run``.

    Returns:
        dict: Values that JSON takes.
    """
    values = {}
    pooled = {name: p for name, p in protocols.items() if p.pools}
    for name, numbers in table.numbers.items():
        if '/' in name and name.partition('/')[0] not in pooled:
            values[name] = _of_images(numbers)
    for name, protocol in pooled.items():
        kept = KeptOfImages(name, table)
        for key, value in protocol.summarize(kept).items():
            values[f'{name}/{key}'] = dict(mean=value, pooled=True)
    values |= {k: dict(mean=v, pooled=True) for k, v in of_set.items()}
    summary = dict(
        schema=SCHEMA,
        **facts,
        images=len(table.names),
        list_sha256=_digest(table.names),
        files_sha256=_digest(
            table.texts['sr_sha256'] + table.texts['hr_sha256']
        ),
        about=about,
        values=values,
        identical=[
            name
            for name, same in zip(table.names, table.numbers['identical'])
            if same
        ],
        statistics=dict(
            interval='BCa bootstrap of the mean over the images',
            confidence=CONFIDENCE,
            draws=DRAWS,
            seed=SEED,
            detectable='difference to a method of the same spread on as '
            'many other images, found by 80 % of tests at 5 %; on the same '
            'images `mmfacesr compare` shows smaller ones',
        ),
    )
    return for_json(summary)


def _of_images(numbers: np.ndarray) -> dict:
    """Mean, interval and spread of the values of single images."""
    finite = numbers[np.isfinite(numbers)]
    found = dict(
        mean=None,
        interval=None,
        detectable=None,
        images=len(finite),
        identical=int(np.isposinf(numbers).sum()),
        missing=int(np.isnan(numbers).sum()),
        pooled=False,
    )
    if len(finite):
        quartiles = np.percentile(finite, (0, 25, 50, 75, 100)).tolist()
        found |= dict(
            mean=float(finite.mean()),
            interval=mean_interval(finite),
            detectable=detectable_unpaired(finite),
            std=float(finite.std()),
            quartiles=quartiles,
        )
    return found


def _digest(lines: list[str]) -> str:
    """SHA-256 of lines."""
    return hashlib.sha256(os.fsencode('\n'.join(lines))).hexdigest()
