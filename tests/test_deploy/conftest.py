# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small networks of every method, with the facts of faces of 64 pixels."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import nn

from mmfacesr.apis.models import ModelFacts, get_model
from mmfacesr.models import METHODS
from mmfacesr.registry import MODELS

SIDE = 64  # of the smallest face that can be drawn
SPARNET = dict(
    type='SPARNet',
    min_ch=4,
    max_ch=8,
    in_size=SIDE,
    out_size=SIDE,
    min_feat_size=32,
    res_depth=1,
    att_name='spar3d',
    bottleneck_size=32,
)
SMALL = {
    'dic': (
        'x8',
        dict(
            type='DICGenerator',
            mid_channels=4,
            num_blocks=2,
            hg_mid_channels=4,
            num_steps=2,
            num_fusion_blocks=1,
        ),
    ),
    'sparnet': ('x8', SPARNET),
    'sparnet hd': (
        'hd',
        dict(SPARNET, norm_type='in', spectral_norm=True),
    ),
    'pfsrnet': ('x8', dict(type='PFSRNet', mid_channels=8)),
    'elsface x4': (
        'x4',
        dict(
            type='ELSFaceNet',
            lr_size=16,
            mid_channels=6,
            num_cnn_recursions=1,
            num_transformer_recursions=1,
            num_heads=2,
        ),
    ),
    'elsface x8': (
        'x8',
        dict(
            type='ELSFaceNet',
            upscale_factor=8,
            lr_size=8,
            mid_channels=6,
            num_cnn_recursions=1,
            num_transformer_recursions=1,
            num_heads=2,
        ),
    ),
    'wfen': (
        'x8',
        dict(type='WFEN', mid_channels=4, num_blocks=1, init_std=None),
    ),
    'sfmnet': ('x8', dict(type='SFMNet', mid_channels=16, num_blocks=1)),
}


@torch.no_grad()
def settle(network: nn.Module) -> None:
    """Give biases values, as training does.

    Zeros leave attention nothing but rounding where an image is flat: with
    them, WFEN in float32 and in float64 differ by a tenth of the range.
    """
    for name, parameter in network.named_parameters():
        if name.endswith('bias'):
            parameter.add_(0.3 * torch.randn_like(parameter))


@pytest.fixture
def full_model() -> Callable[[str], nn.Module]:
    """Build a network of a config, as if it were trained a little."""

    def build(name: str) -> nn.Module:
        torch.manual_seed(0)
        network = get_model(name)
        settle(network)
        return network

    return build


@pytest.fixture
def small_model() -> Callable[[str], nn.Module]:
    """Build a small network as `get_model` returns a large one."""

    def build(case: str = 'pfsrnet') -> nn.Module:
        torch.manual_seed(0)
        variant, settings = SMALL[case]
        network = MODELS.build(settings).eval()
        settle(network)
        facts = METHODS[case.split()[0]].facts[variant]
        network.facts = ModelFacts(
            **replace(facts, gt_size=SIDE).to_dict(),
            name=case,
            size_requirement=network.size_requirement,
            weights_license='Apache-2.0',
        )
        return network

    return build
