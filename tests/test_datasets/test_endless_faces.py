# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Faces that are drawn while a training asks for them."""

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader

from mmfacesr.datasets import SyntheticFaces
from mmfacesr.datasets.synthetic_faces import face_seeds, render_face

DRAW = [dict(type='DrawFace', size=64)]


def test_a_sample_is_the_face_of_its_person() -> None:
    faces = SyntheticFaces('val', 5, pipeline=DRAW)
    assert len(faces) == 5
    sample = faces[2]
    picture, points = render_face(face_seeds('val', 5)[2], 64)
    np.testing.assert_array_equal(sample['gt'], picture)
    np.testing.assert_array_equal(sample['gt_landmark'], points)
    assert sample['gt_channel_order'] == 'rgb'
    assert sample['ori_gt_shape'] == (64, 64, 3)


def test_chosen_indices_are_those_persons() -> None:
    seeds = face_seeds('train', 9)
    faces = SyntheticFaces('train', 9, indices=[7, 2])
    found = [faces.get_data_info(i)['seed'] for i in range(len(faces))]
    assert found == [seeds[7], seeds[2]]
    assert faces.get_data_info(-1)['sample_idx'] == 1


def test_no_split_shares_a_person() -> None:
    splits = [
        {faces.get_data_info(i)['seed'] for i in range(len(faces))}
        for faces in (SyntheticFaces(s, 30) for s in ('train', 'val', 'test'))
    ]
    assert len(set.union(*splits)) == 90
    names = {
        SyntheticFaces('train', 30).get_data_info(i)['file'] for i in range(30)
    }
    assert len(names) == 30


def test_other_processes_draw_the_same() -> None:
    faces = SyntheticFaces('test', 3, pipeline=DRAW)
    loader = DataLoader(faces, 3, num_workers=1, collate_fn=pseudo_collate)
    (batch,) = loader
    for picture, face in zip(batch['gt'], faces):
        np.testing.assert_array_equal(picture, face['gt'])


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match='split'):
        SyntheticFaces('all', 3)
    with pytest.raises(ValueError, match='faces in train'):
        SyntheticFaces('train', 2_000_000)
    with pytest.raises(IndexError):
        SyntheticFaces('train', 3).get_data_info(3)
