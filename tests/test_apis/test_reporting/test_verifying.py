# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``report verify`` finds whatever was changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.cli import main
from mmfacesr.apis.evaluating.table import ImageTable
from mmfacesr.apis.reporting.verifying import verify
from mmfacesr.utils.images import read_image, write_image

CELL = 'rgb/SSIM'


def faults(folder: Path, **options: int) -> list[str]:
    checks, _ = verify(folder, **options)
    return [fault for check in checks for fault in check.faults]


def change_summary(folder: Path, **changes: object) -> None:
    path = folder / 'summary.json'
    summary = json.loads(path.read_text())
    for key, value in changes.items():
        if isinstance(summary[key], dict):
            summary[key] |= value
        else:
            summary[key] = value
    path.write_text(json.dumps(summary))


def test_a_moved_evaluation_is_right(own: list[Path], capsys) -> None:
    assert main(['report', 'verify', str(own[0]), '--images', '3']) == 0
    said = capsys.readouterr().out
    assert 'DIFFERS' not in said
    assert '3 of 7 faces measured anew' in said


def test_a_changed_cell_is_found(own: list[Path], capsys) -> None:
    path = own[0] / 'per_image.csv'
    table = ImageTable.read(path)
    table.numbers[CELL][2] += 1e-6
    table.write(path)
    assert main(['report', 'verify', str(own[0]), '--images', '7']) == 1
    said = capsys.readouterr().out
    assert f'{CELL} mean' in said
    assert f'{CELL} of {table.names[2]} is' in said


def test_a_changed_cell_is_found_by_measuring_alone(own: list[Path]) -> None:
    """Also if the means were made to fit, as here where it has none."""
    path = own[0] / 'per_image.csv'
    table = ImageTable.read(path)
    table.numbers['width'][0] = 65
    table.write(path)
    found = faults(own[0], images=7)
    assert len(found) == 1 and 'width of' in found[0]


def test_a_changed_mean_is_found(own: list[Path]) -> None:
    path = own[0] / 'summary.json'
    values = json.loads(path.read_text())['values']
    values[CELL]['mean'] += 1e-6
    change_summary(own[0], values=values)
    found = faults(own[0], images=1)
    assert len(found) == 1 and f'{CELL} mean' in found[0]


def test_a_removed_value_is_found(own: list[Path]) -> None:
    path = own[0] / 'summary.json'
    summary = json.loads(path.read_text())
    del summary['values'][CELL]
    path.write_text(json.dumps(summary))
    assert f'values {CELL} is missing' in faults(own[0], images=1)


def test_a_changed_picture_is_found(own: list[Path]) -> None:
    path = own[0].parent / 'sr0' / 'dora.png'
    image = read_image(path)
    image[0, 0] ^= 1  # a pixel that is cut off
    write_image(path, image)
    found = faults(own[0], images=1)
    assert len(found) == 1 and 'dora.png' in found[0]


def test_changed_hashes_are_found(own: list[Path]) -> None:
    change_summary(own[0], list_sha256='0' * 64, files_sha256='1' * 64)
    found = faults(own[0], images=1)
    assert [f.split()[0] for f in found] == ['list_sha256', 'files_sha256']


def test_missing_pictures_say_what_to_do(own: list[Path], capsys) -> None:
    shutil.rmtree(own[0].parent / 'hr')
    assert main(['report', 'verify', str(own[0])]) == 1
    said = capsys.readouterr().out
    assert 'Bring them back' in said and '../hr' in said


def test_another_version_is_noted(own: list[Path], capsys) -> None:
    change_summary(own[0], run=dict(mmfacesr='0.0.1', numpy=np.__version__))
    assert main(['report', 'verify', str(own[0]), '--images', '1']) == 0
    notes = capsys.readouterr().out.splitlines()
    notes = [line for line in notes if line.startswith('note')]
    assert len(notes) == 1 and 'mmfacesr 0.0.1' in notes[0]


def test_options_of_the_other_word_are_refused(tmp_path: Path, capsys) -> None:
    for line in (
        ['report', 'verify', 'x', '--out', str(tmp_path)],
        ['report', 'x', '--out', str(tmp_path), '--images', '3'],
        ['report', 'x'],
        ['report', 'verify'],
    ):
        with pytest.raises(SystemExit) as end:
            main(line)
        assert end.value.code == 2
    assert '--out PLACE' in capsys.readouterr().err


def test_no_evaluation_is_an_error(tmp_path: Path, capsys) -> None:
    with pytest.raises(SystemExit) as end:
        main(['report', 'verify', str(tmp_path)])
    assert end.value.code not in (0, None)
