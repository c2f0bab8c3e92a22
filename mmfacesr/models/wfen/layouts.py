# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the authors' files name the weights of WFEN."""

import re
from collections.abc import Callable

import torch
from torch import nn

from mmfacesr.weights.layouts import Layout, Weights

# Filters of the bands a, h, v and d of a cell.
HAAR = torch.tensor(
    [
        [[1, 1], [1, 1]],
        [[1, -1], [1, -1]],
        [[1, 1], [-1, -1]],
        [[1, -1], [-1, 1]],
    ],
    dtype=torch.float32,
)


def _shifted(template: str, by: int = 1) -> Callable[[re.Match], str]:
    """Put the first group, a number, plus another into a template."""
    return lambda match: template.format(int(match[1]) + by)


def haar_filters(network: nn.Module) -> Weights:
    """List what the authors' files hold beside weights.

    Args:
        network (nn.Module): A WFEN; sets how many filters there are.

    Returns:
        Weights: Their key -> filters (4C, 1, 2, 2) of +1 and -1,
        the four bands of a channel one after the other.
    """
    channels = {}
    for i, down in enumerate(network.downs, 1):
        channels[f'HaarDownsample{i}.HaarWavelet'] = down.conv.out_channels
    for i, up in enumerate(network.ups, 1):
        width = up.to_average[-1].out_channels
        channels[f'HaarFeatureFusion{i}.HaarWavelet'] = width
        channels[f'HaarFeatureFusion{i}.InverseHaarWavelet'] = width
    return {
        f'{part}.haar_weights': HAAR.repeat(count, 1, 1).unsqueeze(1)
        for part, count in channels.items()
    }


WFEN_AUTHORS = Layout(
    'wfen-authors',
    (
        (r'\bwindow_layer\.', 'modules_'),
        (r'\bglobal_layer\.', 'modulec_'),
        (r'_attention\.', '_att.att_0.'),
        (r'_feed_forward\.', '_ffd.ffd0.'),
        (r'_attention_norm\.', '_norm.norm_0.body.'),
        (r'_feed_forward_norm\.', '_norm.norm_2.body.'),
        (r'^encoder\.(\d+)\.', _shifted('TransformerDown{}.')),
        (r'^downs\.(\d+)\.conv\.', _shifted('HaarDownsample{}.first_conv.')),
        (r'^details\.(\d+)\.', _shifted('RB{}.')),
        (r'^bottleneck\.0\.', 'Transformer0.'),
        (r'^bottleneck\.(\d+)\.', _shifted('Transformer.{}.', by=-1)),
        (r'^ups\.(\d+)\.', _shifted('HaarFeatureFusion{}.')),
        (r'\.to_average\.', '.RB.'),
        (r'\.to_details\.', '.channel_tranformation.'),  # their spelling
        (r'^decoder\.(\d+)\.', _shifted('TransformerUp{}.')),
    ),
    constants=haar_filters,
)
