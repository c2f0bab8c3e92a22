# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Evaluations that others have changed, and pictures that are none."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.evaluating.evaluation import SUMMARY, Evaluation
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.apis.evaluating.pairs import Pair, find_pairs
from mmfacesr.apis.evaluating.unfinished import NAME, Unfinished
from mmfacesr.apis.reporting.gathering import read_measured
from mmfacesr.apis.reporting.verifying import verify
from mmfacesr.utils.images import UnreadableImageError, write_image


@pytest.fixture(scope='module')
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of one face."""
    root, rng = tmp_path_factory.mktemp('made'), np.random.default_rng(2)
    for kind in ('hr', 'sr'):
        image = rng.integers(0, 256, (48, 48, 3), np.uint8)
        write_image(root / kind / 'a.png', image)
    evaluate_folders(root / 'sr', root / 'hr', root / 'out')
    return root


@pytest.mark.parametrize(
    ('key', 'value', 'said'),
    [
        ('method', 3, "'method' is missing or of another kind"),
        ('values', [], "'values' is missing or of another kind"),
        ('values', {'rgb/PSNR': 3}, "value 'rgb/PSNR'"),
        ('values', {'x': {'mean': 'x', 'pooled': True}}, "value 'x'"),
        ('about', {'rgb': 3}, 'is none'),
        ('folders', {'sr': ['..']}, 'is none'),
        ('images', 10**400, 'too deep, or numbers too large'),
    ],
)
def test_a_changed_part_is_named(
    made: Path, tmp_path: Path, key: str, value: object, said: str
) -> None:
    for file in (made / 'out').iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    summary = json.loads((made / 'out' / SUMMARY).read_text())
    (tmp_path / SUMMARY).write_text(json.dumps({**summary, key: value}))
    with pytest.raises(ValueError, match=said):
        Evaluation.read(tmp_path)
    (tmp_path / SUMMARY).write_text(json.dumps({'schema': 1, 'x': 1})[:-1])
    with pytest.raises(ValueError, match='got another file'):
        Evaluation.read(tmp_path)


def test_deep_json_is_named(made: Path, tmp_path: Path) -> None:
    for file in (made / 'out').iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / SUMMARY).write_text('[' * 100_000)
    with pytest.raises(ValueError, match='got another file'):
        Evaluation.read(tmp_path)


@pytest.mark.parametrize(
    'what',
    [
        None,
        dict(protocols=['rgb'], metrics=['x'], crop_border=8),
        dict(protocols=[[]], metrics=[], crop_border=8),
        dict(protocols=['rgb'], metrics=[], crop_border=8, workers=99),
    ],
)
def test_a_check_needs_what_was_measured(
    made: Path, tmp_path: Path, what: dict | None
) -> None:
    found = Evaluation.read(made / 'out')
    del found.summary['what']
    if what is not None:
        found.summary['what'] = what
    found.write(tmp_path)
    with pytest.raises(ValueError, match='says what was measured'):
        verify(tmp_path)


@pytest.mark.parametrize('side', ['inf', 'nan', None])
def test_a_page_needs_the_sizes_of_faces(
    made: Path, tmp_path: Path, side: str | None
) -> None:
    found = Evaluation.read(made / 'out')
    if side is None:
        del found.table.numbers['width']
    else:
        found.table.numbers['width'][:] = float(side)
    found.write(tmp_path)
    with pytest.raises(ValueError, match='width and height of every face'):
        read_measured(tmp_path)


@pytest.mark.parametrize(
    'line', ['x', '3', 'null', '{"name": "a"}', '[' * 9999]
)
def test_damaged_rows_are_measured_again(tmp_path: Path, line: str) -> None:
    (tmp_path / NAME).write_text(f'{{}}\n{line}\n')
    file = str(tmp_path / NAME)
    with Unfinished(tmp_path, {}) as unfinished:
        pairs, row = [Pair('a', file, file)], dict(name='new')
        assert [
            *unfinished.complete(pairs, lambda left: [row] * len(left))
        ] == [row]


def test_rows_are_not_written_through_a_link(tmp_path: Path) -> None:
    theirs = tmp_path / 'theirs'
    theirs.write_text('kept')
    out = tmp_path / 'out'
    out.mkdir()
    (out / NAME).symlink_to(theirs)
    with Unfinished(out, {}) as unfinished:
        assert [*unfinished.complete([], lambda left: [{'x': 1}])]
    assert theirs.read_text() == 'kept'


def test_a_pipe_among_the_pictures_is_named(
    made: Path, tmp_path: Path
) -> None:
    """Its reader would wait for ever."""
    os.mkfifo(tmp_path / 'a.png')
    with pytest.raises(UnreadableImageError, match='cannot be opened'):
        find_pairs(tmp_path, made / 'hr')
