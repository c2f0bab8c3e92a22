# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""FID against pytorch-fid and SciPy, with filled weights.

The values mean nothing as figures; that both sides agree does.
"""

import inspect
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import scipy.linalg
import torch
import torchvision
from mmengine.registry import METRICS, init_default_scope
from PIL import Image

from mmfacesr.evaluation.functional import frechet, frechet_distance
from mmfacesr.evaluation.functional.kernel_distance import kernel_distance
from mmfacesr.evaluation.metrics import PytorchFID
from mmfacesr.evaluation.metrics import fid as fid_module
from mmfacesr.evaluation.on_request.distributions import (
    fid_metric,
    kid_metric,
)
from mmfacesr.utils.images import read_image
from mmfacesr.weights import WeightsError, download

COUNT = 4


@pytest.fixture(scope='module')
def weights(
    fill: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """File of Inception weights, filled by key."""
    with torch.device('meta'):
        shapes = {
            key: value.shape
            for key, value in torchvision.models.inception_v3(
                num_classes=1008, aux_logits=False, init_weights=False
            )
            .state_dict()
            .items()
        }
    state = {
        key: torch.as_tensor(
            fill.fill(key, shape) * (2**0.5 if len(shape) == 4 else 1)
        )
        for key, shape in shapes.items()
    }
    path = tmp_path_factory.mktemp('fid') / 'inception.pth'
    torch.save(state, path)
    yield str(path)
    path.unlink()


@pytest.fixture(scope='module')
def faces(fill: ModuleType) -> 'tuple[np.ndarray, np.ndarray]':
    """Restored floats and 8-bit ground truth, (4, 64, 48, 3) RGB."""
    images = fill.image_batch((2 * COUNT, 3, 64, 48), seed=5) * 280 - 10
    images = images.transpose(0, 2, 3, 1)
    return images[:COUNT], images[COUNT:].round().clip(0, 255)


@pytest.fixture(scope='module')
def samples(faces: 'tuple[np.ndarray, np.ndarray]') -> list[dict]:
    """As the model hands them over: (3, H, W) BGR in [0, 255]."""

    def bgr(image: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(image).flip(2).permute(2, 0, 1)

    return [
        dict(gt_img=bgr(target), output=dict(pred_img=bgr(pred)))
        for pred, target in zip(*faces)
    ]


@pytest.fixture(scope='module')
def folders(
    faces: 'tuple[np.ndarray, np.ndarray]',
    tmp_path_factory: pytest.TempPathFactory,
) -> 'tuple[Path, Path]':
    """The same images as PNG files: restored, ground truth."""
    root = tmp_path_factory.mktemp('images')
    for name, images in zip(('restored', 'true_faces'), faces):
        (root / name).mkdir()
        for i, image in enumerate(images):
            pixels = image.round().clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f'{i}.png')
    return root / 'restored', root / 'true_faces'


@pytest.fixture(scope='module')
def measured(
    samples: list[dict], folders: 'tuple[Path, Path]', weights: str
) -> dict[str, PytorchFID]:
    """The metric against either reference, after all images."""
    of_pairs = PytorchFID(weights=weights)
    of_pairs.process([], samples[:3])
    of_pairs.process([], samples[3:])
    of_folder = PytorchFID(str(folders[1]), weights)
    of_folder._network = of_pairs._network  # reading it takes time
    return dict(gt=of_pairs, true_faces=of_folder)


def in_few_dimensions(*sets: np.ndarray) -> list[np.ndarray]:
    """The same sets, turned into the few dimensions that they span."""
    together = np.concatenate(sets).astype(np.float64)
    basis = np.linalg.qr(together.T)[0]
    return [features @ basis for features in sets]


def by_square_root(first: np.ndarray, second: np.ndarray) -> float:
    """The definition, by the root of the symmetric form."""
    covariances = [np.cov(x, rowvar=False) for x in (first, second)]
    values, vectors = np.linalg.eigh(covariances[0])
    root = vectors * np.sqrt(values.clip(0)) @ vectors.T
    inner = np.linalg.eigvalsh(root @ covariances[1] @ root)
    return (
        np.sum((first.mean(axis=0) - second.mean(axis=0)) ** 2)
        + np.trace(covariances[0] + covariances[1])
        - 2 * np.sqrt(inner.clip(0)).sum()
    )


@pytest.mark.parametrize('counts', [(60, 90), (12, 40), (5, 4)])
def test_distance_is_that_of_the_definition(counts: 'tuple') -> None:
    rng = np.random.RandomState(0)
    mixing = rng.randn(20, 20)
    first, second = (rng.randn(n, 20) @ mixing + n / 9 for n in counts)
    wanted = by_square_root(first, second)
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-6)
    assert frechet_distance(first, first) == pytest.approx(0, abs=1e-8)


@pytest.mark.skipif(
    'disp' not in inspect.signature(scipy.linalg.sqrtm).parameters,
    reason="this SciPy lacks what pytorch-fid's own distance needs",
)
@pytest.mark.filterwarnings('ignore::DeprecationWarning')
def test_distance_is_that_of_the_package() -> None:
    from pytorch_fid.fid_score import calculate_frechet_distance

    rng = np.random.RandomState(1)
    first = rng.randn(80, 16) @ rng.randn(16, 16)
    second = rng.rand(50, 16) @ rng.randn(16, 16) + 1
    statistics = [
        value
        for x in (first, second)
        for value in (x.mean(axis=0), np.cov(x, rowvar=False))
    ]
    wanted = calculate_frechet_distance(*statistics)
    assert frechet_distance(first, second) == pytest.approx(wanted, rel=1e-6)


def test_distance_does_not_depend_on_the_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.RandomState(2)
    first, second = rng.randn(40, 12) + 5, rng.randn(31, 12) * 2
    whole = frechet_distance(first, second)
    monkeypatch.setattr(frechet, 'BLOCK', 7)
    assert frechet_distance(first, second) == pytest.approx(whole, rel=1e-12)
    second[-1, 3] = np.nan
    with pytest.raises(ValueError, match='finite'):
        frechet_distance(first, second)


def test_distance_by_hand() -> None:
    """Along one axis: (m1 - m2)^2 + (s1 - s2)^2."""
    first = np.array([[0.0, 1], [2, 1]])  # mean 1, deviation sqrt 2
    second = np.array([[0.0, 1], [8, 1]])  # mean 4, deviation sqrt 32
    assert frechet_distance(first, second) == pytest.approx(9 + 18)


def test_distance_refuses() -> None:
    features = np.ones((3, 4))
    for bad, message in (
        (features[:1], 'at least 2'),
        (features[:, :3], r'\(3, 4\) and \(3, 3\)'),
        (features * np.nan, 'finite'),
    ):
        with pytest.raises(ValueError, match=message):
            frechet_distance(features, bad)


def test_features_are_those_of_the_package(
    measured: dict[str, PytorchFID],
    folders: 'tuple[Path, Path]',
    weights: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What its command line does with the folders of 8-bit files."""
    from pytorch_fid import fid_score, inception

    monkeypatch.setattr(
        inception,
        'load_state_dict_from_url',
        lambda *_, **__: torch.load(weights, weights_only=True),
    )
    network = inception.InceptionV3([3])
    wanted = [
        fid_score.get_activations(
            sorted(folder.glob('*.png')), network, COUNT, num_workers=0
        )
        for folder in folders
    ]
    results = measured['gt'].results
    spread = wanted[0].std(axis=0).max()
    assert spread > 1e-2
    for kind, features in zip(('pred', 'gt'), wanted):
        ours = np.stack([result[kind] for result in results])
        assert ours.shape == (COUNT, fid_module.NUM_FEATURES)
        np.testing.assert_allclose(ours, features, atol=1e-4 * spread)
    distance = pytest.approx(
        by_square_root(*in_few_dimensions(*wanted)), rel=1e-3
    )
    for name, metric in measured.items():
        metric.size = COUNT
        metric.results = list(results)
        assert metric.evaluate() == {f'FID/{name}': distance}
        metric.results = list(results)


def test_metric_of_folders_agrees(
    measured: dict[str, PytorchFID],
    folders: 'tuple[Path, Path]',
    weights: str,
) -> None:
    """`mmfacesr evaluate` has the same features of the same 8-bit images."""
    files = [sorted(folder.glob('*.png')) for folder in folders]
    faces = [(*map(read_image, pair), None) for pair in zip(*files)]

    def iterate() -> Iterator:
        return iter(faces)

    found = fid_metric(weights, few=True).measure(iterate)
    wanted = measured['gt'].compute_metrics(measured['gt'].results)
    assert found == pytest.approx(wanted, rel=1e-3)
    kinds = [[r[k] for r in measured['gt'].results] for k in ('pred', 'gt')]
    wanted = kernel_distance(*map(np.array, kinds))
    found = kid_metric(weights).measure(iterate)
    assert found == {'KID/gt': pytest.approx(wanted, rel=1e-3)}


def test_order_of_channels_matters(
    measured: dict[str, PytorchFID], samples: list[dict]
) -> None:
    metric = measured['gt']
    right = metric.results[0]['pred']
    image = samples[0]['output']['pred_img'].permute(1, 2, 0).numpy()
    swapped = metric.features([image])[0]  # BGR, where RGB is wanted
    assert np.abs(swapped - right).max() > 0.01 * np.abs(right).max()


def test_two_processes_agree_with_one(
    measured: dict[str, PytorchFID], samples: list[dict]
) -> None:
    """Results of two halves, interleaved and cut, are those of the whole."""
    metric = measured['gt']
    whole = metric.results[:3]
    # The second process has the first image once more, as padding.
    halves = [whole[0], whole[2]], [whole[1], whole[0]]
    gathered = [x for pair in zip(*halves) for x in pair][:3]
    assert metric.compute_metrics(gathered) == pytest.approx(
        metric.compute_metrics(whole), rel=1e-6
    )
    metric.process([], [samples[0]])  # alone, not in a batch of three
    np.testing.assert_allclose(
        metric.results.pop()['pred'], whole[0]['pred'], rtol=1e-3, atol=1e-5
    )


def test_few_images_are_warned_of_and_one_is_refused(
    measured: dict[str, PytorchFID], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    monkeypatch.setattr(
        fid_module, 'print_log', lambda *args: said.append(args)
    )
    metric = measured['gt']
    (value,) = metric.compute_metrics(metric.results).values()
    assert np.isfinite(value) and value > 0
    ((text, _, level),) = said
    assert level == logging.WARNING
    assert '4 restored images' in text and 'biased' in text
    with pytest.raises(ValueError, match='at least 2 .*got 1 restored'):
        metric.compute_metrics(metric.results[:1])


def test_building_downloads_nothing_and_draws_nothing(
    samples: list[dict], weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, 'download', lambda *_: pytest.fail())
    init_default_scope('mmagic')
    metric = METRICS.build(dict(type='PytorchFID', weights=weights))
    assert type(metric) is PytorchFID, 'MMagic has one of this name'
    state = torch.get_rng_state()
    metric.process([], samples[:1])
    assert torch.equal(torch.get_rng_state(), state)
    assert not any(p.requires_grad for p in metric._network.parameters())
    assert not metric._network.training


def test_failed_download_says_where_the_file_goes(
    samples: list[dict], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    for scheme in ('http', 'https'):  # nobody listens there
        monkeypatch.setenv(f'{scheme}_proxy', 'http://localhost:9')
    name = 'pt_inception-2015-12-05-6726825d.pth'
    with pytest.raises(WeightsError) as error:
        PytorchFID().process([], samples[:1])
    for part in (
        f'/fid_weights/{name}',
        str(tmp_path / 'github.com/mseitzer/pytorch-fid'),
        'refused',
        'set weights of PytorchFID',
    ):
        assert part in str(error.value)


def test_what_is_wrong_is_named(samples: list[dict], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no/such/folder'):
        PytorchFID('no/such/folder')
    with pytest.raises(FileNotFoundError, match='found none'):
        PytorchFID(str(tmp_path))
    torch.save({'fc.weight': torch.zeros(1)}, tmp_path / 'other.pth')
    with pytest.raises(WeightsError, match='other.pth to hold the Incep'):
        PytorchFID(weights=str(tmp_path / 'other.pth')).process(
            [], samples[:1]
        )


@pytest.mark.slow
def test_reference_is_dealt_to_the_processes(tmp_path: Path) -> None:
    """Each reads its share, once; the value is that of one process."""
    rng = np.random.default_rng(0)
    pairs = rng.uniform(0, 255, (9, 2, 8, 6, 3)).astype(np.float32)
    np.savez(tmp_path / 'faces.npz', pairs=pairs)
    reference = tmp_path / 'reference'
    reference.mkdir()
    for number in range(11):
        image = rng.integers(0, 256, (8, 6, 3), np.uint8)
        Image.fromarray(image).save(reference / f'{number}.png')
    found = {}
    for ranks in (1, 2, 3):
        out = tmp_path / f'{ranks}.json'
        subprocess.run(
            [
                *(sys.executable, '-m', 'torch.distributed.run'),
                *('--standalone', '--nproc-per-node', str(ranks)),
                str(Path(__file__).with_name('fid_ranks.py')),
                *(str(tmp_path / 'faces.npz'), str(reference), str(out)),
            ],
            check=True,
        )
        found[ranks], counts = json.loads(out.read_text())
        assert sorted(counts, reverse=True) == counts
        assert sum(counts) == 11 and max(counts) - min(counts) <= 1
    assert found[2] == found[3] == found[1]
