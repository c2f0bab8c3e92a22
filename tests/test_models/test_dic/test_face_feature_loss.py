# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The feature loss of DICGAN."""

import copy
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from mmfacesr.models.dic import FaceFeatureLoss
from mmfacesr.registry import MODELS
from mmfacesr.weights import WeightsError, download

MEAN = np.array([0.509, 0.424, 0.378], np.float32).reshape(3, 1, 1)


@pytest.fixture(params=['authors', 'mmagic'])
def weights_file(
    request: pytest.FixtureRequest,
    golden: Path,
    fill: ModuleType,
    tmp_path: Path,
) -> str:
    """File of the golden features, in both numberings."""
    shapes = json.loads((golden / 'dic/light_cnn_shapes.json').read_text())
    ours = json.loads((golden / 'dic/light_cnn_key_map.json').read_text())
    state = {
        key if request.param == 'authors' else ours[key]: torch.from_numpy(v)
        for key, v in fill.fill_state_dict(shapes).items()
        if key.startswith('features.')
    }
    wrapped = state if request.param == 'authors' else {'state_dict': state}
    torch.save(wrapped, tmp_path / 'light_cnn.pth')
    return str(tmp_path / 'light_cnn.pth')


def test_value_is_that_of_golden_features(
    weights_file: str, golden: Path, fill: ModuleType
) -> None:
    loss = MODELS.build(
        dict(type='FaceFeatureLoss', pretrained=weights_file, loss_weight=0.5)
    )
    image = fill.image_batch((2, 3, 128, 128), seed=1) - MEAN
    features = np.load(golden / 'dic/light_cnn.npz', allow_pickle=False)[
        'feature'
    ]
    first, second = torch.from_numpy(image).split(1)
    wanted = 0.5 * np.abs(features[0] - features[1]).mean()
    assert loss(first, second).item() == pytest.approx(wanted, abs=1e-5)
    assert loss(first, first).item() == 0


def test_network_stays_hidden_and_frozen(weights_file: str) -> None:
    loss = FaceFeatureLoss(weights_file)
    pred = torch.rand(1, 3, 32, 32, requires_grad=True)
    target = torch.rand(1, 3, 32, 32, requires_grad=True)
    value = loss(pred, target)
    value.backward()
    assert pred.grad.abs().sum() > 0 and target.grad is None
    assert not loss.state_dict() and not list(loss.parameters())
    assert not list(loss.children())
    Path(weights_file).unlink()
    assert copy.deepcopy(loss)(pred, target) == value, 'read only once'


def test_float32_under_autocast_and_float64_outside(weights_file: str) -> None:
    loss = FaceFeatureLoss(weights_file)
    pred, target = torch.rand(2, 1, 3, 32, 32)
    wanted = loss(pred, target)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(loss(pred, target), wanted)
        assert loss(pred.bfloat16(), target).dtype == torch.float32
    double = loss(pred.double(), target.double())
    assert double.dtype == torch.float64
    assert double.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_weight_zero_needs_no_weights() -> None:
    assert (
        FaceFeatureLoss(loss_weight=0)(
            torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 8)
        ).item()
        == 0
    )
    with pytest.raises(ValueError, match='pretrained .*got None'):
        FaceFeatureLoss()


def test_missing_weights_matter_at_first_use_only() -> None:
    loss = FaceFeatureLoss('no/such.pth')
    with pytest.raises(WeightsError, match='no/such.pth, found none'):
        loss(torch.rand(1, 3, 32, 32), torch.rand(1, 3, 32, 32))


def test_failed_download_says_where_the_file_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, weights_file: str
) -> None:
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    url = 'http://localhost:9/light_cnn_feature.pth'
    loss = FaceFeatureLoss(url)
    image = torch.rand(1, 3, 32, 32)
    place = tmp_path / 'localhost+9/light_cnn_feature.pth'
    with pytest.raises(WeightsError) as error:
        loss(image, image)
    for part in (url, str(place), 'loss_weight'):
        assert part in str(error.value)
    Path(weights_file).rename(place)
    assert loss(image, image).item() == 0
