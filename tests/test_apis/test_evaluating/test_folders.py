# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""An evaluation of two folders, against values computed here."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis import cli
from mmfacesr.apis.evaluating import folders as evaluating
from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.apis.evaluating.unfinished import NAME
from mmfacesr.models.protocols import known_protocols
from mmfacesr.utils.images import read_image

Folders = tuple[Path, Path]
LARGE = ('survey', 'fsrnet')  # of protocols that take 48x40 pixels


class Stop(Exception):
    """Ends an evaluation in its middle."""


def psnr_by_hand(sr: Path, hr: Path) -> float:
    """RGB, 8 pixels off each side."""
    a, b = (np.asarray(Image.open(path), float) for path in (sr, hr))
    error = ((a - b)[8:-8, 8:-8] ** 2).mean()
    return 10 * np.log10(255**2 / error)


def test_values_are_of_the_files(folders: Folders, tmp_path: Path) -> None:
    sr, hr = folders
    found = evaluate_folders(sr, hr, tmp_path / 'out', method='Mine')
    names = ['a/one', 'a/two', 'b/one', 'three']
    by_hand = [
        psnr_by_hand(sr / f'{name}.png', hr / f'{name}.png') for name in names
    ]
    with open(tmp_path / 'out/per_image.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows] == names
    values = [float(row['rgb/PSNR']) for row in rows]
    assert values == pytest.approx(by_hand, rel=0, abs=1e-9)
    summary = json.loads((tmp_path / 'out/summary.json').read_text())
    psnr = summary['values']['rgb/PSNR']
    assert psnr['mean'] == pytest.approx(np.mean(by_hand), abs=1e-9)
    low, high = psnr['interval']
    assert min(by_hand) <= low < psnr['mean'] < high <= max(by_hand)
    assert summary['method'] == 'Mine' and summary['images'] == 4
    assert summary['folders'] == dict(sr='../sr', hr='../hr', lr=None)
    assert found.summary['values'] == Evaluation.read(tmp_path / 'out').values


@pytest.mark.parametrize('name', LARGE)
def test_other_protocols_stand_beside_it(
    folders: Folders, tmp_path: Path, name: str
) -> None:
    found = evaluate_folders(*folders, tmp_path / 'out', protocols=[name])
    protocol = known_protocols()[name]
    sr, hr = (read_image(folder / 'three.png') for folder in folders)
    for key, value in protocol.measure(sr, hr).items():
        assert found.table.numbers[f'{name}/{key}'][3] == value
    assert found.summary['about'] == {name: protocol.about}


def test_pooled_values_come_from_the_table(
    faces_root: Path, tmp_path: Path
) -> None:
    hr, sr = faces_root / 'test', tmp_path / 'sr'
    for path in hr.glob('*.*'):
        if path.suffix in ('.png', '.jpg'):
            sr.mkdir(exist_ok=True)
            with Image.open(path) as image:
                small = image.resize((16, 16), Image.BICUBIC)
                small.resize(image.size, Image.BICUBIC).save(
                    sr / f'{path.stem}.png'
                )
    protocols = {n: p for n, p in known_protocols().items() if p.pools}
    found = evaluate_folders(
        sr, hr, tmp_path / 'out', protocols=list(protocols)
    )
    again = Evaluation.read(tmp_path / 'out')
    for name, protocol in protocols.items():
        kept = [
            protocol.measure(
                read_image(sr / f'{face}.png'),
                read_image(next(hr.glob(f'{face}.*'))),
            )
            for face in found.table.names
        ]
        for key, value in protocol.summarize(kept).items():
            entry = again.values[f'{name}/{key}']
            assert entry == dict(mean=pytest.approx(value), pooled=True)


def test_processes_change_nothing(folders: Folders, tmp_path: Path) -> None:
    for workers in (1, 2):
        evaluate_folders(*folders, tmp_path / str(workers), workers=workers)
    one, two = (
        (tmp_path / f'{workers}/per_image.csv').read_bytes()
        for workers in (1, 2)
    )
    assert one == two


def test_equal_images_are_counted_apart(
    folders: Folders, tmp_path: Path
) -> None:
    sr, hr = folders
    shutil.copy(hr / 'three.png', sr / 'three.png')
    found = evaluate_folders(sr, hr, tmp_path / 'out')
    psnr = found.values['rgb/PSNR']
    assert found.summary['identical'] == ['three']
    assert (psnr['images'], psnr['identical']) == (3, 1)
    assert np.isfinite(psnr['mean'])
    assert np.isposinf(found.table.numbers['rgb/PSNR'][3])
    again = Evaluation.read(tmp_path / 'out')
    assert np.isposinf(again.table.numbers['rgb/PSNR'][3])


def test_what_was_measured_is_kept(
    folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But not of a file that has changed since."""
    measure, measured, stop_at = evaluating.measure_pairs, [], [2]

    def stopping(pairs: list, *args: object, **what: object) -> Iterator:
        for count, row in enumerate(measure(pairs, *args, **what)):
            measured.append(row['name'])
            if count in stop_at:
                raise Stop
            yield row

    monkeypatch.setattr(evaluating, 'measure_pairs', stopping)
    with pytest.raises(Stop):
        evaluate_folders(*folders, tmp_path / 'out')
    assert not (tmp_path / 'out/summary.json').exists()
    with pytest.raises(Stop):  # another protocol begins anew
        evaluate_folders(*folders, tmp_path / 'out', protocols=['survey'])
    with pytest.raises(Stop):
        evaluate_folders(*folders, tmp_path / 'out')
    measured.clear()
    stop_at.clear()
    sr, hr = folders
    shutil.copy(hr / 'a/two.png', sr / 'a/two.png')
    found = evaluate_folders(*folders, tmp_path / 'out', protocols=['rgb'])
    assert measured == ['a/two', 'b/one', 'three']
    assert found.summary['identical'] == ['a/two']
    assert not (tmp_path / 'out' / NAME).exists()


def test_the_command_says_what_it_found(
    folders: Folders, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ['evaluate', *map(str, folders), '--out', str(tmp_path / 'out')]
    assert cli.main([*words, '--name', 'Mine']) == 0
    said = capsys.readouterr().out
    assert 'Mine: 4 images' in said and 'rgb/PSNR' in said


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        (['--protocol', 'nosuch'], 'Expected protocols of all, rgb, survey'),
        (['--metrics', 'nosuch'], 'Expected metrics of'),
    ],
)
def test_the_command_lists_what_there_is(
    folders: Folders,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
    more: list[str],
    message: str,
) -> None:
    words = ['evaluate', *map(str, folders), '--out', str(tmp_path / 'out')]
    with pytest.raises(SystemExit, match='1'):
        cli.main([*words, *more])
    assert message in capsys.readouterr().err


def test_a_table_of_something_else(folders: Folders, tmp_path: Path) -> None:
    evaluate_folders(*folders, tmp_path)
    table = (tmp_path / 'per_image.csv').read_text()
    (tmp_path / 'per_image.csv').write_text(table[:-30])
    with pytest.raises(ValueError, match='line 5 is not'):
        Evaluation.read(tmp_path)
    with pytest.raises(FileNotFoundError, match='mmfacesr evaluate'):
        Evaluation.read(tmp_path / 'sr')
