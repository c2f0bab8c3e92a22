# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""ELSFace's FID against the packages, with filled weights.

The values mean nothing as figures; that both sides agree does. What both
metrics share in handling weights is here as well.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torchvision
from mmengine.registry import METRICS, init_default_scope
from PIL import Image

from mmfacesr.evaluation.functional import frechet_distance
from mmfacesr.evaluation.metrics import PytorchFID
from mmfacesr.models.elsface import metrics as module
from mmfacesr.models.elsface.metrics import ELSFaceFID, ELSFaceLPIPS
from mmfacesr.weights import WeightsError, download


@pytest.fixture(scope='module')
def fid(samples: list[dict], weights: dict[str, Path]) -> ELSFaceFID:
    """The metric after all images."""
    metric = ELSFaceFID(str(weights['inception']))
    metric.process([], samples[:2])
    metric.process([], samples[2:])
    return metric


def features_of_package(
    files: list[Path],
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    of_paper: bool = True,
) -> np.ndarray:
    """pytorch-fid's third pooling in torchvision's network, from files."""
    from pytorch_fid import inception

    classifier = torchvision.models.inception_v3(
        weights=None, init_weights=False
    )
    classifier.load_state_dict(torch.load(weights, weights_only=True))
    with monkeypatch.context() as patch:
        patch.setattr(
            torchvision.models, 'inception_v3', lambda **_: classifier
        )
        network = inception.InceptionV3(
            [3], normalize_input=False, use_fid_inception=False
        ).eval()
    images = [np.asarray(Image.open(path).convert('RGB')) for path in files]
    x = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255
    x = torch.nn.functional.interpolate(
        x, (299, 299), mode='bilinear', align_corners=False
    )
    mean, deviation = (
        torch.tensor(values)[:, None, None]
        for values in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    as_paper = x * (deviation / 0.5) + (mean - 0.5) / 0.5
    with torch.no_grad():
        x = network(as_paper if of_paper else 2 * x - 1)[0]
    return x.flatten(1).numpy()


def test_features_are_those_of_torchvision(
    fid: ELSFaceFID,
    folder: Path,
    weights: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind, suffix in (('pred', 'jpg'), ('gt', 'png')):
        files = sorted(folder.glob(f'*.{suffix}'))
        options = (files, weights['inception'], monkeypatch)
        wanted = features_of_package(*options)
        ours = np.stack([result[kind] for result in fid.results])
        assert ours.shape == (len(files), 2048)
        spread = wanted.std(axis=0).max()
        assert spread > 1e-2
        np.testing.assert_allclose(ours, wanted, atol=1e-4 * spread)
        usual = features_of_package(*options, of_paper=False)
        assert np.abs(usual - wanted).max() > 0.1 * spread


def test_features_do_not_depend_on_the_batch(
    fid: ELSFaceFID, samples: list[dict]
) -> None:
    metric = ELSFaceFID()
    metric._network = fid._network  # reading it takes time
    metric.process([], samples)
    for found, kept in zip(metric.results, fid.results, strict=True):
        for kind in ('pred', 'gt'):
            np.testing.assert_allclose(
                found[kind], kept[kind], rtol=1e-3, atol=1e-5
            )


def test_distance_is_between_whole_batches(
    fid: ELSFaceFID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rows(kind: str, count: int) -> np.ndarray:
        return np.stack([result[kind] for result in fid.results[:count]])

    monkeypatch.setattr(module, 'FID_BATCH', 2)
    found = fid.compute_metrics(fid.results)
    assert list(found) == ['elsface/FID']
    (value,) = found.values()
    two, three = (
        frechet_distance(rows('pred', n), rows('gt', n)) for n in (2, 3)
    )
    assert value == pytest.approx(two) != pytest.approx(three)


@pytest.mark.parametrize('count, whole', [(64, 64), (100, 64), (130, 128)])
def test_the_last_incomplete_batch_is_left_out(count: int, whole: int) -> None:
    rng = np.random.RandomState(0)
    pred, target = rng.rand(count, 6), rng.rand(count, 6)
    results = [dict(pred=x, gt=y) for x, y in zip(pred, target)]
    (value,) = ELSFaceFID().compute_metrics(results).values()
    assert value == pytest.approx(
        frechet_distance(pred[:whole], target[:whole])
    )
    if whole < count:
        assert value != pytest.approx(frechet_distance(pred, target))


def test_too_few_images_are_refused() -> None:
    row = dict(pred=np.zeros(4), gt=np.zeros(4))
    with pytest.raises(
        ValueError, match="at least 64 .* got 63; test more images, .*'gt'"
    ):
        ELSFaceFID().compute_metrics([row] * 63)


@pytest.mark.parametrize(
    'metric, count', [(PytorchFID, 1), (ELSFaceFID, 63)], ids=['gt', 'elsface']
)
def test_too_few_images_are_refused_before_the_test(
    metric: type, count: int
) -> None:
    loader = SimpleNamespace(dataset=range(count))
    model = SimpleNamespace(data_preprocessor=None)
    with pytest.raises(ValueError, match=f'got {count}.*test more images'):
        metric().prepare(model, loader)


def test_building_downloads_nothing_and_draws_nothing(
    samples: list[dict],
    weights: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, 'download', lambda *_: pytest.fail())
    init_default_scope('mmagic')
    for kind, options in (
        (ELSFaceLPIPS, dict(backbone=str(weights['alexnet']))),
        (ELSFaceFID, dict(weights=str(weights['inception']))),
    ):
        metric = METRICS.build(dict(type=kind.__name__, **options))
        assert type(metric) is kind
        state = torch.get_rng_state()
        metric.process([], samples[:1])
        assert torch.equal(torch.get_rng_state(), state)
        parameters = list(metric._network.parameters())
        assert not any(p.requires_grad for p in parameters)
        assert not metric._network.training


def test_the_url_is_that_of_torchvision() -> None:
    known = torchvision.models.Inception_V3_Weights.IMAGENET1K_V1.url
    assert known == module.INCEPTION_URL


def test_failed_download_says_where_the_file_goes(
    samples: list[dict], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(download, 'PAUSES', ())
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path))
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    for scheme in ('http', 'https'):  # nobody listens there
        monkeypatch.setenv(f'{scheme}_proxy', 'http://localhost:9')
    name = 'inception_v3_google-0cc3c7bd.pth'
    with pytest.raises(WeightsError) as error:
        ELSFaceFID().process([], samples[:1])
    for part in (
        f'https://download.pytorch.org/models/{name}',
        str(tmp_path / 'download.pytorch.org/models' / name),
        'refused',
        'set weights of ELSFaceFID',
    ):
        assert part in str(error.value)


def test_foreign_weights_are_refused(
    samples: list[dict], tmp_path: Path
) -> None:
    path = tmp_path / 'other.pth'
    torch.save({'fc.weight': torch.zeros(1008, 2048)}, path)
    with pytest.raises(WeightsError, match='Nothing was loaded'):
        ELSFaceFID(str(path)).process([], samples[:1])


def test_what_the_protocol_fixes_cannot_be_set() -> None:
    for kind, options in (
        (ELSFaceLPIPS, dict(net='vgg')),
        (ELSFaceLPIPS, dict(crop_border=4)),
        (ELSFaceFID, dict(reference='gt')),
    ):
        with pytest.raises(TypeError):
            kind(**options)
    assert isinstance(ELSFaceFID(), PytorchFID)
