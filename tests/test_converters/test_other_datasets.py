# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""CelebA-HQ, Helen and FFHQ on tiny hand-made trees."""

import numpy as np
import pytest
from PIL import Image

from mmfacesr.datasets.conversion import save_points
from mmfacesr.datasets.data_root import SPLITS, read_list
from mmfacesr.faces.table import LandmarkTable


def lists_of(root) -> dict[str, list[str]]:
    """The three lists of a data root."""
    return {split: read_list(root / f'{split}.txt') for split in SPLITS}


@pytest.fixture
def celeba_hq(tmp_path, make_images):
    """Four images of CelebA-HQ with mapping and partition."""
    make_images(tmp_path, [f'CelebA-HQ-img/{i}.jpg' for i in range(4)])
    (tmp_path / 'CelebA-HQ-to-CelebA-mapping.txt').write_text(
        'idx    orig_idx    orig_file\n0 10 000011.jpg\n1 5 000006.jpg\n'
        '2 7 000008.jpg\n3 1 000002.jpg\n'
    )
    (tmp_path / 'list_eval_partition.txt').write_text(
        '000002.jpg 0\n000006.jpg 2\n000008.jpg 1\n000009.jpg 0\n'
        '000011.jpg 0\n'
    )
    return tmp_path


def test_celeba_hq_by_mapping(converter, celeba_hq, run_main, monkeypatch):
    module = converter('celeba_hq')
    assert sum(module.OFFICIAL_COUNTS.values()) == 30000
    with pytest.raises(SystemExit, match='24183 in train, got 2.*2824'):
        run_main(module, celeba_hq)
    monkeypatch.setattr(
        module, 'OFFICIAL_COUNTS', dict(train=2, val=1, test=1)
    )
    run_main(module, celeba_hq)
    assert lists_of(celeba_hq) == dict(
        train=['CelebA-HQ-img/0.jpg', 'CelebA-HQ-img/3.jpg'],
        val=['CelebA-HQ-img/2.jpg'],
        test=['CelebA-HQ-img/1.jpg'],
    )
    (celeba_hq / 'CelebA-HQ-img/3.jpg').rename(
        celeba_hq / 'CelebA-HQ-img/x.jpg'
    )
    with pytest.raises(SystemExit, match='1 others, first x.jpg'):
        run_main(module, celeba_hq)


def test_celeba_hq_in_folders_of_mmagic(
    converter, tmp_path, make_images, run_main
):
    make_images(tmp_path, [f'train_256/all_256/{i}.png' for i in range(12)])
    make_images(tmp_path, ['test_256/all_256/99.png'])
    run_main(converter('celeba_hq'), tmp_path, '--layout', 'mmagic')
    lists = lists_of(tmp_path)
    assert lists['test'] == ['test_256/all_256/99.png']
    assert lists['val'] and len(lists['train']) + len(lists['val']) == 12


def test_ffhq_by_number(converter, tmp_path, make_images, run_main):
    make_images(
        tmp_path,
        [
            '00000/00000.png',
            '59000/59999.png',
            '60000/60000.png',
            '64000/64999.png',
            '65000/65000.png',
            '69000/69999.png',
        ],
    )
    module = converter('ffhq')
    with pytest.raises(SystemExit, match='60000 in train, got 2'):
        run_main(module, tmp_path)
    run_main(module, tmp_path, '--allow-incomplete')
    assert lists_of(tmp_path) == dict(
        train=['00000/00000.png', '59000/59999.png'],
        val=['60000/60000.png', '64000/64999.png'],
        test=['65000/65000.png', '69000/69999.png'],
    )


@pytest.fixture
def helen(tmp_path, make_images):
    """Six Helen photographs with a table that puts a box in each."""
    root = tmp_path / 'helen'
    names = [f'{i}_1.png' for i in range(6)]
    make_images(root, names, (80, 100))
    points = np.full((68, 2), 50.0)
    points[0], points[1] = (40, 40), (60, 50)  # box 20 x 10
    rows = [dict(file=name, points=points) for name in names]
    save_points(root / 'landmarks68.npz', rows[1:], 'ibug68')
    (tmp_path / 'test.txt').write_text('0_1.jpg\n3_1\n')
    return root


def test_helen_counts_the_test_images(converter, helen, run_main):
    module = converter('helen')
    test = helen.parent / 'test.txt'
    with pytest.raises(SystemExit, match='50 test images.*got 2 names'):
        run_main(module, helen, '--test', test)
    run_main(module, helen, '--test', test, '--allow-incomplete')
    lists = lists_of(helen)
    assert lists['test'] == ['0_1.png', '3_1.png']
    assert lists['val'] and len(lists['train']) + len(lists['val']) == 4
    names = [f'{i}_1.jpg' for i in range(60)]
    splits = module.divide(names, {f'{i}_1' for i in range(50)}, False)
    assert splits['test'] == names[:50]


def test_helen_faces_are_cropped_by_their_points(converter, helen, run_main):
    out = helen.parent / 'out'
    args = (
        '--test',
        helen.parent / 'test.txt',
        '--allow-incomplete',
        '--landmarks',
        helen / 'landmarks68.npz',
        '--out',
    )
    with pytest.raises(SystemExit, match='2'):
        run_main(converter('helen'), helen, *args, helen / 'inside')
    run_main(converter('helen'), helen, *args, out)
    # box x 40-60, y 40-50, center (50, 45) moved up by 2, side 32
    image = np.asarray(Image.open(helen / '1_1.png'))
    np.testing.assert_array_equal(
        np.asarray(Image.open(out / 'crops/1_1.png.png')), image[27:59, 34:66]
    )
    points = LandmarkTable.load(out / 'landmarks68.npz').points_of(
        'crops/1_1.png.png'
    )
    np.testing.assert_allclose(points[0], [6, 13])
    # the photograph without a row is listed, not fatal
    assert lists_of(out)['test'] == ['crops/3_1.png.png']
    assert '0_1.png' in (out / 'bad_files.csv').read_text()


def test_helen_of_test_images_alone_is_for_tests(
    converter, helen, run_main, capsys
):
    """The 50 faces that DIC's authors hand out."""
    run_main(converter('helen'), helen, '--test', helen, '--allow-incomplete')
    text = capsys.readouterr().out
    assert '0 train, 0 val, 6 test: nothing to train on or validate on' in text
    assert 'is ready' not in text


def test_unreadable_images_alone_leave_earlier_lists(
    converter, helen, run_main
):
    args = (converter('helen'), helen, '--test', helen, '--allow-incomplete')
    run_main(*args)
    before = lists_of(helen)
    (helen / 'conversion.jsonl').unlink()
    for image in helen.glob('*.png'):
        image.write_bytes(b'no picture')
    with pytest.raises(SystemExit, match='none that can be used.*bad_files'):
        run_main(*args)
    assert lists_of(helen) == before


def test_helen_without_one_usable_face(converter, helen, run_main):
    for image in helen.glob('*.png'):
        image.write_bytes(b'no picture')
    out = helen.parent / 'out'
    with pytest.raises(SystemExit, match='none that can be used'):
        run_main(
            converter('helen'),
            helen,
            *('--test', helen.parent / 'test.txt', '--allow-incomplete'),
            *('--landmarks', helen / 'landmarks68.npz', '--out', out),
        )
    assert not (out / 'dataset.json').exists()
