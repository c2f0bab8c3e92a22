# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC's two landmark networks."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.dic import DICGenerator
from mmfacesr.registry import MODELS

MEAN = np.array([0.509, 0.424, 0.378], np.float32).reshape(3, 1, 1)


def test_evaluation_network_meets_golden_heatmaps(
    golden: Path, fill: ModuleType
) -> None:
    net = MODELS.build(dict(type='StackedHourglassHead')).eval()
    shapes = json.loads(
        (golden / 'dic/hourglass_eval_shapes.json').read_text()
    )
    record = load_weights(
        net,
        {
            key: torch.from_numpy(value)
            for key, value in fill.fill_state_dict(shapes).items()
        },
    )
    assert record.layout == 'dic-authors-evaluation'
    hr = fill.image_batch((2, 3, 128, 128), seed=1)[:1] - MEAN
    wanted = np.load(golden / 'dic/hourglass_eval.npz', allow_pickle=False)
    with torch.no_grad():
        heatmap = net(torch.from_numpy(hr)).numpy()
    assert heatmap.shape == (1, 68, 32, 32)
    error = np.abs(heatmap[:, ::4] - wanted['heatmap']).max()
    assert error < 1e-4 * wanted['heatmap_std']


def test_feedback_head_is_the_branch_of_the_generator() -> None:
    generator = DICGenerator(
        mid_channels=8, num_blocks=1, hg_mid_channels=16, num_fusion_blocks=1
    )
    head = MODELS.build(
        dict(type='FeedbackHourglassHead', mid_channels=16, num_steps=2)
    )
    head.load_state_dict(generator.hour_glass.state_dict(), strict=True)
    image = torch.rand((1, 3, 64, 64), generator=torch.manual_seed(0)) - 0.4
    with torch.no_grad():
        first, hidden = generator.hour_glass(image)
        second, _ = generator.hour_glass(image, hidden)
        found = head.all_steps(image)
        last = head(image)
    assert torch.equal(found[0], first) and torch.equal(found[1], second)
    assert torch.equal(last, second)
    assert not torch.equal(first, second), 'the state must matter'


def test_feedback_head_trains_alone() -> None:
    head = MODELS.build(
        dict(type='FeedbackHourglassHead', mid_channels=8, num_keypoints=5)
    )
    heatmap = head(torch.rand(1, 3, 64, 128))
    assert heatmap.shape == (1, 5, 16, 32)
    heatmap.square().mean().backward()
    assert all(p.grad.abs().sum() > 0 for p in head.parameters())


@pytest.mark.parametrize(
    'name', ['FeedbackHourglassHead', 'StackedHourglassHead']
)
def test_wrong_size_is_refused(name: str) -> None:
    head = MODELS.build(dict(type=name, mid_channels=8))
    with pytest.raises(
        ValueError, match=f'{name} .*multiples of 64.*got 96x64'
    ):
        head(torch.zeros(1, 3, 96, 64))
