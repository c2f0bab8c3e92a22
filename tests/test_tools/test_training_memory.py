# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The count of what is kept for the backward pass."""

import re
import runpy
import sys

import pytest
import torch
from torch import nn


def test_count_by_hand(repo):
    tool = runpy.run_path(str(repo / 'benchmarks/training_memory.py'))
    with torch.device('meta'):
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),  # keeps its input
            nn.ReLU(),  # keeps its output
            nn.Upsample(scale_factor=2),  # keeps nothing
            nn.ReLU(),  # keeps its output
        )
        image = torch.empty(2, 3, 4, 4)
    values = 2 * 16 * (3 + 8 + 4 * 8)
    kept = tool['kept_bytes'](network, lambda: network(image))
    assert kept == 4 * values


@pytest.mark.parametrize(
    'config, options, shape, wanted',
    [
        (
            'sparnet-hd_attn2d_1xb2-10e_ffhq',
            [],
            '2 x 3 x 512 x 512',
            [13.3, 0.8],
        ),
        (
            'sparnet-hd_attn3d_1xb2-10e_ffhq',
            ['--cfg-options', 'with_cp=True'],
            '2 x 3 x 512 x 512',
            [1.0, 4.8, 0.8],
        ),
        (
            'sparnet_attn2d-x8_1xb32-20e_celeba',
            [],
            '32 x 3 x 128 x 128',
            [6.2],
        ),
        ('dic_x8c48b6_1xb8-150k_celeba', [], '8 x 3 x 16 x 16', None),
    ],
)
def test_figures_of_the_documents(
    repo, monkeypatch, capsys, config, options, shape, wanted
):
    if options and torch.__version__ < '2.2':
        pytest.skip('torch 2.1 makes no checkpoints of tensors without values')
    path = str(repo / 'benchmarks/training_memory.py')
    monkeypatch.setattr(sys, 'argv', [path, config, *options])
    runpy.run_path(path, run_name='__main__')
    text = capsys.readouterr().out
    assert shape in text
    found = re.findall(r'(?:kept|again:) ([0-9.]+) GiB', text)
    # What is kept differs a little between versions of torch.
    if wanted is not None:
        assert list(map(float, found)) == pytest.approx(wanted, rel=0.05)
