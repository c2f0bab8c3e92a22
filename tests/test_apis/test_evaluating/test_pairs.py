# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Pairs by name, and every way in which two folders do not fit."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.evaluating.pairs import find_pairs
from mmfacesr.utils.images import UnreadableImageError, write_image

Folders = tuple[Path, Path]


def test_names_pair_and_not_the_order(folders: Folders) -> None:
    """Other endings sort elsewhere: 'three.jpg' goes with 'three.png'."""
    sr, hr = folders
    pixels = np.zeros((48, 40, 3), np.uint8)
    (sr / 'three.png').unlink()
    Image.fromarray(pixels).save(sr / 'three.webp')
    pairs = find_pairs(sr, hr, hr)
    assert [pair.name for pair in pairs] == [
        'a/one',
        'a/two',
        'b/one',
        'three',
    ]
    assert pairs[3].sr == str(sr / 'three.webp')
    assert pairs[3].hr == pairs[3].lr == str(hr / 'three.png')


def test_results_may_have_a_suffix(folders: Folders) -> None:
    sr, hr = folders
    for path in sorted(sr.rglob('*.png')):
        path.rename(path.with_name(f'{path.stem}_sr.png'))
    assert len(find_pairs(sr, hr, suffix='_sr')) == 4
    with pytest.raises(ValueError, match='say --suffix _sr'):
        find_pairs(sr, hr)


def test_no_value_of_half_a_set(folders: Folders) -> None:
    sr, hr = folders
    (sr / 'a/two.png').rename(sr / 'a/four.png')
    with pytest.raises(ValueError) as error:
        find_pairs(sr, hr)
    said = str(error.value)
    assert '1 are missing (a/two)' in said
    assert '1 have no ground truth (a/four)' in said


def test_inputs_are_checked_too(folders: Folders, tmp_path: Path) -> None:
    sr, hr = folders
    shutil.copytree(hr, tmp_path / 'lr')
    (tmp_path / 'lr/three.png').unlink()
    with pytest.raises(ValueError, match=r'missing \(three\)'):
        find_pairs(sr, hr, tmp_path / 'lr')


def test_two_files_of_one_name(folders: Folders) -> None:
    sr, hr = folders
    Image.new('RGB', (40, 48)).save(sr / 'three.webp')
    with pytest.raises(ValueError, match='one image of each name'):
        find_pairs(sr, hr)


def test_every_wrong_size_is_named(folders: Folders) -> None:
    sr, hr = folders
    for name in ('three', 'b/one'):
        write_image(sr / f'{name}.png', np.zeros((40, 48, 3), np.uint8))
    with pytest.raises(ValueError) as error:
        find_pairs(sr, hr)
    assert '2 of 4' in str(error.value)
    assert 'b/one (48x40 for 40x48)' in str(error.value)
    assert 'three (48x40 for 40x48)' in str(error.value)


def test_a_file_that_is_no_picture(folders: Folders) -> None:
    sr, hr = folders
    (sr / 'three.png').write_bytes(b'no picture')
    with pytest.raises(UnreadableImageError, match=r'three\.png'):
        find_pairs(sr, hr)
