# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0

import json

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.data_root import SPLITS, read_list
from mmfacesr.faces.table import LandmarkTable

PARTITION = {
    '000001.jpg': 0,
    '000002.jpg': 0,
    '162771.jpg': 1,
    '182638.jpg': 2,
    '201600.jpg': 2,
    '202599.jpg': 2,
}


def write_partition(root, form: str = '{} {}\n') -> None:
    """Write a partition file of six images."""
    text = ''.join(form.format(*item) for item in PARTITION.items())
    root.mkdir(exist_ok=True)
    (root / 'list_eval_partition.txt').write_text(text)


@pytest.fixture
def celeba(converter, monkeypatch):
    """The converter, expecting six images."""
    module = converter('celeba')
    monkeypatch.setattr(
        module, 'OFFICIAL_COUNTS', dict(train=2, val=1, test=3)
    )
    return module


@pytest.fixture
def aligned(tmp_path, make_images):
    """A tiny aligned CelebA."""
    make_images(
        tmp_path, [f'img_align_celeba/{n}' for n in PARTITION], (218, 178)
    )
    write_partition(tmp_path)
    return tmp_path


def test_official_partition(celeba, aligned, run_main):
    run_main(celeba, aligned)
    lists = {split: read_list(aligned / f'{split}.txt') for split in SPLITS}
    assert lists == dict(
        train=['img_align_celeba/000001.jpg', 'img_align_celeba/000002.jpg'],
        val=['img_align_celeba/162771.jpg'],
        test=[f'img_align_celeba/{i}.jpg' for i in (182638, 201600, 202599)],
    )
    sample = FaceFolder(str(aligned), 'val')[0]
    assert sample['crop_size'] == 178
    assert sample['file'] == 'img_align_celeba/162771.jpg'


def test_fsrnet_split_counts_its_test_images(celeba, aligned, run_main):
    with pytest.raises(SystemExit, match='1000 test images.*got 2'):
        run_main(celeba, aligned, '--split', 'fsrnet')
    assert not (aligned / 'test.txt').exists()
    run_main(celeba, aligned, '--split', 'fsrnet', '--allow-incomplete')
    assert [name[-10:] for name in read_list(aligned / 'test.txt')] == [
        '201600.jpg',
        '202599.jpg',
    ]
    assert len(read_list(aligned / 'train.txt')) == 2
    assert (
        '201600-202599'
        in json.loads((aligned / 'dataset.json').read_text())['source']
    )


def test_fsrnet_test_is_inside_the_official_test_split(converter):
    celeba = converter('celeba')
    counts = celeba.OFFICIAL_COUNTS
    assert sum(counts.values()) == 202599
    ids = [f'{i:06d}.jpg' for i in range(1, 202600)]
    first_test = counts['train'] + counts['val']
    splits = dict(
        train=ids[: counts['train']],
        val=ids[counts['train'] : first_test],
        test=ids[first_test:],
    )
    fsrnet = celeba.select_fsrnet(splits)
    assert len(fsrnet['test']) == 1000
    assert fsrnet['test'][0] == '201600.jpg'
    assert fsrnet['test'][-1] == '202599.jpg'
    assert fsrnet['train'] == splits['train']


def test_wrong_counts_and_missing_images_are_refused(
    converter, celeba, aligned, run_main
):
    with pytest.raises(SystemExit, match='162770 in train, got 2'):
        run_main(converter('celeba'), aligned)
    (aligned / 'img_align_celeba/000002.jpg').unlink()
    with pytest.raises(SystemExit, match='1 are missing: 000002.jpg'):
        run_main(celeba, aligned)
    run_main(celeba, aligned, '--allow-incomplete')
    assert len(read_list(aligned / 'train.txt')) == 1
    (aligned / 'list_eval_partition.txt').unlink()
    with pytest.raises(SystemExit, match='list_eval_partition.txt.*README'):
        run_main(celeba, aligned)


def test_bad_image_is_listed_and_left_out(celeba, aligned, run_main):
    (aligned / 'img_align_celeba/000002.jpg').write_bytes(b'\xff\xd8')
    run_main(celeba, aligned)
    assert read_list(aligned / 'train.txt') == ['img_align_celeba/000001.jpg']
    assert (
        'img_align_celeba/000002.jpg'
        in (aligned / 'bad_files.csv').read_text()
    )


def test_kaggle_layout(celeba, tmp_path, make_images, run_main):
    make_images(
        tmp_path, [f'img_align_celeba/img_align_celeba/{n}' for n in PARTITION]
    )
    write_partition(tmp_path, '{},{}\n')
    text = (tmp_path / 'list_eval_partition.txt').read_text()
    (tmp_path / 'list_eval_partition.txt').unlink()
    (tmp_path / 'list_eval_partition.csv').write_text(
        'image_id,partition\n' + text
    )
    run_main(celeba, tmp_path)
    assert read_list(tmp_path / 'val.txt') == [
        'img_align_celeba/img_align_celeba/162771.jpg'
    ]


@pytest.fixture
def wild(tmp_path, make_images):
    """A tiny in-the-wild CelebA, laid out as distributed, PNG pixels."""
    names = list(PARTITION)
    make_images(
        tmp_path / 'Img/img_celeba', [n + '.png' for n in names], (60, 50)
    )
    for name in names:  # lossless pixels under CelebA's names
        path = tmp_path / f'Img/img_celeba/{name}.png'
        path.rename(path.with_suffix(''))
    write_partition(tmp_path / 'Eval')
    (tmp_path / 'Anno').mkdir()
    boxes = dict.fromkeys(names, '10 20 16 20')
    boxes['000002.jpg'] = '0 0 0 0'
    (tmp_path / 'Anno/list_bbox_celeba.txt').write_text(
        '6\nimage_id x_1 y_1 width height\n'
        + ''.join(f'{n} {box}\n' for n, box in boxes.items())
    )
    (tmp_path / 'Anno/list_landmarks_celeba.txt').write_text(
        '6\nlefteye_x lefteye_y\n'
        + ''.join(f'{n} 12 25 20 25 16 30 13 35 19 35\n' for n in names)
    )
    return tmp_path


def test_in_the_wild_boxes_are_cropped_and_points_follow(
    celeba, wild, run_main, tmp_path
):
    run_main(celeba, wild, '--layout', 'in-the-wild')
    out = wild / 'celeba_crops'
    # box x 10-26, y 20-40: the square of side 20 has x 8-28
    image = np.asarray(Image.open(wild / 'Img/img_celeba/000001.jpg'))
    crop = np.asarray(Image.open(out / 'crops/000001.png'))
    np.testing.assert_array_equal(crop, image[20:40, 8:28])
    table = LandmarkTable.load(out / 'landmarks5.npz')
    assert table.scheme == 'celeba5'
    np.testing.assert_allclose(
        table.points_of('crops/000001.png'),
        [[4, 5], [12, 5], [8, 10], [5, 15], [11, 15]],
    )
    # the empty box is listed, not fatal
    assert read_list(out / 'train.txt') == ['crops/000001.png']
    assert '000002.jpg,has no box' in (out / 'bad_files.csv').read_text()
    assert json.loads((out / 'dataset.json').read_text())['crop_size'] is None


def test_in_the_wild_crops_resized_by_pillow(celeba, wild, run_main):
    out = wild / 'small'
    run_main(
        celeba, wild, '--layout', 'in-the-wild', '--size', 10, '--out', out
    )
    image = Image.open(wild / 'Img/img_celeba/000001.jpg')
    reference = image.crop((8, 20, 28, 40)).resize((10, 10), Image.BICUBIC)
    np.testing.assert_array_equal(
        np.asarray(Image.open(out / 'crops/000001.png')), reference
    )
    point = LandmarkTable.load(out / 'landmarks5.npz').points_of(
        'crops/000001.png'
    )[0]
    np.testing.assert_allclose(
        point, [(4 + 0.5) / 2 - 0.5, (5 + 0.5) / 2 - 0.5]
    )
