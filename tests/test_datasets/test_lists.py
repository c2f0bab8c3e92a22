# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Lists of names give back what they got, and stay inside the data root."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from odd_names import ODD_NAMES, UNLISTABLE

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.data_root import read_list, write_list
from mmfacesr.datasets.dividing import divide_names
from mmfacesr.utils.image_folders import list_images

NUM_NAMES = 100_000


@pytest.fixture
def odd_root(tmp_path: Path) -> Path:
    """Files of all odd names."""
    for name in ODD_NAMES:
        path = tmp_path / 'odd' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return tmp_path / 'odd'


def files_of(dataset: FaceFolder) -> list[str]:
    return [dataset.get_data_info(i)['file'] for i in range(len(dataset))]


@pytest.mark.parametrize('first', [0, 1, 7])
def test_odd_names_come_back_from_a_list(odd_root: Path, first: int) -> None:
    names = ODD_NAMES[first:] + ODD_NAMES[:first]
    write_list(odd_root / 'train.txt', names)
    assert read_list(odd_root / 'train.txt') == names
    dataset = FaceFolder(str(odd_root), 'train')
    assert files_of(dataset) == names
    for index, name in enumerate(names):
        path = dataset.get_data_info(index)['gt_path']
        assert os.path.exists(path) and path == str(odd_root / name)


def test_odd_names_are_divided(odd_root: Path) -> None:
    files = [
        file
        for split in ('train', 'val', 'test')
        for file in files_of(FaceFolder(str(odd_root), split))
    ]
    assert sorted(files) == list_images(odd_root) == sorted(ODD_NAMES)
    assert divide_names(ODD_NAMES) == divide_names(reversed(ODD_NAMES))


@pytest.mark.parametrize('name', [UNLISTABLE, 'end\r', '', '  '])
def test_name_that_no_line_holds_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match='one line.*rename') as error:
        write_list(tmp_path / 'train.txt', ['a.png', name])
    assert '\n' not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_list_of_another_editor(tmp_path: Path) -> None:
    for name in ('a.png', 'b.png', ' b.png', 'd/c.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / 'train.txt').write_bytes(
        b'\xef\xbb\xbfa.png \r\n\r\n \t\n b.png\r\n\t./d//c.png\n\n./a.png'
    )
    assert files_of(FaceFolder(str(tmp_path), 'train')) == [
        'a.png',
        ' b.png',  # there is such a file
        'd/c.png',
        'a.png',
    ]
    (tmp_path / 'train.txt').write_text('a.png\n\nb.png,0\nc.png\n')
    with pytest.raises(
        FileNotFoundError, match=r'b.png,0 \(line 3\), c.png \(line 4\).*name'
    ):
        FaceFolder(str(tmp_path), 'train')
    (tmp_path / 'train.txt').write_bytes('a.png\n'.encode('utf-16'))
    with pytest.raises(ValueError, match='train.txt.*UTF-16'):
        FaceFolder(str(tmp_path), 'train')


@pytest.mark.parametrize(
    'name',
    ['/etc/a.png', '../b/a.png', 'x/../../a.png', ' ../a.png', '..', '//a'],
)
def test_list_stays_inside_the_data_root(tmp_path: Path, name: str) -> None:
    (tmp_path / 'train.txt').write_text(f'\n{name}\n')
    with pytest.raises(ValueError, match='inside the data root.*line 2.*link'):
        FaceFolder(str(tmp_path), 'train')
    with pytest.raises(ValueError, match='inside the data root'):
        FaceFolder(str(tmp_path), ann_file='train.txt')


def test_linked_folder_is_part_of_the_data_root(tmp_path: Path) -> None:
    (tmp_path / 'else').mkdir()
    (tmp_path / 'else/a.png').touch()
    (tmp_path / 'root').mkdir()
    (tmp_path / 'root/link').symlink_to(tmp_path / 'else')
    (tmp_path / 'root/train.txt').write_text('link/a.png\n')
    assert len(FaceFolder(str(tmp_path / 'root'), 'train')) == 1


def test_subsets_and_unserialized_names(tmp_path: Path) -> None:
    for name in 'abcd':
        (tmp_path / f'{name}.png').touch()
    for serialize in (True, False):
        dataset = FaceFolder(str(tmp_path), serialize_data=serialize)
        info = dataset.get_data_info(-1)
        assert (info['file'], info['sample_idx']) == ('d.png', 3)
        subset = dataset.get_subset([2, 0])
        assert files_of(subset) == ['c.png', 'a.png']
        assert files_of(FaceFolder(str(tmp_path), indices=2)) == [
            'a.png',
            'b.png',
        ]
        with pytest.raises(IndexError):
            dataset.get_data_info(4)


SCRIPT = """
import resource, sys, time
from mmfacesr.datasets import FaceFolder
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
assert len(FaceFolder(sys.argv[1], 'train')) == int(sys.argv[2])
seconds = time.process_time() - start
kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(kib * 1024, seconds)
"""


@pytest.mark.slow
def test_cost_of_a_long_list(tmp_path: Path) -> None:
    """A tenth of what a million names may cost: 300 MB and 5 s."""
    names = [f'faces/{number:07d}.png' for number in range(NUM_NAMES)]
    (tmp_path / 'faces').mkdir()
    for name in names:
        (tmp_path / name).touch()
    write_list(tmp_path / 'train.txt', names)
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT, str(tmp_path), str(NUM_NAMES)],
        capture_output=True,
        text=True,
        check=True,
    )
    size, seconds = map(float, done.stdout.split()[-2:])
    assert size <= 30e6 and seconds <= 0.5
