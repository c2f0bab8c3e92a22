# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""PFSRNet's perceptual loss, beside MMagic's."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.models.common.vgg_feature_loss import VGGFeatureLoss
from mmfacesr.registry import MODELS
from mmfacesr.weights import WeightsError, download


@pytest.fixture(scope='module')
def weights(fill: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> str:
    """File of VGG16 with filled weights, its classifier not in it."""
    from torchvision.models import vgg16

    with torch.device('meta'):
        shapes = vgg16(weights=None).features.state_dict()
    state = {
        f'features.{key}': torch.from_numpy(
            fill.fill(f'features.{key}', tuple(value.shape))
        )
        for key, value in shapes.items()
    }
    path = tmp_path_factory.mktemp('vgg16') / 'vgg16.pth'
    torch.save(state, path)
    return str(path)


def build(pretrained: str | None = None, **more: object) -> VGGFeatureLoss:
    """The loss of the config."""
    folder = Path(__file__).parents[3] / 'configs/pfsrnet'
    cfg = Config.fromfile(folder / 'pfsrnet_x8_1xb16-200k_celeba.py')
    settings = cfg.model.feature_loss | dict(pretrained=pretrained) | more
    return MODELS.build(settings)


def test_equals_mmagic(
    weights: str, fill: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MMagic's class, whose only fault here is that it always downloads."""
    from mmagic.models.losses import PerceptualLoss, perceptual_loss

    import mmfacesr.compat.mmagic_base  # noqa: F401  mends the import

    def filled(pretrained: bool) -> nn.Module:
        network = plain(weights=None)
        state = torch.load(weights, weights_only=True)
        missing = network.load_state_dict(state, strict=False).missing_keys
        assert all(key.startswith('classifier.') for key in missing)
        return network

    plain = perceptual_loss.vgg.vgg16
    monkeypatch.setattr(perceptual_loss.vgg, 'vgg16', filled)
    theirs = PerceptualLoss(
        layer_weights={'3': 1.0, '8': 1.0, '15': 1.0, '22': 1.0},
        vgg_type='vgg16',
        use_input_norm=False,
        norm_img=True,
        criterion='mse',
        style_weight=0,
        pretrained='torchvision://vgg16',
    )
    pred, target = (
        torch.from_numpy(fill.image_batch((2, 3, 40, 48), seed) * 2 - 1)
        for seed in (1, 2)
    )
    wanted, _ = theirs(pred, target)
    found = build(weights)(pred, target)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    assert found > 0


def test_golden_layers(weights: str) -> None:
    folder = Path(__file__).resolve().parents[4] / 'shared/golden/pfsrnet'
    if not (folder / 'losses.npz').is_file():
        pytest.skip('the faces of the golden losses are missing')
    arrays = np.load(folder / 'losses.npz')
    image, target = (
        torch.from_numpy(arrays[name]).permute(0, 3, 1, 2) / 127.5 - 1
        for name in ('sr_uint8', 'hr_uint8')
    )
    loss = build(weights)
    value = loss(image, target).item()
    assert value == pytest.approx(arrays['vgg_layer_mse'].sum(), rel=1e-4)
    network = loss._network.get(image.device, image.dtype)
    found = loss.features(network, target)
    shapes = [list(feature.shape) for feature in found]
    assert shapes == arrays['vgg_shapes'].tolist()


def test_no_imagenet_statistics_and_no_resizing() -> None:
    loss = build()
    network = nn.Sequential(*[nn.Identity() for _ in range(23)])
    image = torch.rand(1, 3, 8, 9) * 2 - 1
    for feature in loss.features(network, image):
        assert torch.equal(feature, (image + 1) / 2)


def test_unknown_network_and_missing_weights(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"\['vgg16', 'vgg19'\].*'vgg11'"):
        build(network='vgg11')
    with pytest.raises(ValueError, match='layers, got none'):
        build(layers=[])
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    loss = build('http://localhost:9/v.pth')
    image = torch.zeros(1, 3, 16, 16)
    with pytest.raises(WeightsError, match='VGGFeatureLoss.*loss_weight'):
        loss(image, image)
