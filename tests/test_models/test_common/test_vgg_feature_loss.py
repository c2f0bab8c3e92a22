# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The perceptual loss of SPARNetHD."""

import copy
import shutil
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmfacesr.models.common.vgg_feature_loss import VGGFeatureLoss
from mmfacesr.registry import MODELS
from mmfacesr.weights import WeightsError, download

# Shape and the two seeds of the golden images.
PAIRS = {'256': ((1, 3, 256, 256), 2, 3), '128': ((2, 3, 128, 128), 4, 5)}


def build(pretrained: str | None = None, **more: object) -> VGGFeatureLoss:
    """The loss of the config."""
    folder = Path(__file__).parents[3] / 'configs/sparnet'
    cfg = Config.fromfile(folder / 'sparnet-hd_attn2d_1xb2-10e_ffhq.py')
    settings = cfg.model.feature_loss | dict(pretrained=pretrained) | more
    return MODELS.build(settings)


@pytest.fixture(scope='module')
def network(fill: ModuleType) -> nn.Module:
    """VGG19 up to conv5_4 with filled weights."""
    network = build().build_network()
    state = {
        key: torch.from_numpy(fill.fill(f'features.{key}', tuple(value.shape)))
        for key, value in network.state_dict().items()
    }
    for key, value in state.items():
        if value.ndim == 4:
            state[key] = value * 2**0.5
    network.load_state_dict(state)
    return network.requires_grad_(False)


@pytest.fixture(scope='module')
def weights_file(
    network: nn.Module, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """File as torchvision's, the classifier with it."""
    path = tmp_path_factory.mktemp('vgg') / 'vgg19.pth'
    state = {f'features.{k}': v for k, v in network.state_dict().items()}
    state |= {
        f'classifier.{i}.{kind}': torch.zeros(2, *more)
        for i in (0, 3, 6)
        for kind, more in (('weight', (2,)), ('bias', ()))
    }
    torch.save(state, path)
    return str(path)


@pytest.fixture(scope='module')
def data(golden: Path) -> dict[str, np.ndarray]:
    return dict(np.load(golden / 'sparnet/discriminator_losses.npz'))


def images(fill: ModuleType, name: str) -> list[Tensor]:
    """The two golden image batches of a size."""
    shape, *seeds = PAIRS[name]
    return [
        torch.from_numpy(fill.image_batch(shape, seed) * 2 - 1)
        for seed in seeds
    ]


@pytest.mark.parametrize('name', PAIRS)
def test_golden_value(
    weights_file: str, fill: ModuleType, data: dict, name: str
) -> None:
    loss = build(weights_file, loss_weight=0.5)
    with torch.no_grad():
        value = loss(*images(fill, name)).item()
    assert value == pytest.approx(0.5 * data[f'pcp_{name}'], rel=1e-3)


@pytest.mark.parametrize('name', PAIRS)
def test_golden_features(
    network: nn.Module, fill: ModuleType, data: dict, name: str
) -> None:
    loss = build()
    fake, real = (loss.features(network, x) for x in images(fill, name))
    layers = [(f - r).abs().mean().item() for f, r in zip(fake, real)]
    np.testing.assert_allclose(layers, data[f'pcp_{name}_layers'], rtol=1e-3)
    # The last one is taken before its ReLU, the others after.
    lowest = [f.min().item() for f in fake]
    np.testing.assert_allclose(lowest, data[f'vgg_{name}_min'], rtol=1e-3)
    spread = [(f.mean().item(), f.std().item()) for f in fake]
    np.testing.assert_allclose(
        spread, data[f'vgg_{name}_mean_std'], rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    'size, wanted',
    [
        ((8, 223), (224, 224)),
        ((300, 100), (224, 224)),
        ((100, 224), (100, 224)),
        ((226, 230), (226, 230)),
    ],
)
def test_narrow_images_are_resized(
    network: nn.Module, size: tuple, wanted: tuple
) -> None:
    first = build().features(network[:4], torch.zeros(1, 3, *size))
    assert first[0].shape == (1, 64, *wanted)


def test_images_of_another_range_give_equal_features(
    weights_file: str, fill: ModuleType
) -> None:
    pred, target = images(fill, '128')
    wanted = build(weights_file)(pred, target)
    of_levels = build(weights_file, value_range=(0, 255))
    found = of_levels(*((x + 1) * 127.5 for x in (pred, target)))
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize('given', [(1, 1), (1, 0), (0,)])
def test_a_range_without_width_is_refused(given: tuple) -> None:
    with pytest.raises(ValueError, match='value_range to be black'):
        build(value_range=given)


def test_network_stays_hidden_and_frozen(weights_file: str) -> None:
    loss = build(weights_file)
    pred = torch.rand(1, 3, 32, 224, requires_grad=True)
    target = torch.rand(1, 3, 32, 224, requires_grad=True)
    kept, random_state = pred.detach().clone(), torch.get_rng_state()
    value = loss(pred, target)
    # Building it changes no random number of the training.
    assert torch.equal(torch.get_rng_state(), random_state)
    value.backward()
    assert pred.grad.abs().sum() > 0 and target.grad is None
    assert torch.equal(pred, kept), 'no layer works on the image in place'
    assert not loss.state_dict() and not list(loss.parameters())
    assert not list(loss.children())
    assert copy.deepcopy(loss)(pred, target) == value


def test_float32_under_autocast_and_float64_outside(weights_file: str) -> None:
    loss = build(weights_file)
    pred, target = torch.rand(2, 1, 3, 32, 224)
    wanted = loss(pred, target)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(loss(pred, target), wanted)
        half = loss(pred.bfloat16(), target)
    assert half.dtype == torch.float32 and half.isfinite()
    double = loss(pred.double(), target.double())
    assert double.dtype == torch.float64
    assert double.item() == pytest.approx(wanted.item(), rel=1e-4)


def test_weight_zero_needs_no_weights() -> None:
    loss = build('no/such.pth', loss_weight=0)
    zero = loss(torch.ones(1, 3, 8, 8).bfloat16(), torch.zeros(1, 3, 8, 8))
    assert zero.item() == 0 and zero.dtype == torch.float32


def test_sizes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r'\(1, 3, 8, 8\) and \(1, 3, 8, 9\)'):
        build()(torch.ones(1, 3, 8, 8), torch.zeros(1, 3, 8, 9))


def test_weights_come_at_first_use(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    weights_file: str,
    network: nn.Module,
) -> None:
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    image = torch.zeros(1, 3, 16, 224)
    loss = build('http://localhost:9/vgg19.pth')
    with pytest.raises(WeightsError, match='VGGFeatureLoss.*loss_weight'):
        loss(image, image)
    place = tmp_path / 'localhost+9/vgg19.pth'
    torch.save(network[:3].state_dict(), place)
    with pytest.raises(WeightsError, match='28 missing'):
        loss(image, image)
    # Another content than at its first use has to be accepted.
    place.with_name('vgg19.pth.json').unlink()
    shutil.copy(weights_file, place)
    assert loss(image, image).item() == 0
