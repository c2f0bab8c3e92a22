# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights of another config are refused by the name of theirs."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mmfacesr.checkpoint import WeightsError, load_weights
from mmfacesr.models.dic import DICGenerator
from mmfacesr.models.dic.layouts import DIC_AUTHORS
from mmfacesr.models.elsface import ELSFaceNet
from mmfacesr.models.identify import configs_that_fit
from mmfacesr.models.sparnet import SPARNet

# Golden list of keys -> a config that the file belongs to, one that not.
FILES = {
    'dic/dic_x8_shapes': (
        'dic_x8c48b6_4xb2-150k_celeba-hq',
        'dic-small_x8c16b2_1xb4-500_synthetic',
    ),
    'sparnet/keys_sparnet': (
        'sparnet_attn2d-x8_1xb32-20e_celeba',
        'sparnet_light-attn3d-x8_1xb32-20e_celeba',
    ),
    'sparnet/keys_sparnethd_attn2d': (
        'sparnet-hd_attn2d_1xb2-10e_ffhq',
        'sparnet-hd_attn3d_1xb2-10e_ffhq',
    ),
    'pfsrnet/generator_keys': (
        'pfsrnet_x8_1xb16-200k_celeba',
        'distilled-fan_1xb16-11k_celeba',
    ),
    'pfsrnet/fan_keys': (
        'distilled-fan_1xb16-11k_celeba',
        'pfsrnet_x8_1xb16-200k_celeba',
    ),
    'elsface/keys': (
        'elsface_x4_1xb16-40e_celeba',
        'elsface_x8_1xb16-40e_celeba',
    ),
}


def file_of(golden: Path, name: str) -> dict[str, Tensor]:
    """A file's keys and shapes; its tensors hold a single zero."""
    shapes = json.loads((golden / f'{name}.json').read_text())
    return {
        key: torch.tensor(0 if key.endswith('tracked') else 0.0).expand(shape)
        for key, shape in shapes.items()
    }


@pytest.mark.parametrize('name', FILES)
def test_released_files_are_known(name: str, golden: Path) -> None:
    right, wrong = FILES[name]
    found = configs_that_fit({'state_dict': file_of(golden, name)})
    assert right in found and wrong not in found


def test_message_names_the_config(golden: Path) -> None:
    network = ELSFaceNet(mid_channels=6, num_heads=2)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    file = {'netG': file_of(golden, 'dic/dic_x8_shapes')}
    with pytest.raises(
        WeightsError,
        match=r'generator of dic_.*dic_x8c48b6_4xb2-150k_celeba-hq',
    ):
        load_weights(network, file)
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_message_says_that_no_config_fits() -> None:
    small = DICGenerator(mid_channels=8, num_blocks=1, hg_mid_channels=16)
    theirs = {DIC_AUTHORS.key(k): v for k, v in small.state_dict().items()}
    with pytest.raises(WeightsError, match='no config of mmfacesr'):
        load_weights(SPARNet(), theirs)
