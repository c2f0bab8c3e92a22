# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a model gains when LR faces are made in other ways."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio
from torch import Tensor, nn

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.models import METHODS


@pytest.fixture
def tool(repo: Path) -> ModuleType:
    path = repo / 'tools/analysis_tools/measure_kernels.py'
    spec = importlib.util.spec_from_file_location('measure_kernels', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bicubic(lr: Tensor) -> Tensor:
    return nn.functional.interpolate(lr, scale_factor=8, mode='bicubic')


def test_recipes_are_those_that_reduce_alone(tool: ModuleType) -> None:
    assert tool.recipes_of(8) == [
        'area_x8',
        'bicubic_x8',
        'bilinear_chain_x8',
        'blind_x8',
        'matlab_bicubic_x8',
        'opencv_cubic_x8',
        'torch_antialias_x8',
    ]


def test_each_recipe_makes_its_own_lr_faces(tool: ModuleType) -> None:
    faces = [render_face(seed, 128)[0] for seed in range(3)]
    names = ['a.png', 'b.png', 'c.png']
    network = FaceNetwork(METHODS['dic'].facts['x8'], bicubic)
    small = dict(
        bicubic_x8=[Image.fromarray(f).resize((16, 16), 3) for f in faces],
        opencv_cubic_x8=[
            cv2.resize(f, (16, 16), interpolation=cv2.INTER_CUBIC)
            for f in faces
        ],
    )
    for recipe, wanted in small.items():
        lr = tool.lr_faces(faces, names, recipe)
        np.testing.assert_array_equal(lr, np.stack(wanted))
        enlarged, restored, _ = tool.measure(network, faces, lr)
        np.testing.assert_allclose(restored, enlarged, atol=0.4)
        psnrs = [
            peak_signal_noise_ratio(
                face[8:-8, 8:-8],
                np.array(Image.fromarray(x).resize((128, 128), 3))[8:-8, 8:-8],
            )
            for face, x in zip(faces, lr)
        ]
        np.testing.assert_allclose(enlarged, psnrs)
    once, again = (tool.lr_faces(faces, names, 'blind_x8') for _ in range(2))
    np.testing.assert_array_equal(once, again)


def test_the_interval_is_near_that_of_a_normal_mean(tool: ModuleType) -> None:
    gain = np.random.default_rng(3).normal(1.2, 0.7, 200)
    half = 1.96 * gain.std(ddof=1) / np.sqrt(200)
    wanted = gain.mean() - half, gain.mean() + half
    np.testing.assert_allclose(tool.interval(gain), wanted, atol=0.01)
    assert np.isnan(tool.interval(gain[:1])).all()


def test_faces_are_grouped_by_their_names(tool: ModuleType) -> None:
    names = ['lfw_1.jpg', 'helen_7.jpg', 'lfw_2.jpg', '3.jpg']
    groups = tool.groups_of(names, re.compile('^[a-z]+'))
    assert groups == dict(all=[0, 1, 2, 3], lfw=[0, 2], helen=[1])
    assert tool.groups_of(names, None) == dict(all=[0, 1, 2, 3])
