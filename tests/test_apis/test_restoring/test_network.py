# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LR faces are made as in the training of each method."""

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmfacesr.apis.config import read_recipe
from mmfacesr.apis.restoring.network import FaceNetwork
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.models import METHODS
from mmfacesr.models.common.facts import Facts

ENLARGING = [
    pytest.param(facts, id=f'{room}-{name}')
    for room, method in METHODS.items()
    for name, facts in method.facts.items()
    if facts.scale > 1
]


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
