# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How weights of SPARNet and SPARNetHD are named."""

from mmfacesr.weights.layouts import Layout

# Our names are those of the released weights.
SPARNET_AUTHORS = Layout('sparnet-authors')

# Ours, and torch's older way, against torch.nn.utils.parametrizations.
SPECTRAL_NORM_PARAMETRIZED = Layout(
    'spectral-norm-parametrized',
    (
        (r'\bweight_orig$', 'parametrizations.weight.original'),
        (r'\bweight_([uv])$', r'parametrizations.weight.0._\1'),
    ),
)
