# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

import json
import logging
import pickle
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from mmengine.logging import MMLogger
from odd_names import ODD_NAMES, UNLISTABLE
from PIL import Image
from torch.utils.data import DataLoader

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.data_root import (
    SPLITS,
    read_list,
    write_data_root,
)
from mmfacesr.datasets.dividing import divide_names
from mmfacesr.registry import DATASETS
from mmfacesr.utils import printable
from mmfacesr.utils.bad_samples import BadSampleError

LOAD = [dict(type='LoadFaceImage')]


@pytest.fixture
def log() -> Iterator[list[str]]:
    """Messages to mmengine's logger, which pytest does not see."""
    messages: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: messages.append(record.getMessage())
    logger = MMLogger.get_current_instance()
    logger.addHandler(handler)
    yield messages
    logger.removeHandler(handler)


def make_images(root, *names) -> None:
    """Write small images, the k-th of gray level k."""
    for level, name in enumerate(names):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (16, 16), (level,) * 3).save(path)


def files_of(dataset: FaceFolder) -> list[str]:
    """Relative names in the order of the dataset."""
    return [dataset.get_data_info(i)['file'] for i in range(len(dataset))]


def test_sample_carries_what_the_transforms_need(tmp_path):
    make_images(tmp_path, 'a/ü 脸.PNG', 'b.jpg')
    dataset = DATASETS.build(
        dict(type='FaceFolder', data_root=str(tmp_path), pipeline=LOAD)
    )
    sample = dataset[0]
    assert sample['gt'].shape == (16, 16, 3)
    assert sample['file'] == 'a/ü 脸.PNG'
    assert sample['gt_path'] == str(tmp_path / 'a/ü 脸.PNG')
    assert sample['data_root'] == str(tmp_path)
    assert sample['landmark_table'] == str(tmp_path / 'landmarks68.npz')
    assert sample['crop_size'] is None
    other = FaceFolder(str(tmp_path), landmark_table=None, image_key='img')[1]
    assert other['landmark_table'] is None
    assert other['img_path'] == str(tmp_path / 'b.jpg')


def test_crop_size_comes_from_dataset_json(tmp_path):
    make_images(tmp_path, 'a.png')
    splits = dict(train=['a.png'], val=[], test=[])
    write_data_root(tmp_path, 'toy', splits, crop_size=128, source='test')
    root = str(tmp_path)
    assert FaceFolder(root)[0]['crop_size'] == 128
    assert FaceFolder(root, crop_size=64)[0]['crop_size'] == 64
    assert FaceFolder(root, crop_size=None)[0]['crop_size'] is None
    (tmp_path / 'dataset.json').write_text(json.dumps(dict(crop_size='big')))
    with pytest.raises(ValueError, match="crop_size.*'big'"):
        FaceFolder(root)
    for text in ('{', '', '{"crop_size": 1\n"name": 2}', '[' * 100_000):
        (tmp_path / 'dataset.json').write_text(text)
        with pytest.raises(ValueError, match='dataset.json is not JSON'):
            FaceFolder(root)


def test_part_comes_from_list_then_folder_then_names(tmp_path):
    root = str(tmp_path)
    names = [f'{i}.png' for i in range(20)]
    make_images(tmp_path, *names)
    by_name = {split: files_of(FaceFolder(root, split)) for split in SPLITS}
    assert by_name == divide_names(names)
    make_images(tmp_path, 'val/x.png', 'val/deep/y.png')
    assert files_of(FaceFolder(root, 'val')) == ['val/deep/y.png', 'val/x.png']
    (tmp_path / 'val.txt').write_text('3.png\r\n\n1.png\n')
    assert files_of(FaceFolder(root, 'val')) == ['3.png', '1.png']
    (tmp_path / 'mine.txt').write_text('7.png\n')
    assert files_of(FaceFolder(root, 'val', 'mine.txt')) == ['7.png']
    assert len(FaceFolder(root)) == 22
    # Lists for some splits only: the others are not made up.
    with pytest.raises(FileNotFoundError, match='test.txt.*only val.txt'):
        FaceFolder(root, 'test')


@pytest.mark.parametrize('count', [0, 1, 2, 3, 4, 10, 1000])
def test_split_by_name(count):
    names = [f'{i}.png' for i in range(count)]
    splits = divide_names(reversed(names))
    assert sorted(sum(splits.values(), [])) == sorted(names)
    assert splits == divide_names(names)
    if count >= 3:
        assert all(splits.values())
    else:
        assert len(splits['train']) == count
    if count == 1000:
        assert 70 < len(splits['test']) < 130 and 70 < len(splits['val']) < 130


def test_split_is_sha1_modulo_10():
    # By `printf %s 10.png | sha1sum`: 10.png gives 0, 1.png 1, the others
    # from 0.png to 13.png neither.
    splits = divide_names(f'{i}.png' for i in range(14))
    assert (splits['test'], splits['val']) == (['10.png'], ['1.png'])


def test_split_is_stable_and_keeps_groups():
    names = [f'{i}.png' for i in range(100)]
    few, many = divide_names(names[:60]), divide_names(names)
    assert set(few['test']) <= set(many['test'])
    assert set(few['val']) <= set(many['val'])
    faces = [f'{photo}-{face}' for photo in range(40) for face in range(3)]
    splits = divide_names(faces, lambda name: name.split('-')[0])
    photos = [
        {name.split('-')[0] for name in splits[split]} for split in SPLITS
    ]
    assert sum(map(len, photos)) == len(set.union(*photos)) == 40


def test_wrong_folders_are_refused_with_a_remedy(tmp_path):
    for root in (tmp_path / 'missing', ''):
        with pytest.raises(FileNotFoundError, match='DATA_ROOT.*data_root='):
            FaceFolder(str(root))
    with pytest.raises(FileNotFoundError, match='found none'):
        FaceFolder(str(tmp_path))
    make_images(tmp_path, 'a.png', 'b.png')
    with pytest.raises(FileNotFoundError, match='at least 1 .*2 images'):
        FaceFolder(str(tmp_path), 'test')
    with pytest.raises(FileNotFoundError, match='at least 3 .*got 2'):
        FaceFolder(str(tmp_path), min_images=3)
    (tmp_path / 'train.txt').write_text(
        'a.png\nno/1.png\n2.png\n3.png\n4.png\n'
    )
    with pytest.raises(
        FileNotFoundError, match=r'4 of them.*no/1.png.*, \.\.\.'
    ):
        FaceFolder(str(tmp_path), 'train')
    with pytest.raises(FileNotFoundError, match='the list.*gone.txt'):
        FaceFolder(str(tmp_path), ann_file='gone.txt')
    with pytest.raises(ValueError, match="'dev'"):
        FaceFolder(str(tmp_path), 'dev')
    with pytest.raises(TypeError, match='pipelin'):
        FaceFolder(str(tmp_path), pipelines=[])


def test_training_draws_another_sample_and_lists_the_bad_one_once(
    tmp_path, log
):
    make_images(tmp_path, 'a.png', 'b.png', 'c.png')
    (tmp_path / 'b.png').write_bytes(b'')
    dataset = FaceFolder(str(tmp_path), pipeline=LOAD)
    levels = {dataset[i]['gt'][0, 0, 0] for i in [0, 1, 2] * 5}
    assert levels == {0, 2}
    lines = [line for line in log if 'b.png' in line]
    assert len(lines) == 1 and '0 bytes' in lines[0]


def test_bad_files_of_odd_names_reach_the_log(tmp_path, capfd):
    for name in [*ODD_NAMES, UNLISTABLE, 'good.png']:
        make_images(tmp_path, name)
        if name != 'good.png':
            (tmp_path / name).write_bytes(b'')
    log = tmp_path / 'run.log'
    MMLogger.get_instance('odd', log_file=str(log))
    # One image of 17 is good: it takes long to hit it by chance.
    dataset = FaceFolder(str(tmp_path), pipeline=LOAD, max_refetch=10_000)
    for index in range(len(dataset)):
        assert dataset[index]['file'] == 'good.png'
    text = log.read_text()
    for name in [*ODD_NAMES, UNLISTABLE]:
        assert f'{printable(tmp_path / name)}: is empty' in text
    assert 'Logging error' not in capfd.readouterr().err


def test_training_goes_on_in_worker_processes(tmp_path):
    make_images(tmp_path, *(f'{i}.png' for i in range(6)))
    (tmp_path / '3.png').write_text('no image')
    dataset = FaceFolder(str(tmp_path), pipeline=LOAD)
    assert len(pickle.loads(pickle.dumps(dataset))) == 6
    loader = DataLoader(
        dataset,
        num_workers=2,
        batch_size=2,
        collate_fn=lambda batch: torch.tensor(
            np.stack([sample['gt'] for sample in batch])
        ),
    )
    assert sum(len(batch) for batch in loader) == 6


def test_training_stops_when_nothing_is_usable(tmp_path):
    make_images(tmp_path, 'a.png', 'b.png')
    for name in ('a.png', 'b.png'):
        (tmp_path / name).write_bytes(b'')
    dataset = FaceFolder(str(tmp_path), pipeline=LOAD, max_refetch=7)
    for num_workers in (0, 1):
        loader = DataLoader(dataset, num_workers=num_workers, batch_size=None)
        with pytest.raises(BadSampleError, match='^/.*7 bad.*a.png.*0 bytes'):
            next(iter(loader))


@pytest.mark.parametrize('num_workers', [0, 1])
def test_test_mode_stops_by_name(tmp_path, num_workers):
    make_images(tmp_path, 'a.png', 'two\nlines.png')
    (tmp_path / 'two\nlines.png').write_bytes(b'')
    dataset = FaceFolder(str(tmp_path), pipeline=LOAD, test_mode=True)
    loader = DataLoader(
        dataset,
        num_workers=num_workers,
        batch_size=None,
        collate_fn=lambda sample: sample['gt'],
    )
    with pytest.raises(BadSampleError) as error:
        list(loader)
    # One line and no traceback, from a worker process too.
    assert str(error.value).startswith(
        str(tmp_path / r'two\nlines.png: is em')
    )


def test_data_root_round_trip(tmp_path):
    splits = dict(train=['b/ü.png', 'a.png'], val=['c.png'], test=[])
    write_data_root(tmp_path, 'toy', splits, None, 'by hand')
    assert {p: read_list(tmp_path / f'{p}.txt') for p in SPLITS} == splits
    info = json.loads((tmp_path / 'dataset.json').read_text())
    assert info == dict(
        name='toy',
        crop_size=None,
        landmark_scheme=None,
        splits=dict(train=2, val=1, test=0),
        source='by hand',
    )
    with pytest.raises(ValueError, match='c.png in val and in test'):
        write_data_root(
            tmp_path, 'toy', dict(splits, test=['c.png']), None, ''
        )
