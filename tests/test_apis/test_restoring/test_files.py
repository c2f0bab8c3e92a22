# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which files are restored, and what their results are called."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image

from mmfacesr.apis.restoring.files import find_items


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ('a/x.jpg', 'b/x.jpg', 'b/c/y.png', 'b/c/y.jpg', 'z.png'):
        path = tmp_path / 'photos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 8)).save(path)
    (tmp_path / 'photos/notes.txt').write_text('no picture')
    return tmp_path / 'photos'


def names(inputs: list, target: Path) -> dict[str, str]:
    items, _ = find_items([str(text) for text in inputs], target)
    return {item.name: item.source for item in items}


def test_a_folder_keeps_its_tree(photos: Path, tmp_path: Path) -> None:
    found = names([photos], tmp_path / 'out')
    assert found == {
        'a/x': str(photos / 'a/x.jpg'),
        'b/x': str(photos / 'b/x.jpg'),
        'b/c/y.jpg': str(photos / 'b/c/y.jpg'),
        'b/c/y.png': str(photos / 'b/c/y.png'),
        'z': str(photos / 'z.png'),
    }


def test_a_pattern_keeps_the_tree_below_its_beginning(
    photos: Path, tmp_path: Path
) -> None:
    found = names([f'{photos}/*/x.jpg'], tmp_path / 'out')
    assert set(found) == {'a/x', 'b/x'}


def test_files_of_one_name_stay_apart(photos: Path, tmp_path: Path) -> None:
    inputs = [photos / 'a/x.jpg', photos / 'b/x.jpg', photos / 'a/x.jpg']
    found = names(inputs, tmp_path / 'out')
    assert sorted(found.values()) == sorted(map(str, inputs[:2]))
    assert len(set(found)) == 2


def test_a_list_on_the_standard_input(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f'{photos}/z.png\n\n{photos}/a\n'
    monkeypatch.setattr('sys.stdin', io.StringIO(text))
    assert set(names(['-'], tmp_path / 'out')) == {'z', 'x'}


def test_an_odd_name_is_a_file_before_it_is_a_pattern(
    photos: Path, tmp_path: Path
) -> None:
    odd = photos / 'x[1].png'
    Image.new('RGB', (8, 8)).save(odd)
    assert names([odd], tmp_path / 'out') == {'x[1]': str(odd)}


def test_urls_are_taken_as_they_are(tmp_path: Path) -> None:
    url = 'https://example.org/a/face.jpg?size=3'
    assert names([url], tmp_path / 'out') == {'face': url}


def test_nothing_there_is_said(tmp_path: Path) -> None:
    for text in ('none.jpg', 'none/*.jpg'):
        with pytest.raises(FileNotFoundError, match='none'):
            find_items([str(tmp_path / text)], tmp_path / 'out')


@pytest.mark.parametrize('target', ['photos', 'photos/out', 'photos/a/..'])
def test_results_never_go_into_the_input(
    photos: Path, tmp_path: Path, target: str
) -> None:
    with pytest.raises(ValueError, match='outside of the inputs'):
        find_items([str(photos)], tmp_path / target)
    os.symlink(photos, tmp_path / 'link')
    with pytest.raises(ValueError, match='outside of the inputs'):
        find_items([str(tmp_path / 'link')], tmp_path / target)


def test_results_are_no_inputs(photos: Path, tmp_path: Path) -> None:
    (tmp_path / 'out').mkdir()
    photos.rename(tmp_path / 'out/restored')
    with pytest.raises(ValueError, match='elsewhere than the results'):
        find_items([str(tmp_path / 'out/restored/z.png')], tmp_path / 'out')
    # Beside them they may lie.
    (tmp_path / 'out/restored/z.png').rename(tmp_path / 'out/z.png')
    assert names([tmp_path / 'out/z.png'], tmp_path / 'out')
