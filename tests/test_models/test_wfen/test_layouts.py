# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The authors' naming of WFEN's weights, and their fixed Haar filters."""

from collections.abc import Callable

import pytest
import torch

from mmfacesr.checkpoint import WeightsError, load_weights
from mmfacesr.models.wfen import WFEN
from mmfacesr.models.wfen.layouts import WFEN_AUTHORS, haar_filters


@pytest.fixture(scope='module')
def network() -> WFEN:
    """The released network."""
    return WFEN()


def test_keys_and_shapes_are_those_of_a_released_file(
    network: WFEN, wfen_keys: dict
) -> None:
    found = {
        WFEN_AUTHORS.key(key): list(value.shape)
        for key, value in network.state_dict().items()
    }
    assert len(found) == len(network.state_dict())
    filters = {
        key: list(value.shape) for key, value in haar_filters(network).items()
    }
    assert not found.keys() & filters.keys()
    assert len(found | filters) == 363
    assert found | filters == wfen_keys['network']


def test_filters_are_those_of_a_released_file(
    network: WFEN, wfen_weights: Callable
) -> None:
    filters, weights = haar_filters(network), wfen_weights('network')
    assert sum(value.numel() for value in filters.values()) == 15_360
    for key, value in filters.items():
        assert torch.equal(value, weights[key]), key


def test_narrow_and_deep_networks_are_named_alike() -> None:
    network = WFEN(mid_channels=8, num_blocks=12)
    names = {WFEN_AUTHORS.key(key) for key in network.state_dict()}
    assert len(names) == len(network.state_dict())
    for block in ('Transformer0', 'Transformer.0', 'Transformer.10'):
        key = 'modulec_att.att_0.qkv_dwconv.weight'
        assert f'{block}.{key}' in names
    shapes = {
        key: tuple(value.shape) for key, value in haar_filters(network).items()
    }
    assert shapes['HaarDownsample3.HaarWavelet.haar_weights'] == (128, 1, 2, 2)
    part = 'HaarFeatureFusion3.InverseHaarWavelet'
    assert shapes[f'{part}.haar_weights'] == (32, 1, 2, 2)


FILTERS = 'HaarDownsample2.HaarWavelet.haar_weights'


def test_released_file_is_read_and_written(wfen_weights: Callable) -> None:
    network, content = WFEN(), wfen_weights('network')
    assert load_weights(network, content).layout == 'wfen-authors'
    written = WFEN_AUTHORS.content({'generator': network})
    assert written.keys() == content.keys()
    for key, value in written.items():
        assert torch.equal(value, content[key]), key


def test_other_filters_are_refused(wfen_weights: Callable) -> None:
    content = wfen_weights('network')
    content[FILTERS] = 2 * content[FILTERS]
    with pytest.raises(WeightsError, match=f'constants.*{FILTERS}'):
        load_weights(WFEN(), content)


def test_files_without_filters_are_read(wfen_weights: Callable) -> None:
    content = wfen_weights('network')
    plain = {k: v for k, v in content.items() if 'haar' not in k}
    assert load_weights(WFEN(), plain).layout == 'wfen-authors'
