# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the authors of ELSFace name weights."""

import torch
from torch import nn

from mmfacesr.weights.layouts import (
    Layout,
    Weights,
    as_state_dict,
    with_prefix,
)

# The mean color of DIV2K that the unused mean shift holds.
MEAN_COLOR = (0.4488, 0.4371, 0.4040)
PIXEL_RANGE = 255


def _wrap(parts: dict[str, Weights]) -> dict:
    """Make a file of ELSFace, whose keys bear the name of a wrapper."""
    return dict(
        epoch=0, state_dict=with_prefix('model.', as_state_dict(parts))
    )


def _unused_tensors(network: nn.Module) -> Weights:
    """Give the tensors that only the authors' class keeps."""
    identity = torch.eye(3).view(3, 3, 1, 1)
    mean = PIXEL_RANGE * torch.tensor(MEAN_COLOR)
    weights = {
        'sub_mean.weight': identity,
        'sub_mean.bias': -mean,
        'add_mean.weight': identity,
        'add_mean.bias': mean,
    }
    for name, buffer in network.named_buffers():
        if name.endswith('.relative_position_index'):
            weights[ELSFACE_AUTHORS.key(name)] = buffer
    return weights


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
    wrap=_wrap,
    constants=_unused_tensors,
)
