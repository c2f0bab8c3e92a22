# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr report`` and the page of ``mmfacesr evaluate``."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.apis.cli import main
from mmfacesr.apis.reporting import faces, page
from mmfacesr.apis.reporting.gathering import gather


def evaluate(root: Path, out: Path, *options: str) -> int:
    folders = [str(root / 'sr1'), str(root / 'hr')]
    return main(['evaluate', *folders, '--out', str(out), *options])


def test_evaluate_writes_a_page_unless_told(own, tmp_path: Path) -> None:
    root = own[0].parent
    # A folder may end in .html.
    assert evaluate(root, tmp_path / 'a.html') == 0
    assert (tmp_path / 'a.html' / 'report.html').is_file()
    assert evaluate(root, tmp_path / 'b', '--no-report') == 0
    assert not (tmp_path / 'b' / 'report.html').exists()


def test_report_writes_where_it_is_told(own, tmp_path: Path, capsys) -> None:
    folders = [str(folder) for folder in own]
    place = tmp_path / 'new' / 'page.html'
    assert main(['report', *folders, '--out', str(place)]) == 0
    assert str(place) in capsys.readouterr().err
    assert main(['report', *folders, '--out', str(tmp_path)]) == 0
    assert (tmp_path / 'report.html').read_bytes() == place.read_bytes()


def test_names_of_one_kind_are_told_apart(own, tmp_path: Path) -> None:
    assert evaluate(own[0].parent, tmp_path / 'c', '--name', 'Near') == 0
    names = [one.name for one in gather([own[0], tmp_path / 'c'])]
    assert len(set(names)) == 2


def test_faces_beyond_the_budget_are_left_out(own, monkeypatch) -> None:
    found = gather(own[:1])
    one, _ = faces.embed_faces(faces.FaceReader(found), [0])
    size = sum(map(len, one[0]['layers'].values()))
    monkeypatch.setattr(faces, 'MOST_PICTURES', int(2.5 * size))
    shown, _ = faces.embed_faces(faces.FaceReader(found), [0, 1, 3, 4, 5])
    assert 1 <= len(shown) < 5 and list(shown)[0] == 0
    text = page.render(found)
    assert text.count('<figure class="card"') < 7


def test_landmarks_are_drawn(own) -> None:
    found = gather(own)
    square = np.array([[1.0, 2], [3, 4]])
    shown, _ = faces.embed_faces(
        faces.FaceReader(found), [0], lambda face: square
    )
    assert shown[0]['points'] == dict.fromkeys(
        ('hr', 'sr-0', 'sr-1'), square.tolist()
    )
    shown, _ = faces.embed_faces(
        faces.FaceReader(found), [0], lambda face: None
    )
    assert shown[0]['points'] == {}


@pytest.mark.skipif(
    find_spec('mediapipe') is None, reason='landmarks take mediapipe'
)
def test_landmark_finder_says_none_without_a_face() -> None:
    try:
        find = faces.landmark_finder()
    except ImportError as error:
        pytest.skip(str(error))
    assert find(np.zeros((64, 64, 3), np.uint8)) is None
