# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LR faces are made as in the training of each method."""

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.recipes import read_recipe
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.models import METHODS
from mmfacesr.models.common.facts import Facts

ENLARGING = [
    pytest.param(facts, id=f'{room}-{name}')
    for room, method in METHODS.items()
    for name, facts in method.facts.items()
    if facts.scale > 1
]


def by_pillow(face: np.ndarray, side: int) -> np.ndarray:
    image = Image.fromarray(face.astype(np.uint8))
    return np.array(image.resize((side, side), Image.BICUBIC))


@pytest.mark.parametrize('facts', ENLARGING)
def test_a_face_of_full_size_is_reduced_by_the_recipe(facts: Facts) -> None:
    """Byte for byte what the transforms of the training make of it."""
    import mmfacesr.datasets  # noqa: F401  registers

    init_default_scope('mmagic')
    face, _ = render_face(7, facts.gt_size)
    sample = dict(gt=face, gt_channel_order='rgb', gt_color_type='color')
    wanted = Compose(read_recipe(facts.lr_recipe))(sample)['img']
    network = FaceNetwork(facts, lambda batch: batch)
    np.testing.assert_array_equal(network.lr_of(face), wanted)
    assert network.native_side(1000) == facts.gt_size


@pytest.mark.parametrize('facts', ENLARGING)
def test_a_face_of_lr_size_is_the_lr_face(facts: Facts) -> None:
    network = FaceNetwork(facts, lambda batch: batch)
    side = network.native_side(facts.lr_size)
    face, _ = render_face(7, 64)
    face = face[:side, :side]
    assert side == facts.lr_size
    np.testing.assert_array_equal(network.lr_of(face), face)


def test_a_recipe_that_is_no_reduction_is_refused() -> None:
    facts = METHODS['dic'].facts['x8'].to_dict()
    blind = Facts(**{**facts, 'lr_recipe': 'blind_x8'})
    with pytest.raises(ValueError, match='a recipe of reductions'):
        FaceNetwork(blind, lambda batch: batch)


@pytest.mark.parametrize('facts', ENLARGING)
def test_back_projection_gives_back_what_was_there(facts: Facts) -> None:
    """Half of the wrong color and detail is gone by each pass, and more."""
    network = FaceNetwork(facts, lambda batch: batch)
    face = render_face(7, facts.gt_size)[0]
    lr = by_pillow(face, facts.lr_size)
    wrong = face[::-1].astype(np.float32) * 0.5 + 70
    found = network.back_project(wrong, lr)
    assert found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= 255
    before, after = (
        np.square(by_pillow(np.rint(image), facts.lr_size) - 1.0 * lr)
        for image in (wrong, found)
    )
    assert after.mean() < before.mean() / 16
    # Detail that an LR face cannot show is the network's.
    fine = np.indices((facts.gt_size, facts.gt_size)).sum(0) % 2 * 8 - 4
    sharp = face + fine[..., None].astype(np.float32)
    kept = network.back_project(sharp.clip(0, 255), lr) - face
    assert np.abs(kept - fine[..., None]).mean() < 1


@pytest.mark.parametrize('side', [20, 24, 40])
def test_what_a_larger_face_shows_is_kept(side: int) -> None:
    """A network sees it at 16 pixels; its own pixels say more."""
    facts = METHODS['dic'].facts['x8']
    network = FaceNetwork(facts, lambda batch: batch)
    face = render_face(7, 128)[0]
    crop = np.array(Image.fromarray(face).resize((side, side), Image.BICUBIC))
    lr = Image.fromarray(network.lr_of(crop))
    seen = np.float32(lr.resize((128, 128), Image.BICUBIC))
    errors = [
        np.square(image - face).mean()
        for image in (
            network.back_project(seen, crop),
            np.float32(Image.fromarray(crop).resize((128, 128), 3)),
            network.back_project(seen, np.array(lr)),
        )
    ]
    assert errors[0] < errors[1] < errors[2]


def test_a_face_that_agrees_stays() -> None:
    facts = METHODS['dic'].facts['x8']
    network = FaceNetwork(facts, lambda batch: batch)
    face = render_face(7, 128)[0].astype(np.float32)
    lr = network.lr_of(face.astype(np.uint8))
    np.testing.assert_array_equal(network.back_project(face, lr), face)


def test_a_network_that_does_not_enlarge_is_left_alone() -> None:
    facts = METHODS['sparnet'].facts['hd']
    network = FaceNetwork(facts, lambda batch: batch)
    face = np.zeros((512, 512, 3), np.float32)
    assert network.back_project(face, face.astype(np.uint8)) is face
