# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the authors of DIC name weights."""

import re

from mmfacesr.models.common.light_cnn import LIGHT_CNN_RULE
from mmfacesr.weights.layouts import Layout, Weights

PARTS = dict(generator='netG', discriminator='netD')


def _hourglass_level(match: re.Match) -> str:
    """Name a block by its level, 4 outermost, instead of by nesting."""
    level = 4 - match[1].count('low2.')
    place = ('up1', 'low1', 'low3').index(match[2]) + 1
    return f'hg.res{level}_{place}.'


_HOURGLASS_RULES = (
    (r'\bhg\.(?:low2\.){4}', 'hg.res_center.'),
    (r'\bhg\.((?:low2\.)*)(up1|low1|low3)\.', _hourglass_level),
)

_LANDMARK_BRANCH_RULES = (
    *_HOURGLASS_RULES,
    (r'^(hour_glass\.|)first_conv\.', r'\1compress_in.'),
    (r'^(hour_glass\.|)last\.0\.', r'\1hg_conv_out.0.'),
    (r'^(hour_glass\.|)last\.1\.', r'\1hg_conv_out.1.conv_block.0.'),
    (r'^(hour_glass\.|)last\.3\.', r'\1hg_conv_out.2.'),
    (r'^hour_glass\.', 'HG.'),
)


def _wrap(parts: dict[str, Weights]) -> dict:
    """Make a file of DIC from a generator alone, else one of DICGAN."""
    if list(parts) == ['generator']:
        return dict(state_dict=parts['generator'])
    return {PARTS[part]: weights for part, weights in parts.items()}


DIC_AUTHORS = Layout(
    'dic-authors',
    (
        *_LANDMARK_BRANCH_RULES,
        (r'^conv_first\.', 'conv_in.'),
        (r'^conv_last\.2\.', 'conv_out.0.'),
        (r'^conv_last\.', 'out.'),
        (r'fusion_block\.conv_first\.', 'fusion_block.conv_in.'),
        (r'fusion_block\.body\.', 'fusion_block.resnet.'),
        (r'block\.conv_first\.', 'block.compress_in.'),
        (r'block\.conv_last\.', 'block.compress_out.'),
        (r'\.up_blocks\.', '.upBlocks.'),
        (r'\.down_blocks\.', '.downBlocks.'),
        (r'\.lr_blocks\.', '.uptranBlocks.'),
        (r'\.hr_blocks\.', '.downtranBlocks.'),
        LIGHT_CNN_RULE,
    ),
    wrap=_wrap,
    holds_both=True,
)

# The landmark network of the authors' evaluation script.
DIC_AUTHORS_EVALUATION = Layout(
    'dic-authors-evaluation',
    (
        *_HOURGLASS_RULES,
        (r'^stem\.', 'pre_conv_block.'),
        (r'^stacks\.(\d+)\.hg\.', r'hg\1.'),
        (r'^stacks\.(\d+)\.res\.', r'hg\1_res1.'),
        (r'^stacks\.(\d+)\.lin\.', r'hg\1_lin1.conv_block.'),
        (r'^stacks\.(\d+)\.pred\.', r'hg\1_conv_pred.'),
        (r'^stacks\.(\d+)\.merge_features\.', r'hg\1_conv1.'),
        (r'^stacks\.(\d+)\.merge_heatmap\.', r'hg\1_conv2.'),
    ),
    wrap=None,
)
