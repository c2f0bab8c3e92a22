# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""DIC's networks against golden arrays and cases by hand."""

import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmfacesr.models.dic.network import merge_heatmaps
from mmfacesr.registry import MODELS

MEAN = np.array([0.509, 0.424, 0.378], np.float32).reshape(3, 1, 1)


def filled(golden: Path, fill: ModuleType, name: str, key_map: str) -> dict:
    """Return the golden weights under our keys."""
    shapes = json.loads((golden / f'dic/{name}_shapes.json').read_text())
    ours = json.loads((golden / f'dic/{key_map}.json').read_text())
    weights = fill.fill_state_dict(shapes)
    return {ours[k]: torch.from_numpy(v) for k, v in weights.items()}


def test_generator_meets_golden_arrays(golden: Path, fill: ModuleType) -> None:
    net = MODELS.build(dict(type='DICGenerator')).eval()
    net.load_state_dict(filled(golden, fill, 'dic_x8', 'dic_key_map'))
    assert sum(p.numel() for p in net.parameters()) == 21_803_849
    assert len(net.state_dict()) == 296
    wanted = np.load(golden / 'dic/dic_x8.npz', allow_pickle=False)
    with torch.no_grad():
        images, heatmaps = net(torch.from_numpy(wanted['lr']))
    assert np.abs(torch.stack(images).numpy() - wanted['sr']).max() < 1e-4
    for i, step in enumerate((0, 3)):
        error = heatmaps[step][:, ::4].numpy() - wanted['heatmap'][i]
        assert np.abs(error).max() < 1e-4 * wanted['heatmap_std'][i]


def test_discriminator_meets_golden_arrays(
    golden: Path, fill: ModuleType
) -> None:
    net = MODELS.build(dict(type='DICDiscriminator')).eval()
    net.load_state_dict(filled(golden, fill, 'light_cnn', 'light_cnn_key_map'))
    hr = torch.from_numpy(fill.image_batch((2, 3, 128, 128), seed=1) - MEAN)
    wanted = np.load(golden / 'dic/light_cnn.npz', allow_pickle=False)
    with torch.no_grad():
        assert np.abs(net(hr).numpy() - wanted['logit']).max() < 1e-5
        features = net.features(hr).numpy()
    assert np.abs(features - wanted['feature']).max() < 1e-5


def test_merging_by_hand() -> None:
    # Two pixels; the peak of each channel is in the first.
    heatmap = torch.full((1, 68, 1, 2), 2.0)
    heatmap[..., 1] = 1.0
    heatmap[:, 36:42] *= 0.01  # left eye: peaks of 0.02 count as 0.05
    merged = merge_heatmaps(heatmap)[0, :, 0]
    counts = torch.tensor([6, 6, 9, 20, 27.0])  # points of each component
    wanted = torch.stack([counts, counts / 2], dim=1)
    wanted[0] *= 0.02 / 0.05
    torch.testing.assert_close(merged, wanted)


@pytest.mark.parametrize(
    'num_points, component_of',
    [
        (
            68,
            {
                0: 4,
                26: 4,
                27: 2,
                35: 2,
                36: 0,
                41: 0,
                42: 1,
                47: 1,
                48: 3,
                67: 3,
            },
        ),
        (5, {0: 0, 1: 1, 2: 2, 3: 3, 4: 4}),
        (
            194,
            {
                0: 4,
                39: 4,
                40: None,
                41: 2,
                56: 2,
                57: None,
                58: 3,
                112: 3,
                113: None,
                114: 1,
                132: 1,
                133: None,
                134: 0,
                152: 0,
                153: None,
                154: 1,
                172: 1,
                173: None,
                174: 0,
                192: 0,
                193: None,
            },
        ),
    ],
)
def test_merging_puts_points_into_components(
    num_points: int, component_of: dict[int, int | None]
) -> None:
    for point, component in component_of.items():
        heatmap = torch.zeros(1, num_points, 1, 1)
        heatmap[0, point] = 3.0
        merged = merge_heatmaps(heatmap).flatten().tolist()
        assert merged == [float(i == component) for i in range(5)], point
