# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics beside the protocols, each against something independent."""

import importlib.util
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.evaluation.on_request import identity
from mmfacesr.evaluation.on_request.identity import (
    compare_identities,
    identity_metric,
)
from mmfacesr.evaluation.on_request.landmarks import nme_metric
from mmfacesr.evaluation.on_request.lpips import lpips_metric
from mmfacesr.evaluation.on_request.lr import lr_metric
from mmfacesr.weights.files import hash_file

SIZE = 128
SHIFT = np.array([3, 2])  # pixels
HAS_DLIB = all(
    importlib.util.find_spec(name)
    for name in ('dlib', 'face_recognition_models')
)


@pytest.fixture(scope='module')
def face() -> tuple[np.ndarray, np.ndarray]:
    """A drawn face (128, 128, 3) and its 68 points."""
    return render_face(3, SIZE)


def shifted(image: np.ndarray) -> np.ndarray:
    """The same by whole pixels to the right and down."""
    return np.roll(image, SHIFT[::-1], (0, 1))


def noise(seed: int, side: int = SIZE) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (side, side, 3), np.uint8)


@pytest.fixture(scope='module')
def backbone(
    fill: ModuleType, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """AlexNet's convolutions alone, filled by key."""
    import torchvision

    with torch.device('meta'):
        state = torchvision.models.alexnet().state_dict()
    weights = {
        key: torch.from_numpy(fill.fill(key, value.shape) * 2**0.5)
        for key, value in state.items()
        if key.startswith('features.')
    }
    path = tmp_path_factory.mktemp('lpips') / 'made_up.pth'
    torch.save(weights, path)
    return path


def test_lpips_is_that_of_the_package(backbone: Path) -> None:
    import lpips

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        network = lpips.LPIPS(net='alex', pnet_rand=True, verbose=False)
    weights = torch.load(backbone, weights_only=True)
    network.net.load_state_dict(
        {
            key: weights[f'features.{key.split(".", 1)[1]}']
            for key in network.net.state_dict()
        }
    )
    pairs = [(noise(2 * i, 64), noise(2 * i + 1, 64) // 2) for i in range(2)]
    batch = [
        torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2) / 255
        for images in zip(*pairs)
    ]
    with torch.no_grad():
        wanted = network(*batch, normalize=True).flatten().tolist()
    metric = lpips_metric('alex', str(backbone))
    threads = torch.get_num_threads()
    found = [metric.measure(*pair, None)['LPIPS/alex'] for pair in pairs]
    assert found == pytest.approx(wanted, rel=1e-4)
    assert min(wanted) > 1e-3 and wanted[0] != pytest.approx(wanted[1])
    assert torch.get_num_threads() == threads
    assert 'made_up.pth' in metric.about
    assert hash_file(backbone).sha256[:8] in metric.about
    with pytest.raises(ValueError, match='at least 32x32.*got 16x16'):
        metric.measure(noise(0, 16), noise(1, 16), None)


def test_nme_of_a_shift_by_hand(face: tuple) -> None:
    """The detector itself: every point moves by the shift."""
    image, points = face
    found = nme_metric().measure(shifted(image), image, None)
    wanted = np.linalg.norm(SHIFT) / np.linalg.norm(points[45] - points[36])
    assert found['NME/failed'] == 0
    assert found['NME/hr'] == pytest.approx(wanted, rel=0.15)
    same = nme_metric().measure(image, image, None)
    assert same == {'NME/hr': 0, 'NME/failed': 0}


def by_image(known: list) -> Callable:
    """A finder of those (image, points) that it is given."""

    def find(image: np.ndarray) -> np.ndarray | None:
        return next((p for i, p in known if np.array_equal(i, image)), None)

    return lambda: find


def test_nme_divides_by_the_eyes_of_the_truth(face: tuple) -> None:
    image, points = face
    larger = points * 2 + 5
    metric = nme_metric(by_image([(image, points), (noise(0), larger)]))
    wanted = np.mean([np.hypot(*(p + 5)) for p in points]) / np.hypot(
        *(points[45] - points[36])
    )
    found = metric.measure(noise(0), image, None)
    assert found['NME/hr'] == pytest.approx(wanted)


def test_failures_are_counted(face: tuple) -> None:
    image, points = face
    metric = nme_metric(by_image([(image, points)]))
    for pair in ((noise(0), image), (image, noise(0)), (noise(0), noise(1))):
        found = metric.measure(*pair, None)
        assert np.isnan(found['NME/hr']) and found['NME/failed'] == 1


def reduced(image: np.ndarray, kernel: Image.Resampling) -> np.ndarray:
    return np.asarray(Image.fromarray(image).resize((16, 16), kernel))


def test_lr_by_hand() -> None:
    sr, lr = noise(0), noise(1, 16)
    error = reduced(sr, Image.BICUBIC).astype(float) - lr
    wanted = 20 * np.log10(255 / np.sqrt(np.mean(error**2)))
    metric = lr_metric()
    assert metric.needs_lr and 'Pillow bicubic' in metric.about
    assert metric.measure(sr, sr, lr) == {'LR/PSNR': pytest.approx(wanted)}
    for kernel in ('box', 'bicubic'):
        own = reduced(sr, Image.Resampling[kernel.upper()])
        found = lr_metric(kernel).measure(sr, noise(2), own)
        assert found == {'LR/PSNR': float('inf')}
    assert np.isfinite(metric.measure(sr, sr, reduced(sr, 4))['LR/PSNR'])


def test_lr_refusals() -> None:
    with pytest.raises(ValueError, match="bilinear.*got 'sinc'"):
        lr_metric('sinc')
    with pytest.raises(ValueError, match='shape.*got 16x20 for 128x128'):
        lr_metric().measure(noise(0), noise(0), np.zeros((16, 20, 3), 'u1'))


def test_ranks_by_hand() -> None:
    hr = np.array([[0.0, 1], [0, 4], [8, 0], [np.nan, np.nan]])
    # Its own; nearer to the first; as near to the second as to its own.
    sr = np.array([[0.0, 2], [0, 2], [4, 2], [np.nan, np.nan]])
    found = compare_identities(sr, hr)
    assert found['identity/rank-1'][:3].tolist() == [1, 0, 0]
    assert found['identity/distance'][:3] == pytest.approx([1, 2, 20**0.5])
    cosine = found['identity/cosine'][:3]
    assert cosine == pytest.approx([1, 1, 4 / 20**0.5])
    assert all(np.isnan(values[3]) for values in found.values())


def test_ranks_in_parts_are_those_of_the_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    hr = rng.normal(size=(50, 8))
    sr = hr + rng.normal(size=hr.shape)
    sr[7] = hr[7] = np.nan
    monkeypatch.setattr(identity, 'ROWS', 7)
    found = compare_identities(sr, hr)['identity/rank-1']
    nearest = [
        np.nanargmin(np.linalg.norm(hr - row, axis=1)) if i != 7 else -1
        for i, row in enumerate(sr)
    ]
    assert 0 < np.nansum(found) < 49
    assert np.array_equal(np.nan_to_num(found), nearest == np.arange(50))


def test_identity_frames_both_by_the_truth(face: tuple) -> None:
    image, points = face
    seen = []

    def embed(picture: np.ndarray, frame: np.ndarray) -> np.ndarray:
        seen.append((picture, frame))
        return np.full(128, picture.mean())

    metric = identity_metric(lambda: embed, by_image([(image, points)]))
    dark = image // 2
    faces = [(dark, image, None), (image, noise(0), None)]
    found = metric.measure(lambda: iter(faces))
    assert [frame is points for _, frame in seen] == [True, True]
    assert seen[0][0] is dark and seen[1][0] is image
    wanted = 128**0.5 * (image.mean() - dark.mean())
    assert found['identity/distance'][0] == pytest.approx(wanted)
    assert np.isnan(found['identity/rank-1'][1])


@pytest.mark.skipif(not HAS_DLIB, reason='the extra identity is missing')
def test_network_knows_people() -> None:
    """The same drawn person, blurred, is nearer than another one."""
    truths = [render_face(seed, SIZE)[0] for seed in (3, 4, 5)]
    small = [Image.fromarray(t).resize((64, 64)) for t in truths]
    results = [np.asarray(s.resize((SIZE, SIZE))) for s in small]
    faces = [*zip(results, truths, [None] * 3)]
    found = identity_metric().measure(lambda: iter(faces))
    assert found['identity/rank-1'].tolist() == [1, 1, 1]
    assert (found['identity/distance'] < 0.6).all()
    assert (found['identity/cosine'] > 0.9).all()


def test_missing_extra_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='pip install dlib-bin'):
        identity_metric(finder=by_image([]))
