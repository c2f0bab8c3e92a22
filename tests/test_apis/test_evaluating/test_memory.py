# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is held of many images: their numbers, and little more."""

import tracemalloc
from pathlib import Path

import numpy as np

from mmfacesr.apis.evaluating.evaluation import KeptOfImages
from mmfacesr.apis.evaluating.measuring import flatten
from mmfacesr.apis.evaluating.table import TEXTS, ImageTable
from mmfacesr.models.protocols import known_protocols

MANY = 20_000


def table_of(count: int, columns: dict[str, np.ndarray]) -> ImageTable:
    texts = {name: [f'{i}' for i in range(count)] for name in TEXTS}
    return ImageTable(texts, columns)


def test_a_table_is_written_row_by_row(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=MANY)
    table = table_of(MANY, {f'rgb/{i}': numbers for i in range(4)})
    tracemalloc.start()
    table.write(tmp_path / 'table.csv')
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < (tmp_path / 'table.csv').stat().st_size / 4
    read = ImageTable.read(tmp_path / 'table.csv')
    np.testing.assert_array_equal(read.numbers['rgb/3'], numbers)


def test_what_a_protocol_kept_is_made_when_asked_for() -> None:
    name, protocol = next(
        (name, one) for name, one in known_protocols().items() if one.pools
    )
    rng = np.random.default_rng(0)
    pairs = [rng.uniform(0, 255, (2, 32, 32, 3)) for _ in range(19)]
    values = [protocol.measure(*pair) for pair in pairs]
    rows = [{'other/MSE': 1.0, **flatten(name, value)} for value in values]
    columns = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    kept = KeptOfImages(name, table_of(19, columns))
    assert len(kept) == 19 and len(kept[16:32]) == 3
    assert kept[-1].keys() == values[-1].keys()
    assert protocol.summarize(kept) == protocol.summarize(values)
