# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Any folder of photographs: framing and lists with a stand-in finder."""

import csv
import json
import os

import numpy as np
import pytest
from odd_names import ODD_NAMES

from mmfacesr.datasets import FaceFolder
from mmfacesr.datasets.data_root import SPLITS, read_list
from mmfacesr.faces.framing import MARGIN, TEMPLATE_5
from mmfacesr.faces.schemes import five_from_68
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image, write_image


def face_at(x: float, y: float, scale: float) -> np.ndarray:
    """68 points that the crop enlarges 1 / scale times."""
    five = (TEMPLATE_5 + MARGIN) * scale + (x, y)
    points = np.repeat(five[2:3], 68, 0)
    points[36:42], points[42:48] = five[0], five[1]
    points[48], points[54] = five[3], five[4]
    return points


class StandInFinder:
    """Two faces in photographs of odd brightness, none in the others."""

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        """See FaceFinder."""
        if image[0, 0, 0] % 2 == 0:
            return []
        return [face_at(5, 7, 1), face_at(0, 0, 0.5)]


@pytest.fixture
def folder(converter, monkeypatch):
    """The converter with the stand-in finder."""
    module = converter('folder')
    monkeypatch.setattr(module, 'face_finder', StandInFinder)
    return module


@pytest.fixture
def photos(tmp_path):
    """Twelve photographs, the last without a face, and a bad file."""
    root = tmp_path / 'my photos ü'
    for i in range(12):
        pixels = np.random.default_rng(i).integers(
            0, 256, (200, 200, 3), dtype=np.uint8
        )
        pixels[0, 0] = 1 if i < 11 else 0
        write_image(root / f'd{i % 2}/{i}.png', pixels)
    (root / 'bad.JPG').write_bytes(b'\xff\xd8\xff')
    return root


def bad_files(out) -> dict[str, str]:
    """Content of bad_files.csv."""
    with (out / 'bad_files.csv').open(encoding='utf-8') as stream:
        return dict(list(csv.reader(stream))[1:])


def test_faces_are_cropped_listed_and_mapped(
    folder, photos, tmp_path, run_main
):
    out = tmp_path / 'out'
    run_main(folder, photos, '--out', out)
    lists = {split: read_list(out / f'{split}.txt') for split in SPLITS}
    files = sorted(sum(lists.values(), []))
    assert files == sorted(f'faces/d{i % 2}/{i}.png.0.png' for i in range(11))
    assert all(lists.values())
    # The face stood at (5, 7) in its final size: a plain cut.
    np.testing.assert_array_equal(
        read_image(out / 'faces/d0/0.png.0.png'),
        read_image(photos / 'd0/0.png')[7:167, 5:165],
    )
    table = LandmarkTable.load(out / 'landmarks68.npz')
    np.testing.assert_allclose(
        five_from_68(table.points_of('faces/d0/0.png.0.png')),
        TEMPLATE_5 + MARGIN,
        atol=1e-4,
    )
    sample = FaceFolder(str(out), 'train')[0]
    assert sample['crop_size'] == 128
    assert sample['landmark_table'] == str(out / 'landmarks68.npz')
    bad = bad_files(out)
    assert bad['d1/11.png'] == 'no face found'
    assert 'bad.JPG' in bad
    assert 'enlarged 2.00 times' in bad['d0/0.png']


def test_faces_of_a_photograph_stay_in_one_split(
    folder, photos, tmp_path, run_main
):
    out = tmp_path / 'out'
    run_main(folder, photos, '--out', out, '--max-enlargement', 2)
    for split in SPLITS:
        names = read_list(out / f'{split}.txt')
        first = [n for n in names if n.endswith('.0.png')]
        assert names == sorted(first + [n[:-5] + '1.png' for n in first])
    # another size of the same crops would mix two settings
    with pytest.raises(SystemExit, match='another output folder'):
        run_main(folder, photos, '--out', out)


def test_second_run_finds_nothing_to_do(
    folder, photos, tmp_path, run_main, monkeypatch
):
    out = tmp_path / 'out'
    run_main(folder, photos, '--out', out)
    before = {path: path.stat().st_mtime_ns for path in out.rglob('*.0.png')}
    run_main(folder, photos, '--out', out)
    assert before == {
        path: path.stat().st_mtime_ns for path in out.rglob('*.0.png')
    }


def test_odd_names_and_copies(folder, photos, tmp_path, run_main, capsys):
    """Every photograph ends in a list; one photograph under several names."""
    content = (photos / 'd0/0.png').read_bytes()
    root = tmp_path / os.fsdecode(b'odd\xff')
    for name in ODD_NAMES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / 'other.png').write_bytes((photos / 'd1/1.png').read_bytes())
    (root / 'third.png').write_bytes((photos / 'd0/2.png').read_bytes())
    out = tmp_path / os.fsdecode(b'out\xfe')
    run_main(folder, root, '--out', out)
    lists = {split: read_list(out / f'{split}.txt') for split in SPLITS}
    assert sorted(map(len, lists.values())) == [1, 1, len(ODD_NAMES)]
    for names in lists.values():
        assert all((out / name).is_file() for name in names)
    assert (
        f'{len(ODD_NAMES) - 1} images have the cont' in capsys.readouterr().out
    )
    assert len(FaceFolder(str(out))) == len(ODD_NAMES) + 2
    run_main(folder, root, '--whole')
    assert sorted(
        sum((read_list(root / f'{split}.txt') for split in SPLITS), [])
    ) == list_images(root)
    assert json.loads((root / 'dataset.json').read_text())['name']


@pytest.mark.parametrize('whole', [False, True])
def test_folders_of_splits_stay_splits(
    folder, photos, tmp_path, run_main, whole
):
    (photos / 'bad.JPG').unlink()
    (photos / 'd0').rename(photos / 'Training')
    (photos / 'd1').rename(photos / 'TEST')
    out = photos if whole else tmp_path / 'out'
    args = ['--whole'] if whole else ['--out', out]
    run_main(folder, photos, *args)
    lists = {split: read_list(out / f'{split}.txt') for split in SPLITS}
    assert len(lists['train']) == 6 and lists['val'] == []
    assert len(lists['test']) == (6 if whole else 5)
    assert all('Training/' in name for name in lists['train'])
    assert all('TEST/' in name for name in lists['test'])
    write_image(photos / 'loose.png', np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(SystemExit, match='1 beside them: loose.png'):
        run_main(folder, photos, *args)


def test_lr_images_are_not_listed(folder, tmp_path, make_images, run_main):
    make_images(tmp_path, ['HR/a.png', 'LR/a.png'])
    with pytest.raises(SystemExit, match='LR/, whose name'):
        run_main(folder, tmp_path, '--whole')


def test_no_face_at_all_is_one_clear_line(folder, tmp_path, run_main):
    write_image(tmp_path / 'p/a.png', np.zeros((50, 50, 3), np.uint8))
    with pytest.raises(SystemExit, match='found none.*--whole'):
        run_main(folder, tmp_path / 'p', '--out', tmp_path / 'out')
    with pytest.raises(SystemExit, match='does not exist'):
        run_main(folder, tmp_path / 'no', '--out', tmp_path / 'out')


def test_whole_images_stay_in_place(folder, photos, run_main, capsys):
    run_main(folder, photos, '--whole')
    names = sum((read_list(photos / f'{split}.txt') for split in SPLITS), [])
    assert sorted(names) == sorted(f'd{i % 2}/{i}.png' for i in range(12))
    assert list(bad_files(photos)) == ['bad.JPG']
    info = json.loads((photos / 'dataset.json').read_text())
    assert info['crop_size'] is None and info['name'] == 'my photos ü'
    for args in ([], ['--whole', '--out', 'x'], ['--out', photos / 'in']):
        with pytest.raises(SystemExit, match='2'):
            run_main(folder, photos, *args)
