# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The loop of all converters: resume, bad files, settings."""

import csv
import io
import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest
from odd_names import ODD_NAMES, UNLISTABLE

from mmfacesr.datasets.conversion import (
    convert_all,
    existing_names,
    list_in_place,
    read_celeba_partition,
    result_name,
)
from mmfacesr.datasets.conversion.command_line import run
from mmfacesr.datasets.conversion.loop import _append
from mmfacesr.utils.bad_samples import BadSampleError

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


def test_journal_on_a_full_disk_is_named():
    with pytest.raises(OSError, match='No space left.*/dev/full.*Free some'):
        _append(Path('/dev/full'), dict(name='0.png'))


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


@pytest.mark.parametrize('line', ['{"na', '[]', '{"name": 3}', '7'])
def test_damaged_line_of_the_journal_is_named(tmp_path, line):
    convert_all(NAMES, Convert(tmp_path), tmp_path, {})
    journal = tmp_path / 'conversion.jsonl'
    first, second, rest = journal.read_text().split('\n', 2)
    journal.write_text('\n'.join([first, second, line, rest]))
    with pytest.raises(ValueError, match='conversion.jsonl, line 3.*remove'):
        convert_all(NAMES, Convert(tmp_path), tmp_path, {})


def test_place_of_the_result_is_checked_first(tmp_path):
    convert = Convert(tmp_path)
    with pytest.raises(OSError, match="'/proc'.*name another one"):
        convert_all(NAMES, convert, Path('/proc'), {})
    with pytest.raises(ValueError, match='one line of a list'):
        convert_all([*NAMES, UNLISTABLE], convert, tmp_path, {})
    assert convert.calls == []


@pytest.mark.parametrize('workers', [1, 2])
def test_odd_names_go_through_the_loop(tmp_path, workers):
    bad = ODD_NAMES[::2]
    work = partial(odd_rows, bad=bad)
    for _ in range(2):
        done = convert_all(ODD_NAMES, work, tmp_path, {}, workers)
        assert list(done) == ODD_NAMES[1::2]
    text = os.fsdecode((tmp_path / 'bad_files.csv').read_bytes())
    rows = list(csv.reader(io.StringIO(text, newline='')))
    assert [row[0] for row in rows[1:]] == bad


def odd_rows(name, bad):
    """A source that makes no file."""
    if name in bad:
        raise BadSampleError(name, 'is bad')
    return []


def test_result_names_fit_and_differ():
    assert result_name('d/a.jpg', '.0.png') == 'd/a.jpg.0.png'
    long = [f'd/{name}' for name in ODD_NAMES if len(name) > 120]
    long += [name.replace('x.', 'y.') for name in long]
    results = [result_name(name, '.12.png') for name in long]
    assert len(set(results)) == len(set(long)) > 2
    for name in results:
        assert name.startswith('d/') and name.endswith('.12.png')
        assert len(os.fsencode(name[2:])) <= 255


@pytest.mark.parametrize(
    'line', ['a.jpg', 'a.jpg 3', 'a.jpg;0', 'b.jpg 1', 'a b.jpg 0']
)
def test_line_of_a_partition_is_named(tmp_path, line):
    path = tmp_path / 'list_eval_partition.txt'
    path.write_text('b.jpg 0\r\n\n c.jpg,2 \n')
    assert read_celeba_partition(path) == {'b.jpg': 'train', 'c.jpg': 'test'}
    path.write_text(f'b.jpg 0\n\n{line}\n')
    with pytest.raises(ValueError, match='partition.txt.*in line 3'):
        read_celeba_partition(path)


@pytest.mark.parametrize(
    'line', ['a.jpg 1 2 3', 'a.jpg 1 2 3 x', 'a.jpg;1;2;3;4', '1 2 3 4']
)
def test_line_of_boxes_is_named(tmp_path, converter, line):
    path = tmp_path / 'list_bbox_celeba.txt'
    path.write_text(f'1\nimage_id x_1 y_1 width height\n\n{line}\n')
    with pytest.raises(ValueError, match='bbox_celeba.txt.*in line 4'):
        converter('celeba').read_numbers(path, 4)


def test_line_of_the_mapping_is_named(tmp_path, converter):
    path = tmp_path / 'mapping.txt'
    path.write_text('idx orig_idx orig_file\n\n0 1 2.jpg\n1;2;3.jpg\n')
    with pytest.raises(ValueError, match='mapping.txt.*in line 4'):
        converter('celeba_hq').read_mapping(path)


def test_copies_in_two_splits_are_named(tmp_path, make_images, capsys):
    make_images(tmp_path, ['a.png', 'b.png'])
    (tmp_path / 'c.png').write_bytes((tmp_path / 'a.png').read_bytes())
    splits = dict(train=['a.png', 'b.png'], val=[], test=['c.png'])
    list_in_place(tmp_path, 'toy', splits, None, 'test')
    assert 'c.png in test equals a.png in train' in capsys.readouterr().out


def test_processes_give_the_same(tmp_path):
    convert = Convert(tmp_path, ['1.png'])
    done = convert_all(NAMES, convert, tmp_path, {}, workers=2)
    assert done == expected([n for n in NAMES if n != '1.png'])
    assert convert.calls == []  # not in this process


def test_existing_names(tmp_path, capsys):
    (tmp_path / 'a.jpg').touch()
    assert existing_names(['a.jpg'], tmp_path, False) == ['a.jpg']
    with pytest.raises(ValueError, match=r'1 are missing: b.jpg.*--allow'):
        existing_names(['a.jpg', 'b.jpg'], tmp_path, False)
    assert existing_names(['a.jpg', 'b.jpg'], tmp_path, True) == ['a.jpg']
    with pytest.raises(FileNotFoundError, match='no folder'):
        existing_names([], tmp_path / 'none', False)


def test_lists_of_the_user_are_not_overwritten(tmp_path, make_images):
    make_images(tmp_path, ['a.png'])
    (tmp_path / 'val.txt').write_text('mine')
    splits = dict(train=['a.png'], val=[], test=[])
    with pytest.raises(ValueError, match='Nothing is overwritten'):
        list_in_place(tmp_path, 'toy', splits, None, 'test')
    assert (tmp_path / 'val.txt').read_text() == 'mine'
    (tmp_path / 'val.txt').unlink()
    for _ in range(2):
        assert list_in_place(tmp_path, 'toy', splits, None, 'test') == splits


class Killed(Convert):
    """Dies as for want of memory."""

    def __call__(self, name: str) -> list[dict]:
        """Convert one source, or none any more."""
        if name == '3.png':
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__call__(name)


def test_killed_process_ends_with_a_message(tmp_path):
    with pytest.raises(ChildProcessError, match='fewer --workers'):
        convert_all(NAMES, Killed(tmp_path), tmp_path, {}, workers=2)
    again = Convert(tmp_path)
    assert convert_all(NAMES, again, tmp_path, {}) == expected()


@pytest.mark.parametrize(
    'signum, status', [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signal_ends_in_one_line(signum, status, capsys):
    with pytest.raises(SystemExit) as stop:
        run(lambda: os.kill(os.getpid(), signum))
    assert stop.value.code == status
    assert 'run the same command again' in capsys.readouterr().err


def test_a_source_that_has_changed_is_converted_again(tmp_path):
    sources, out = tmp_path / 'sources', tmp_path / 'out'
    sources.mkdir()
    out.mkdir()
    for name in NAMES:
        (sources / name).write_text(name)
    convert_all(NAMES, Convert(out), out, {}, folder=sources)
    again = Convert(out)
    (sources / '2.png').write_text('another one')
    for _ in range(2):
        assert convert_all(NAMES, again, out, {}, folder=sources) == expected()
    assert again.calls == ['2.png']
