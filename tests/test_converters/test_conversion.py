# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The loop of all converters: resume, bad files, settings."""

import csv
import json
import os
import signal

import pytest

from mmfacesr.conversion import convert_all, keep_present, list_in_place
from mmfacesr.conversion.command_line import run
from mmfacesr.image_io import BadSampleError

NAMES = [f'{i}.png' for i in range(6)]


class Convert:
    """Writes a text file per source and remembers its calls."""

    def __init__(self, root, bad=(), stop_at=None) -> None:
        self.root, self.bad, self.stop_at = root, set(bad), stop_at
        self.calls: list[str] = []

    def __call__(self, name: str) -> list[dict]:
        """Convert one source."""
        if name == self.stop_at:
            raise KeyboardInterrupt
        self.calls.append(name)
        if name in self.bad:
            raise BadSampleError(name, 'is bad')
        (self.root / f'{name}.txt').write_text(name)
        return [dict(file=f'{name}.txt')]


def expected(names=NAMES) -> dict:
    """What a good run returns."""
    return {name: [dict(file=f'{name}.txt')] for name in names}


def test_second_run_does_nothing(tmp_path):
    assert convert_all(NAMES, Convert(tmp_path), tmp_path, {}) == expected()
    again = Convert(tmp_path)
    assert convert_all(NAMES, again, tmp_path, {}) == expected()
    assert again.calls == []


def test_interrupted_run_is_completed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        convert_all(NAMES, Convert(tmp_path, stop_at='3.png'), tmp_path, {})
    journal = tmp_path / 'conversion.jsonl'
    journal.write_bytes(journal.read_bytes()[:-5])  # killed while writing
    again = Convert(tmp_path)
    assert convert_all(NAMES, again, tmp_path, {}) == expected()
    assert again.calls == NAMES[2:]
    lines = journal.read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 7


def test_deleted_result_is_made_again(tmp_path):
    convert_all(NAMES, Convert(tmp_path), tmp_path, {})
    (tmp_path / '4.png.txt').unlink()
    again = Convert(tmp_path)
    convert_all(NAMES, again, tmp_path, {})
    assert again.calls == ['4.png']


def test_bad_sources_are_listed_and_tried_again(tmp_path):
    done = convert_all(
        NAMES, Convert(tmp_path, ['1.png', '5.png']), tmp_path, {}
    )
    assert done == expected(['0.png', '2.png', '3.png', '4.png'])
    rows = list(csv.reader((tmp_path / 'bad_files.csv').open()))
    assert rows == [
        ['file', 'reason'],
        ['1.png', 'is bad'],
        ['5.png', 'is bad'],
    ]
    again = Convert(tmp_path)
    assert convert_all(NAMES, again, tmp_path, {}) == expected()
    assert again.calls == ['1.png', '5.png']
    assert not (tmp_path / 'bad_files.csv').exists()


def test_other_settings_are_refused(tmp_path):
    convert_all(NAMES, Convert(tmp_path), tmp_path, dict(size=128))
    with pytest.raises(ValueError, match='128.*another output folder'):
        convert_all(NAMES, Convert(tmp_path), tmp_path, dict(size=64))


def test_processes_give_the_same(tmp_path):
    convert = Convert(tmp_path, ['1.png'])
    done = convert_all(NAMES, convert, tmp_path, {}, workers=2)
    assert done == expected([n for n in NAMES if n != '1.png'])
    assert convert.calls == []  # not in this process


def test_keep_present(tmp_path, capsys):
    (tmp_path / 'a.jpg').touch()
    assert keep_present(['a.jpg'], tmp_path, False) == ['a.jpg']
    with pytest.raises(ValueError, match=r'1 are missing: b.jpg.*--allow'):
        keep_present(['a.jpg', 'b.jpg'], tmp_path, False)
    assert keep_present(['a.jpg', 'b.jpg'], tmp_path, True) == ['a.jpg']
    with pytest.raises(FileNotFoundError, match='no folder'):
        keep_present([], tmp_path / 'none', False)


def test_lists_of_the_user_are_not_overwritten(tmp_path, make_images):
    make_images(tmp_path, ['a.png'])
    (tmp_path / 'val.txt').write_text('mine')
    parts = dict(train=['a.png'], val=[], test=[])
    with pytest.raises(ValueError, match='Nothing is overwritten'):
        list_in_place(tmp_path, 'toy', parts, None, 'test')
    assert (tmp_path / 'val.txt').read_text() == 'mine'
    (tmp_path / 'val.txt').unlink()
    for _ in range(2):
        assert list_in_place(tmp_path, 'toy', parts, None, 'test') == parts


@pytest.mark.parametrize(
    'signum, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signal_ends_in_one_line(signum, status, capsys):
    with pytest.raises(SystemExit) as stop:
        run(lambda: os.kill(os.getpid(), signum))
    assert stop.value.code == status
    assert 'run the same command again' in capsys.readouterr().err
