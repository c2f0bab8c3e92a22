# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a killed run leaves, and what the next one takes of it."""

from pathlib import Path

import pytest

from mmfacesr.apis.videos.parts import Parts

ORIGIN = dict(input='a', settings=dict(quality=18))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / 'film.mp4'


def test_whole_parts_of_the_same_origin_are_kept(target: Path) -> None:
    with Parts(target).kept_for(ORIGIN) as parts:
        for number in range(3):
            parts.path(number).write_bytes(b'part')
            if number < 2:  # killed before the third was noted
                parts.write_record(number, dict(frames=number + 5))
    with Parts(target).kept_for(ORIGIN) as parts:
        assert [record['frames'] for record in parts.whole()] == [5, 6]


@pytest.mark.parametrize(
    'other', [dict(ORIGIN, input='b'), dict(ORIGIN, settings=dict(quality=9))]
)
def test_parts_of_another_origin_are_removed(
    target: Path, other: dict
) -> None:
    with Parts(target).kept_for(ORIGIN) as parts:
        parts.path(0).write_bytes(b'part')
        parts.write_record(0, dict(frames=5))
        with parts.journal() as journal:
            journal.add('seen')
    with Parts(target).kept_for(other) as parts:
        assert parts.whole() == []
        with parts.journal() as journal:
            assert journal.recall() is None


@pytest.mark.parametrize('torn', [b'', b'{"thi', b'\0\0\0', '"ä'.encode()[:2]])
def test_half_a_line_is_written_again(target: Path, torn: bytes) -> None:
    with Parts(target).kept_for(ORIGIN) as parts:
        with parts.journal() as journal:
            journal.add('first')
            journal.add('zweite ä')
        with (parts.folder / 'seen.jsonl').open('ab') as file:
            file.write(torn)
        with parts.journal() as journal:
            assert journal.recall() == 'first\n'
            assert journal.recall() == 'zweite ä\n'
            assert journal.recall() is None
            journal.add('third')
            assert journal.recall() is None
            journal.add('fourth')
        text = (parts.folder / 'seen.jsonl').read_text('utf-8')
        assert text.splitlines() == ['first', 'zweite ä', 'third', 'fourth']


def test_two_do_not_make_the_same_video(target: Path) -> None:
    with (
        Parts(target).kept_for(ORIGIN),
        pytest.raises(BlockingIOError, match=r'film\.mp4 alone'),
        Parts(target).kept_for(ORIGIN),
    ):
        pass


def test_nothing_is_left_in_the_end(target: Path) -> None:
    with Parts(target).kept_for(ORIGIN) as parts:
        parts.remove()
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize(
    'other', ['thesis.txt', 'film.mp4', '1.json', 'sub/x']
)
def test_a_folder_of_something_else_is_left_alone(
    target: Path, other: str
) -> None:
    path = Parts(target).folder / other
    path.parent.mkdir(parents=True)
    path.write_text('mine')
    with (
        pytest.raises(FileExistsError, match='other files in it'),
        Parts(target).kept_for(ORIGIN),
    ):
        pass
    assert path.read_text() == 'mine'


def test_a_link_is_not_followed(target: Path, tmp_path: Path) -> None:
    home = tmp_path / 'home'
    home.mkdir()
    (home / '00000.json').write_text('mine')
    Parts(target).folder.symlink_to(home)
    with (
        pytest.raises(FileExistsError, match='something else'),
        Parts(target).kept_for(ORIGIN),
    ):
        pass
    assert [path.name for path in home.iterdir()] == ['00000.json']


def test_what_came_meanwhile_stays(target: Path) -> None:
    with Parts(target).kept_for(ORIGIN) as parts:
        parts.path(0).write_bytes(b'part')
        (parts.folder / 'thesis.txt').write_text('mine')
        parts.remove()
    assert [x.name for x in parts.folder.iterdir()] == ['thesis.txt']
