# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Test sets of papers, by their names and numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.cli import main
from mmfacesr.apis.evaluating.named_sets import check_set

CELEBA = [f'{number}' for number in range(201600, 202600)]


def test_celeba_is_known_by_its_names() -> None:
    assert len(CELEBA) == 1000
    found = check_set('celeba-1000', CELEBA[::-1])
    assert (found['name'], found['checked']) == ('celeba-1000', 'names')
    check_set('celeba-1000', [f'test/{name}' for name in CELEBA])


@pytest.mark.parametrize(
    'faces, said',
    [
        (CELEBA[1:], r'1 are missing \(201600\)\. Add'),
        (CELEBA[:-2], r'2 are missing \(202598, 202599\)'),
        ([*CELEBA, '202600'], r': 1 are no part of it \(202600\)'),
        ([*CELEBA, 'a/201600'], r'1 are no part of it \(a/201600\)'),
        (['\x1bx', *CELEBA[1:]], r'missing \(201600\) and 1 .*\(\\x1bx\)'),
        ([f'0{n}' for n in CELEBA], '1000 are missing .* and 1000 are no'),
    ],
)
def test_other_faces_are_named(faces: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_set('celeba-1000', faces)


def test_helen_is_known_by_its_number() -> None:
    found = check_set('helen-50', [f'face{i}' for i in range(50)])
    assert found['checked'] == 'count' and 'not known' in found['about']
    with pytest.raises(ValueError, match=r'50 faces.*only their number.*49'):
        check_set('helen-50', ['face'] * 49)
    with pytest.raises(ValueError, match=r"celeba-1000, helen-50, got 'lfw'"):
        check_set('lfw', [])


def test_the_command_records_or_refuses_a_set(
    tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    for folder in ('sr', 'hr'):
        (tmp_path / folder).mkdir()
        for number in range(50):
            image = np.full((32, 32, 3), number + len(folder), np.uint8)
            image[number % 32] = 9 * (folder == 'hr')
            Image.fromarray(image).save(tmp_path / folder / f'{number}.png')
    folders = [str(tmp_path / 'sr'), str(tmp_path / 'hr')]
    run = ['evaluate', *folders, '--out', str(tmp_path / 'out'), '--set']
    assert main([*run, 'helen-50']) == 0
    assert 'helen-50: 50 faces of Helen; only' in capsys.readouterr().out
    summary = json.loads((tmp_path / 'out/summary.json').read_text())
    assert summary['set']['name'] == 'helen-50'
    with pytest.raises(SystemExit):
        main([*run, 'celeba-1000'])
    assert '1000 are missing (201600,' in capsys.readouterr().err
