# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The authors' naming of SFMNet's weights, and those never used."""

from collections.abc import Callable

import pytest
import torch

from mmfacesr.checkpoint import WeightsError, load_weights
from mmfacesr.models.sfmnet import SFMNet
from mmfacesr.models.sfmnet.layouts import SFMNET_AUTHORS, idle_attention


@pytest.fixture(scope='module')
def network() -> SFMNet:
    """The released network."""
    return SFMNet()


def test_keys_and_shapes_are_those_of_a_released_file(
    network: SFMNet, sfmnet_keys: dict
) -> None:
    found = {
        SFMNET_AUTHORS.key(key): list(value.shape)
        for key, value in network.state_dict().items()
    }
    assert len(found) == len(network.state_dict()) == 584 - 14 * 6
    idle = {
        key: list(value.shape)
        for key, value in idle_attention(network).items()
    }
    assert not found.keys() & idle.keys()
    assert found | idle == sfmnet_keys['network']


def test_released_file_is_read_and_written(sfmnet_weights: Callable) -> None:
    network, content = SFMNet(), sfmnet_weights('network')
    assert load_weights(network, content).layout == 'sfmnet-authors'
    written = SFMNET_AUTHORS.content({'generator': network})
    assert written.keys() == content.keys()
    for key, value in written.items():
        if '.spa_att.' in key:
            assert not value.any(), 'never used, whatever it is'
        else:
            assert torch.equal(value, content[key]), key


@pytest.mark.parametrize(
    'arguments', [dict(mid_channels=8), dict(mid_channels=8, num_blocks=11)]
)
def test_other_sizes_are_named_alike(arguments: dict) -> None:
    network = SFMNet(**arguments)
    names = {SFMNET_AUTHORS.key(key) for key in network.state_dict()}
    assert len(names) == len(network.state_dict())
    last = arguments.get('num_blocks', 2)
    assert f'up3_mo.0.body.{last}.layers.weight' in names
    assert f'down1.1.body.{last - 1}.layers.1.layers.weight' in names


def test_missing_and_unknown_weights_are_refused() -> None:
    narrow = SFMNet(mid_channels=8)
    content = SFMNET_AUTHORS.content({'generator': narrow})
    key = 'neck_fre_mo.0.pha_fuse.2.weight'
    less = {k: v for k, v in content.items() if k != key}
    with pytest.raises(WeightsError, match=f'missing .{key}'):
        load_weights(narrow, less)
    with pytest.raises(WeightsError, match='other_att'):
        load_weights(narrow, {**content, 'other_att.weight': torch.ones(1)})
