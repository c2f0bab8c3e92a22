# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where results go is judged when the command line is read."""

import os
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from mmfacesr.utils import output_file, output_folder, require_writable


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file and a folder in it, the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'folder.png').mkdir()
    (tmp_path / 'file').write_text('')
    (tmp_path / 'dangling').symlink_to('nowhere')
    return tmp_path


@pytest.mark.parametrize(
    'name', ['a.png', 'A.PNG', 'new/deep/a.png', 'folder.png/a.png', './a.png']
)
def test_files_that_can_be_written(here: Path, name: str) -> None:
    assert output_file('.png')(name) == name
    assert output_file('.png', kind=Path)(str(here / name)) == here / name
    assert sorted(os.listdir()) == ['dangling', 'file', 'folder.png']


@pytest.mark.parametrize(
    'name, message',
    [
        ('a.csv', r"ends in .png or .jpg, got 'a.csv'"),
        ('png', "got 'png'"),
        ('folder.png', "got the folder 'folder.png'"),
        ('new.png/', 'got the folder'),
        ('.', 'got the folder'),
        ('', 'got the folder'),
        ('file/a.png', "got 'file', which is not a folder"),
        ('dangling/a.png', 'which is not a folder'),
        ('\x1b[2Ja', r"got '\\\\x1b\[2Ja'"),
    ],
)
def test_files_that_cannot(here: Path, name: str, message: str) -> None:
    with pytest.raises(ArgumentTypeError, match=message):
        output_file('.png', '.jpg')(name)


def test_a_file_without_a_format_may_end_as_it_likes(here: Path) -> None:
    assert output_file()('a.whatever') == 'a.whatever'


def test_folders(here: Path) -> None:
    for name in ('folder.png', 'new/deep/', '.', ''):
        assert output_folder(name) == name
    assert output_folder('new', kind=Path) == Path('new')
    for name in ('file', 'file/new', 'dangling'):
        with pytest.raises(ArgumentTypeError, match='which is not a folder'):
            output_folder(name)


@pytest.mark.skipif(not Path('/proc/self').exists(), reason='Linux only')
def test_folders_that_take_no_file() -> None:
    """Nobody can make files there; permission bits let the superuser."""
    for judge in (output_folder, output_file()):
        with pytest.raises(ArgumentTypeError, match='you may write to'):
            judge('/proc/new/a')
    with pytest.raises(OSError, match=r"'/proc' \(.*\); name one by --out"):
        require_writable('/proc/a', 'name one by --out')
