# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Readers of annotation on hand-made files."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from odd_names import ODD_NAMES

from mmfacesr.faces.detection import (
    CelebAAnnotation,
    CSVAnnotation,
    PTSAnnotation,
)
from mmfacesr.faces.table import LandmarkError

IMAGE = np.zeros((8, 8, 3), np.uint8)
CELEBA = """2
lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x ...
000001.jpg 69  109  106  113   77  142   73  152  108  154
000002.jpg 69  110  107  112   81  135   70  151  108  153
"""


def write_pts(path: Path, points: np.ndarray) -> None:
    """An iBUG file; points are given 1-based."""
    lines = '\n'.join(f'{x} {y}' for x, y in points)
    path.write_text(f'version: 1\nn_points:  {len(points)}\n{{\n{lines}\n}}\n')


def test_celeba_file(tmp_path: Path) -> None:
    (tmp_path / 'list.txt').write_text(CELEBA)
    source = CelebAAnnotation(tmp_path / 'list.txt')
    face = source.find('img_align_celeba/000002.jpg', IMAGE)
    assert source.scheme == 'celeba5'
    assert face.points.tolist() == [
        [69, 110],
        [107, 112],
        [81, 135],
        [70, 151],
        [108, 153],
    ]
    assert face.box.tolist() == [69, 110, 108, 153]
    with pytest.raises(LandmarkError, match='000003.jpg.*2 annotated'):
        source.find('000003.jpg', IMAGE)


@pytest.mark.parametrize(
    'text, message',
    [
        (CELEBA.replace('2\n', '3\n', 1), '3 different images.*got 2'),
        (CELEBA.replace('153', ''), '10 values.*line 4, got 9'),
        (CELEBA.replace('153', 'x'), 'line 4'),
        ('a b c\n', 'line 1'),
        ('²\n\n', 'line 1'),
        (CELEBA.replace('000002', '000001'), '2 different images.*got 1'),
    ],
)
def test_damaged_celeba_file(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'list.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        CelebAAnnotation(tmp_path / 'list.txt')


def csv_text(num: int, values: list) -> str:
    """One row of a CSV annotation."""
    header = ','.join(f'x{k},y{k}' for k in range(num))
    return f'file,{header}\ntrain/a.jpg,{",".join(map(str, values))}\n'


def test_csv_of_68_points(tmp_path: Path) -> None:
    path = tmp_path / 'landmarks68.csv'
    path.write_text(csv_text(68, list(range(136))))
    source = CSVAnnotation(path)
    points = source.find('train/a.jpg', IMAGE).points
    assert source.files == ['train/a.jpg'] and source.scheme == 'ibug68'
    assert points.tolist() == [[2 * k, 2 * k + 1] for k in range(68)]


def test_csv_edited_by_hand(tmp_path: Path) -> None:
    """Blank lines, a byte order mark, Windows line ends, odd names."""
    text = io.StringIO(newline='')
    writer = csv.writer(text, lineterminator='\r\n\r\n')
    writer.writerow(csv_text(5, []).splitlines()[0].split(','))
    writer.writerow([' ', ''])
    writer.writerows([name, *[k] * 10] for k, name in enumerate(ODD_NAMES))
    data = os.fsencode(text.getvalue())
    (tmp_path / 'a.csv').write_bytes(b'\xef\xbb\xbf' + data)
    source = CSVAnnotation(tmp_path / 'a.csv')
    assert source.files == ODD_NAMES
    assert (source.find(ODD_NAMES[3], IMAGE).points == 3).all()


@pytest.mark.parametrize(
    'text, message',
    [
        (csv_text(5, [1] * 10) + '\n\na.jpg,1,2', 'line 5, got 2'),
        (csv_text(5, [1] * 10) + 'b.jpg,' + 'x,' * 9 + '1', 'line 3'),
        (csv_text(5, [1] * 10) + 'train/a.jpg,' + '1,' * 9 + '1', 'line 3'),
        (csv_text(5, [1] * 10) + 'a' * 200_000, 'line 3.*limit'),
        (csv_text(5, [1] * 10).replace(',', ';'), "commas.*'file;x0"),
        (csv_text(5, [1] * 10).replace(',', '\t'), 'line 1, got 1 columns'),
        (csv_text(68, [1] * 135), 'line 2, got 135'),
        (csv_text(68, [1] * 135 + ['nan']), 'finite.*line 2'),
        (csv_text(7, [1] * 14), 'header'),
        ('', 'header'),
    ],
)
def test_damaged_csv(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / 'a.csv').write_text(text)
    with pytest.raises(ValueError, match=message):
        CSVAnnotation(tmp_path / 'a.csv')


def test_pts_is_one_based(tmp_path: Path) -> None:
    points = np.arange(136).reshape(68, 2) + 1.5
    (tmp_path / 'train').mkdir()
    write_pts(tmp_path / 'train/a.pts', points)
    face = PTSAnnotation(tmp_path).find('train/a.jpg', IMAGE)
    assert np.array_equal(face.points, points - 1)
    assert face.score == 1


def test_bad_pts_names_the_image(tmp_path: Path) -> None:
    source = PTSAnnotation(tmp_path)
    with pytest.raises(LandmarkError, match='gone.jpg'):
        source.find('gone.jpg', IMAGE)
    write_pts(tmp_path / 'few.pts', np.zeros((5, 2)))
    with pytest.raises(LandmarkError, match='few.jpg.*136 values'):
        source.find('few.jpg', IMAGE)
    (tmp_path / 'open.pts').write_text('version: 1\n{\n1 2\n')
    with pytest.raises(LandmarkError, match='open.jpg.*block'):
        source.find('open.jpg', IMAGE)


def test_csv_of_another_order_or_without_header(tmp_path: Path) -> None:
    """Both have as many columns, and would give other points."""
    path = tmp_path / 'landmarks.csv'
    values = ','.join(map(str, range(10)))
    other = ','.join(f'{axis}{k}' for axis in 'xy' for k in range(5))
    for text in (f'file,{other}\na.jpg,{values}\n', f'a.jpg,{values}\n'):
        path.write_text(text)
        with pytest.raises(ValueError, match='file,x0,y0,x1,y1.*this order'):
            CSVAnnotation(path)
