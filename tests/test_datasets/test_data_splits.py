# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which split an image is in, and what is not guessed."""

import shutil
from pathlib import Path

import pytest
from mmengine.logging import MMLogger
from PIL import Image

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.copies import copies_across_splits, find_copies
from mmfacesr.datasets.data_root import SPLITS
from mmfacesr.datasets.splits import find_split


def make(root: Path, *names: str) -> None:
    """Write images, the k-th of gray level k."""
    for level, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('L', (16, 16), level % 256).save(root / name)


def split_of(root: Path) -> dict[str, list[str]]:
    return {split: find_split(root, split).names for split in SPLITS}


@pytest.mark.parametrize(
    'train, val, test',
    [
        ('Train', 'Val', 'Test'),
        ('training', 'validation', 'testing'),
        ('TRAIN', 'valid', 'TEST'),
    ],
)
def test_usual_names_of_splits(
    tmp_path: Path, train: str, val: str, test: str
) -> None:
    names = [
        f'{folder}/{i}.png' for folder in (train, val, test) for i in '01'
    ]
    make(tmp_path, *names, 'loose.png')
    found = dict(train=names[:2], val=names[2:4], test=names[4:])
    assert split_of(tmp_path) == found
    for folder in (train, val, test):
        (tmp_path / f'{folder}.txt').write_text(f'{folder}/1.png\n')
    assert split_of(tmp_path) == {k: v[1:] for k, v in found.items()}


@pytest.mark.parametrize(
    'names, message',
    [
        (['train/a.png', 'Training/b.png'], "'train'.*Training and train"),
        (['x/train/a.png', 'x/test/b.png'], 'x/test/, x/train/.*merged'),
        (['train_256/a.png', 'test_256/b.png'], 'merged.*data_root'),
        (['HR/a.png', 'LR/a.png'], 'LR/, whose name.*lr_folder='),
        (['gt/a.png', 'lq/a.png'], 'lq/, whose name'),
        (['a_HR/a.png', 'a_LRx8/a.png'], 'a_LRx8/, whose name'),
        (['train/HR/a.png', 'train/low_res/a.png'], 'train/low_res/'),
    ],
)
def test_what_is_not_clear_is_refused(
    tmp_path: Path, names: list[str], message: str
) -> None:
    make(tmp_path, *names)
    with pytest.raises(ValueError, match=message):
        FaceFolder(str(tmp_path), 'train')


def test_all_images_are_no_lr_images_either(tmp_path: Path) -> None:
    make(tmp_path, 'HR/a.png', 'LR/a.png')
    with pytest.raises(ValueError, match='LR/'):
        FaceFolder(str(tmp_path))
    assert len(FaceFolder(str(tmp_path / 'LR'))) == 1
    assert len(FaceFolder(str(tmp_path), image_key='img')) == 2
    make(tmp_path, 'colr/a.png')
    shutil.rmtree(tmp_path / 'LR')
    assert len(FaceFolder(str(tmp_path))) == 2


def test_file_in_two_lists_is_refused(tmp_path: Path) -> None:
    make(tmp_path, 'a.png', 'b.png', 'train/c.png')
    (tmp_path / 'train.txt').write_text('a.png\nb.png\n')
    (tmp_path / 'test.txt').write_text('b.png\n')
    for split in ('train', 'test'):
        with pytest.raises(ValueError, match='one split.*b.png'):
            find_split(tmp_path, split)
    (tmp_path / 'train.txt').unlink()
    (tmp_path / 'test.txt').write_text('train/c.png\n')
    with pytest.raises(ValueError, match='one split.*train/c.png'):
        find_split(tmp_path, 'train')


def test_validation_may_be_the_test(tmp_path: Path) -> None:
    make(tmp_path, 'a.png')
    for split in ('val', 'test'):
        (tmp_path / f'{split}.txt').write_text('a.png\n')
    log = tmp_path / 'run.log'
    MMLogger.get_instance('overlap', log_file=str(log))
    assert find_split(tmp_path, 'val').names == ['a.png']
    assert 'test.txt lists too: a.png' in log.read_text()


def test_equal_content_stays_in_one_split(tmp_path: Path) -> None:
    make(tmp_path, *(f'{i:02}.png' for i in range(30)))
    for i in range(30):
        for copy in 'xy':
            shutil.copy(tmp_path / f'{i:02}.png', tmp_path / f'{copy}{i}.png')
    splits = split_of(tmp_path)
    assert sum(map(len, splits.values())) == 90 and all(splits.values())
    contents = [
        {(tmp_path / name).read_bytes() for name in names}
        for names in splits.values()
    ]
    assert sum(map(len, contents)) == len(set.union(*contents)) == 30
    assert copies_across_splits(tmp_path, splits) == []
    mixed = dict(train=['00.png'], val=['x1.png'], test=['x0.png'])
    (line,) = copies_across_splits(tmp_path, mixed)
    assert line == 'x0.png in test equals 00.png in train'


def test_equal_size_is_not_equal_content(tmp_path: Path) -> None:
    for name, content in (('a', b'12'), ('b', b'34'), ('c', b'12')):
        (tmp_path / name).write_bytes(content)
    assert find_copies(tmp_path, ['c', 'a', 'b', 'gone']) == {'c': 'a'}


def test_log_counts_images_in_no_split(tmp_path: Path) -> None:
    make(tmp_path, 'train/a.png', 'test/b.png', 'c.png', 'd.png')
    log = tmp_path / 'run.log'
    MMLogger.get_instance('loose', log_file=str(log))
    assert len(FaceFolder(str(tmp_path), 'test')) == 1
    text = log.read_text()
    assert f'1 images of the folder {tmp_path / "test"}' in text
    assert '2 images of' in text and 'left out' in text


def test_log_says_how_a_folder_was_divided(tmp_path: Path) -> None:
    make(tmp_path, *(f'{i}.png' for i in range(20)))
    shutil.copy(tmp_path / '0.png', tmp_path / 'copy.png')
    log = tmp_path / 'run.log'
    MMLogger.get_instance('divided', log_file=str(log))
    counts = {split: len(FaceFolder(str(tmp_path), split)) for split in SPLITS}
    text = log.read_text()
    assert text.count('divided by name') == 1  # not once for every split
    assert ', '.join(f'{n} {split}' for split, n in counts.items()) in text
    assert 'The 21 images' in text and '--data FOLDER' in text
    assert '1 images are copies of another one' in text
    (tmp_path / 'val.txt').write_text('3.png\n')
    FaceFolder(str(tmp_path), 'val')
    assert f'1 images of the list {tmp_path / "val.txt"}' in log.read_text()
