# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the authors' files name the weights of SFMNet."""

import re

import torch
from torch import nn

from mmfacesr.weights.layouts import Layout, Weights

BRANCHES = dict(frequency='_fre', spatial='')
PLACES = dict(resize='.0.', first='.1.', second='_mo.0.')


def _stage(match: re.Match) -> str:
    """Name a part of a branch: `frequency.downs.0.first.` -> down1_fre.1."""
    branch, stage, number, place = match.groups()
    if number:
        stage = f'{stage}{int(number) + 1}'
    elif place == 'first':  # of the neck: nothing stands before it
        place = 'resize'
    return stage + BRANCHES[branch] + PLACES[place or 'resize']


def idle_attention(network: nn.Module) -> Weights:
    """List the attention weights that the authors' network never uses.

    Args:
        network (nn.Module): An SFMNet; sets their number and width.

    Returns:
        Weights: Their key -> zeros.
    """
    return {
        f'conv_fuse.{i}.spa_att.{key}': torch.zeros_like(value)
        for i, fusion in enumerate(network.fusions)
        for key, value in fusion.attention.state_dict().items()
    }


# Their names of a fusion's first convolutions are crossed.
SFMNET_AUTHORS = Layout(
    'sfmnet-authors',
    (
        (
            r'^(frequency|spatial)\.(head|tail|neck|down|up)s?\.'
            r'(?:(\d+)\.)?(?:(resize|first|second)\.)?',
            _stage,
        ),
        (r'^(down\d(?:_fre)?\.0)\.(\d)\.', r'\1.layers.\2.layers.'),
        (r'\.conv1\.', '.layers.0.conv.'),
        (r'\.conv2\.', '.layers.1.conv.'),
        (r'\.conv\.', '.layers.'),
        (r'\.scale$', '.re_scale.scale'),
        (r'\.before\.', '.fpre.'),
        (r'\.amplitude\.', '.amp_fuse.'),
        (r'\.phase\.', '.pha_fuse.'),
        (r'\.after\.', '.post.'),
        (r'^fusions\.', 'conv_fuse.'),
        (r'\.from_spatial\.', '.fre.'),
        (r'\.from_frequency\.', '.spa.'),
        (r'\.attention\.', '.fre_att.'),
        (r'\.weigh\.', '.fuse.'),
    ),
    unused=r'conv_fuse\.\d+\.spa_att\..*',
    constants=idle_attention,
)
