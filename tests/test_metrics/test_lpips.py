# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""LPIPS against the package itself, with filled weights.

The values mean nothing as figures; that both sides agree does.
"""

import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import torchvision
from mmengine.registry import METRICS, init_default_scope

from mmfacesr.evaluation.metrics import LPIPS
from mmfacesr.weights import WeightsError, download

BUILDERS = dict(
    alex=torchvision.models.alexnet, squeeze=torchvision.models.squeezenet1_1
)


def filled(net: str, fill: ModuleType) -> dict:
    """Weights of a classifier, without the large matrices at its end."""
    with torch.device('meta'):
        shapes = {
            key: value.shape
            for key, value in BUILDERS[net]().state_dict().items()
        }
    return {
        key: torch.from_numpy(
            fill.fill(key, shape) * (2**0.5 if len(shape) == 4 else 1)
        )
        for key, shape in shapes.items()
        if key.startswith('features.') or len(shape) == 1
    }


@pytest.fixture(scope='module', params=list(BUILDERS))
def case(
    request: pytest.FixtureRequest,
    fill: ModuleType,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict:
    """A network's name, the file of its weights, and the weights."""
    weights = filled(request.param, fill)
    path = tmp_path_factory.mktemp('lpips') / f'{request.param}.pth'
    torch.save(weights, path)
    return dict(net=request.param, path=str(path), weights=weights)


@pytest.fixture(scope='module')
def images(fill: ModuleType) -> np.ndarray:
    """Four RGB images (4, 3, 64, 64) that leave [0, 255] a little."""
    images = fill.image_batch((4, 3, 64, 64), seed=3) * 500 - 120
    assert images.min() < 0 and images.max() > 255
    return images


def sample(pred: np.ndarray, target: np.ndarray) -> dict:
    """As the model hands it over: (3, H, W) BGR in [0, 255]."""

    def bgr(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image).flip(0)

    return dict(gt_img=bgr(target), output=dict(pred_img=bgr(pred)))


def measure(samples: list, **options: object) -> dict:
    metric = LPIPS(**options)
    metric.size = len(samples)
    metric.process([], samples)
    return metric.evaluate()


def by_package(case: dict, pred: np.ndarray, target: np.ndarray) -> float:
    """The package's own network, weights put in by key, RGB in [-1, 1]."""
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network = lpips.LPIPS(net=case['net'], pnet_rand=True, verbose=False)
    state = network.net.state_dict()
    for key in state:
        number = key.split('.', 1)[1]
        state[key] = case['weights'][f'features.{number}']
    network.net.load_state_dict(state)
    inputs = (
        torch.from_numpy(np.clip(image, 0, 255) / 255)[None]
        for image in (pred, target)
    )
    with torch.no_grad():
        return network(*inputs, normalize=True).item()


def test_values_are_those_of_the_package(
    case: dict, images: np.ndarray
) -> None:
    options = dict(net=case['net'], backbone=case['path'])
    pairs = [(images[0], images[1]), (images[2], images[3])]
    wanted = [by_package(case, *pair) for pair in pairs]
    assert min(wanted) > 1e-3
    got = measure([sample(*pair) for pair in pairs], **options)
    assert got == {
        f'LPIPS/{case["net"]}': pytest.approx(np.mean(wanted), rel=1e-4)
    }
    same = measure([sample(images[0], images[0])], **options)
    assert same == {f'LPIPS/{case["net"]}': pytest.approx(0, abs=1e-6)}
    cut = measure([sample(*pairs[0])], crop_border=8, **options)
    inner = [image[:, 8:-8, 8:-8] for image in pairs[0]]
    assert list(cut.values()) == [
        pytest.approx(by_package(case, *inner), rel=1e-4)
    ]


def test_order_of_channels_matters(case: dict, images: np.ndarray) -> None:
    options = dict(net=case['net'], backbone=case['path'])
    right = sample(images[0], images[1])
    swapped = dict(
        gt_img=right['gt_img'].flip(0),
        output=dict(pred_img=right['output']['pred_img'].flip(0)),
    )
    (first,) = measure([right], **options).values()
    (second,) = measure([swapped], **options).values()
    assert first != pytest.approx(second, rel=1e-2)


def test_two_processes_agree_with_one(case: dict, images: np.ndarray) -> None:
    """Results of two halves, interleaved and cut, are those of the whole."""
    samples = [sample(images[i], images[(i + 1) % 4]) for i in range(3)]
    halves = []
    for indices in ((0, 2), (1, 0)):  # the last is padding
        metric = LPIPS(net=case['net'], backbone=case['path'])
        metric.process([], [samples[i] for i in indices])
        halves.append(metric.results)
    gathered = [x for pair in zip(*halves) for x in pair][: len(samples)]
    assert metric.compute_metrics(gathered) == pytest.approx(
        measure(samples, net=case['net'], backbone=case['path'])
    )


def test_building_downloads_nothing_and_draws_nothing(
    case: dict, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, 'download', lambda *_: pytest.fail())
    init_default_scope('mmagic')
    metric = METRICS.build(
        dict(type='LPIPS', net=case['net'], backbone=case['path'])
    )
    assert type(metric) is LPIPS, 'MMagic has one of this name'
    state = torch.get_rng_state()
    with torch.enable_grad():
        metric.process([], [sample(images[0], images[1])])
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(p.requires_grad for p in metric._network.parameters())
    assert isinstance(metric.results[0][metric.metric], float)


def test_failed_download_says_where_the_file_goes(
    images: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    for scheme in ('http', 'https'):  # nobody listens there
        monkeypatch.setenv(f'{scheme}_proxy', 'http://localhost:9')
    with pytest.raises(WeightsError) as error:
        measure([sample(images[0], images[1])])
    for part in (
        'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth',
        str(tmp_path / 'download.pytorch.org/models/alexnet-owt-7be5be79.pth'),
        'refused',
        'set backbone of LPIPS',
    ):
        assert part in str(error.value)


def test_refusals(case: dict, images: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'alex'.*got 'resnet'"):
        LPIPS(net='resnet')
    small = sample(images[0][:, :24], images[1][:, :24])
    with pytest.raises(ValueError, match='at least 32x32.*smaller crop'):
        measure([small], backbone=case['path'])
    torch.save({'features.0.weight': torch.zeros(1)}, tmp_path / 'other.pth')
    with pytest.raises(WeightsError, match='Nothing was loaded'):
        measure(
            [sample(images[0], images[1])],
            backbone=str(tmp_path / 'other.pth'),
        )
