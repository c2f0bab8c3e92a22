# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's released file: keys, unused numbers, order of colors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mmfacesr.checkpoint import LoadRecord, WeightsError, load_weights
from mmfacesr.models import METHODS
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.elsface.layouts import ELSFACE_AUTHORS
from mmfacesr.weights.layouts import MMAGIC, OURS

SMALL = dict(mid_channels=6, num_heads=2)
COLORED = {
    'shallow.0.weight': 1,
    'style_encoder.stages.0.0.weight': 1,
    'tail.2.weight': 0,
    'tail.2.bias': 0,
}
"""Our keys that meet an image -> the axis of its colors."""
BLOCK = 'layers_1.0.residual_group.blocks.0'


def build() -> ELSFaceNet:
    """A narrow network, other weights every time."""
    network = ELSFaceNet(**SMALL)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


def released(network: ELSFaceNet) -> dict[str, Tensor]:
    """What the authors' file would hold, by its own keys.

    Colors are turned here by hand, not by the layout.
    """
    weights = {
        ELSFACE_AUTHORS.key(key): value.flip(COLORED[key])
        if key in COLORED
        else value
        for key, value in network.state_dict().items()
    }
    for name in ('sub_mean', 'add_mean'):
        weights[f'{name}.weight'] = torch.eye(3).view(3, 3, 1, 1)
        weights[f'{name}.bias'] = torch.tensor([114.4, 111.5, 103.0])
    index = network.swin_group.blocks[0].attn.relative_position_index
    weights[f'{BLOCK}.attn.relative_position_index'] = index
    return weights


def below(prefix: str, state: dict) -> dict:
    """Put a prefix before every key."""
    return {prefix + key: value for key, value in state.items()}


def differing(one: ELSFaceNet, other: ELSFaceNet) -> set[str]:
    """Keys whose values differ."""
    weights = other.state_dict()
    return {
        key
        for key, value in one.state_dict().items()
        if not torch.equal(value, weights[key])
    }


def test_keys_and_shapes_are_the_released_ones(golden: Path) -> None:
    theirs = json.loads((golden / 'elsface/keys.json').read_text())
    used = {
        key.removeprefix('model.'): tuple(shape)
        for key, shape in theirs.items()
        if ELSFACE_AUTHORS.uses(key.removeprefix('model.'))
    }
    assert len(theirs) == 178 and len(theirs) - len(used) == 5
    ours = ELSFaceNet().state_dict()
    assert used == {
        ELSFACE_AUTHORS.key(key): tuple(value.shape)
        for key, value in ours.items()
    }


@pytest.mark.parametrize(
    'wrap',
    [
        lambda w: w,
        lambda w: below('model.', w),
        lambda w: below('module.model.', w),
        lambda w: dict(epoch=40, state_dict=below('model.', w)),
        lambda w: dict(
            epoch=40,
            state_dict=below(
                'model.', {k: v for k, v in w.items() if 'mean' not in k}
            ),
        ),
        lambda w: {k: v for k, v in w.items() if 'index' not in k},
    ],
    ids=['plain', 'model', 'ddp', 'file', 'no_mean', 'no_index'],
)
def test_released_file_is_taken(wrap: Callable, tmp_path: Path) -> None:
    wanted, network = build(), build()
    path = tmp_path / 'checkpoint.pth'
    torch.save(wrap(released(wanted)), path)
    record = load_weights(network, path)
    assert (record.layout, record.source) == ('elsface-authors', str(path))
    assert not differing(network, wanted)


def test_a_mask_in_the_file_is_no_fault() -> None:
    wanted, network = build(), build()
    weights = released(wanted)
    weights[f'{BLOCK}.attn_mask'] = torch.zeros(64, 64, 64)
    load_weights(network, weights)
    assert not differing(network, wanted)


@pytest.mark.parametrize(
    'wrap',
    [
        lambda w: w,
        lambda w: dict(state_dict=below('generator.', w)),
        lambda w: below('model.', w),
    ],
    ids=['plain', 'mmengine', 'model'],
)
def test_our_own_file_is_not_turned(wrap: Callable) -> None:
    wanted, network = build(), build()
    record = load_weights(network, wrap(wanted.state_dict()))
    assert record == LoadRecord('mmfacesr', 'state dict', None)
    assert not differing(network, wanted)


def test_colors_alone_are_turned_and_turned_back() -> None:
    turned, network = build(), build()
    weights = network.state_dict()
    value = ELSFACE_AUTHORS.value
    turned.load_state_dict({k: value(k, v) for k, v in weights.items()})
    assert differing(turned, network) == COLORED.keys()
    for key, axis in COLORED.items():
        assert torch.equal(turned.state_dict()[key], weights[key].flip(axis))
    for key, each in weights.items():
        assert torch.equal(value(key, value(key, each)), each), key


def test_no_other_layout_turns_or_drops_anything() -> None:
    layouts = [each for method in METHODS.values() for each in method.layouts]
    others = [OURS, MMAGIC, *layouts]
    others.remove(ELSFACE_AUTHORS)
    image = torch.arange(3.0).view(3, 1)
    for layout in others:
        for key in COLORED:
            assert layout.value(key, image) is image
        assert layout.uses('sub_mean.bias') and layout.uses('a.attn_mask')


def with_another_head(weights: dict) -> None:
    """The authors' unreleased model: two convolutions before the blocks."""
    weights['head_x2.0.0.weight'] = torch.zeros(6, 3, 3, 3)
    weights['head_x2.0.0.bias'] = torch.zeros(6)
    weights['head_x2.1.0.weight'] = torch.zeros(12, 6, 3, 3)
    weights['head_x2.1.0.bias'] = torch.zeros(12)


@pytest.mark.parametrize(
    'spoil, message',
    [
        (
            lambda w: w.pop('tail_x2.0.1.bias'),
            r'elsface-authors: 1 missing \(tail_x2.0.1.bias\)',
        ),
        (
            lambda w: w.update({'sub_std.bias': torch.zeros(3)}),
            r'elsface-authors: 1 unknown \(sub_std.bias\)',
        ),
        (
            lambda w: w.update({'norm_1.bias': torch.zeros(7)}),
            r'elsface-authors: 1 of another shape \(norm_1.bias \(7,\) for '
            r'\(6,\)\)',
        ),
        (with_another_head, r'2 unknown \(head_x2\.1\.0\.bias'),
    ],
    ids=['missing', 'foreign', 'shape', 'sibling'],
)
def test_nothing_is_half_loaded(spoil: Callable, message: str) -> None:
    network, weights = build(), released(build())
    before = build()
    before.load_state_dict(network.state_dict())
    spoil(weights)
    with pytest.raises(WeightsError, match=message):
        load_weights(
            network, dict(epoch=1, state_dict=below('model.', weights))
        )
    assert not differing(network, before)
