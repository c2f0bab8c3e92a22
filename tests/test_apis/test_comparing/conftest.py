# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluations whose values are made up, and one of real files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.evaluating.evaluation import Evaluation, summarize
from mmfacesr.apis.evaluating.table import ImageTable

COUNT = 50
NAMES = [f'face{i:02}' for i in range(COUNT)]
SHA = '0123456789abcdef' * 4
RGB = 'RGB, 8 pixels off each side'


@pytest.fixture
def make() -> Callable[..., Evaluation]:
    """Makes an evaluation of given values."""

    def make(
        method: str,
        names: list[str] = NAMES,
        hr: str = SHA,
        about: str = RGB,
        of_set: dict[str, float] | None = None,
        **values: np.ndarray,
    ) -> Evaluation:
        numbers = {k.replace('_', '/'): v for k, v in values.items()}
        numbers = {k: np.asarray(v, float) for k, v in numbers.items()}
        identical = np.isposinf(numbers.get('rgb/PSNR', np.zeros(len(names))))
        texts = dict(
            name=list(names),
            sr_sha256=[SHA] * len(names),
            hr_sha256=[hr] * len(names),
        )
        table = ImageTable(texts, dict(identical=identical, **numbers))
        facts = dict(
            method=method,
            folders=dict(sr='sr', hr='hr', lr=None),
            run=dict(date='2026-01-01', data_root=['/somewhere/faces']),
        )
        about = dict(rgb=about)
        return Evaluation(
            summarize(table, {}, about, of_set or {}, facts), table
        )

    return make


@pytest.fixture
def psnr() -> np.ndarray:
    """PSNR of a method, dB."""
    return np.random.default_rng(1).normal(25, 2, COUNT)


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Evaluation], Path]:
    """Writes an evaluation and returns its folder."""

    def write(evaluation: Evaluation) -> Path:
        folder = tmp_path / f'ev{len(list(tmp_path.glob("ev*")))}'
        evaluation.write(folder)
        return folder

    return write
