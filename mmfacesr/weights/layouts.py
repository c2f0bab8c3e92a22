# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every naming of weights that mmfacesr can read: the one place to declare.

A layout tells how others name what we name. Its rules turn one of our
state-dict keys into theirs; prefixes such as ``generator.`` and wrappers such
as ``state_dict`` need no rule, `matching` finds them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

Rule = tuple[str, str | Callable[[re.Match], str]]


@dataclass(frozen=True)
class Layout:
    """One naming of weights.

    Args:
        name (str): Name that a load record carries.
        rules (tuple[Rule, ...]): Pattern in our key and its replacement, as
            for `re.sub`, applied one after the other.
        unused (str): Pattern, as for `re.fullmatch`, of their keys that the
            network makes no use of or derives. Defaults to '', none.
        bgr_inputs (str): Pattern of our keys of convolutions that take an
            image; theirs take it as BGR. Defaults to '', none.
        bgr_outputs (str): The same for those that give an image.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    unused: str = ''
    bgr_inputs: str = ''
    bgr_outputs: str = ''

    def key(self, ours: str) -> str:
        """Return the name in this layout of one of our keys."""
        for pattern, replacement in self.rules:
            ours = re.sub(pattern, replacement, ours)
        return ours

    def uses(self, theirs: str) -> bool:
        """Say whether one of their keys holds what we need."""
        return not re.fullmatch(self.unused, theirs)

    def value(self, ours: str, value: Tensor) -> Tensor:
        """Turn a value between BGR and RGB, where the layout asks for it.

        It is its own inverse: the same call serves both ways.

        Args:
            ours (str): One of our keys.
            value (Tensor): Its value in this layout, or in ours.

        Returns:
            Tensor: The value in the other of the two.
        """
        if re.fullmatch(self.bgr_inputs, ours):
            return value.flip(1)
        if re.fullmatch(self.bgr_outputs, ours):
            return value.flip(0)
        return value


def _hourglass_level(match: re.Match) -> str:
    """Name a block by its level, 4 outermost, instead of by nesting."""
    level = 4 - match[1].count('low2.')
    place = ('up1', 'low1', 'low3').index(match[2]) + 1
    return f'hg.res{level}_{place}.'


# Our flat numbering of LightCNN-9 against groups of two layers.
_LIGHT_CNN_LAYERS = {
    '2': '2.conv_a',
    '3': '2.conv',
    '5': '4.conv_a',
    '6': '4.conv',
    '8': '6.conv_a',
    '9': '6.conv',
    '10': '7.conv_a',
    '11': '7.conv',
}

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
        (
            r'^features\.(\d+)\.',
            lambda match: (
                'features.' + _LIGHT_CNN_LAYERS.get(match[1], match[1]) + '.'
            ),
        ),
    ),
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
)

# Ours, and torch's older way, against torch.nn.utils.parametrizations.
SPECTRAL_NORM_PARAMETRIZED = Layout(
    'spectral-norm-parametrized',
    (
        (r'\bweight_orig$', 'parametrizations.weight.original'),
        (r'\bweight_([uv])$', r'parametrizations.weight.0._\1'),
    ),
)

# Trained on BGR images; its mean shift is never called, its position index
# follows from the size of a window.
ELSFACE_AUTHORS = Layout(
    'elsface-authors',
    (
        (r'^shallow\.', 'head_x2.0.'),
        (r'^style_encoder\.stages\.', 'encoder.encoder.'),
        (r'^cnn_block\.', 'cnn_x2_1.0.'),
        (r'^embed_norm\.', 'patch_embed_1.norm.'),
        (r'^swin_group\.blocks\.', 'layers_1.0.residual_group.blocks.'),
        (r'\.mlp\.0\.', '.mlp.fc1.'),
        (r'\.mlp\.2\.', '.mlp.fc2.'),
        (r'^swin_group\.conv\.', 'layers_1.0.conv.'),
        (r'^norm\.', 'norm_1.'),
        (r'^after_body\.', 'conv_after_body_1.'),
        (r'^refine\.(\d+)\.high_frequency\.', r't_tail_x2.0.\1.hf_block.'),
        (r'^refine\.(\d+)\.blocks\.', r't_tail_x2.0.\1.main.0.'),
        (r'^tail\.0\.', 'tail_x2.0.0.0.'),
        (r'^tail\.2\.', 'tail_x2.0.1.'),
    ),
    unused=r'(sub_mean|add_mean)\..*|.*\.(relative_position_index|attn_mask)',
    bgr_inputs=r'(shallow\.0|style_encoder\.stages\.0\.0)\.weight',
    bgr_outputs=r'tail\.2\.(weight|bias)',
)

# Tried in this order. Ours comes first; MMagic's DICNet and LightCNN and the
# released SPARNets use the same keys.
LAYOUTS = (
    Layout('mmfacesr'),
    DIC_AUTHORS,
    DIC_AUTHORS_EVALUATION,
    ELSFACE_AUTHORS,
    SPECTRAL_NORM_PARAMETRIZED,
)
