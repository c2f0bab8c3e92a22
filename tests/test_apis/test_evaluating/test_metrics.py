# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Metrics by name, and on their way through an evaluation."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.evaluating import folders as evaluating_folders
from mmfacesr.apis.evaluating import metrics
from mmfacesr.apis.evaluating.folders import evaluate_folders
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.evaluation.image_metrics import SetMetric
from mmfacesr.evaluation.networks.inception import NUM_FEATURES


@pytest.fixture(scope='module')
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three drawn faces, their inputs and what bicubic makes of them."""
    root = tmp_path_factory.mktemp('faces')
    for name in ('sr', 'hr', 'lr'):
        (root / name).mkdir()
    for seed in range(3):
        face = Image.fromarray(render_face(seed, 128)[0])
        small = face.resize((32, 32), Image.BICUBIC)
        large = small.resize(face.size, Image.BICUBIC)
        for name, image in (('sr', large), ('hr', face), ('lr', small)):
            image.save(root / name / f'{seed}.png')
    return {name: root / name for name in ('sr', 'hr', 'lr')}


def test_workers_give_the_same_table(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    tables = [
        evaluate_folders(
            **folders,
            out=tmp_path / str(workers),
            metrics=['nme', 'lr'],
            workers=workers,
        ).table
        for workers in (1, 2)
    ]
    first, second = (table.numbers for table in tables)
    assert list(first) == list(second)
    assert {'NME/hr', 'NME/failed', 'LR/PSNR'} <= set(first)
    for name, numbers in first.items():
        assert np.array_equal(numbers, second[name], equal_nan=True), name
    assert np.isfinite(first['LR/PSNR']).all()


def test_values_of_sets_and_of_images(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A set's own value is summarized, values of images go to the table."""
    from mmfacesr.evaluation.on_request import distributions
    from mmfacesr.evaluation.on_request.identity import identity_metric

    passes = []

    def features(pictures: tuple, path: Path) -> np.ndarray:
        passes.append(len(pictures))
        return np.stack([p.mean((0, 1)) for p in pictures])

    def identity() -> SetMetric:
        embed = lambda image, points: image[::8, 0, 0].astype(float)  # noqa: E731
        return identity_metric(lambda: embed, lambda: lambda image: image)

    weights = tmp_path / 'weights.pth'
    weights.write_bytes(b'never read')
    monkeypatch.setattr(distributions, '_network_features', features)
    monkeypatch.setitem(metrics.METRICS, 'identity', identity)
    metrics.build_metrics.cache_clear()
    found = evaluate_folders(
        folders['sr'],
        folders['hr'],
        tmp_path / 'out',
        metrics=['identity', f'fid-few={weights}', f'kid={weights}'],
    )
    metrics.build_metrics.cache_clear()
    assert found.values['FID/gt']['pooled'] and found.values['KID/gt']
    assert found.values['identity/rank-1']['images'] == 3
    assert found.table.numbers['identity/cosine'].shape == (3,)
    assert passes == [3, 3], 'FID and KID share the features'
    assert 'weights.pth, sha256' in found.summary['about']['kid']


def test_fid_of_few_images_is_refused(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    """Before its network is looked for."""
    assert metrics.FEWEST['fid'][0] == NUM_FEATURES
    weights = tmp_path / 'missing.pth'
    with pytest.raises(ValueError, match='2048 images for fid, got 3.*few'):
        evaluate_folders(
            folders['sr'],
            folders['hr'],
            tmp_path / 'out',
            metrics=[f'fid={weights}'],
        )
    assert not (tmp_path / 'out').exists(), 'before anything is measured'


def test_rows_of_other_inputs_are_measured_again(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupted evaluation goes on with the same inputs alone."""

    def stop(*args: object) -> None:
        raise KeyboardInterrupt

    out, others = tmp_path / 'out', tmp_path / 'lr'
    others.mkdir()
    for path in folders['lr'].iterdir():
        Image.new('RGB', (32, 32)).save(others / path.name)
    with monkeypatch.context() as patch:
        patch.setattr(evaluating_folders, '_measure_set', stop)
        with pytest.raises(KeyboardInterrupt):
            evaluate_folders(**folders, out=out, metrics=['lr'])
    assert [*out.glob('.unfinished*')]
    found = evaluate_folders(
        **dict(folders, lr=others), out=out, metrics=['lr']
    )
    assert (found.table.numbers['LR/PSNR'] < 20).all()


@pytest.mark.parametrize(
    'names, message',
    [
        (['lpips'], r'lpips-alex\[=FILE\].*nme.*got lpips'),
        (['nme=x'], 'got nme=x'),
        (['lr=box', 'lr=bicubic'], 'lr once'),
        (['lr'], 'give their folder by --lr'),
        (['lr=cubic'], "bicubic.*got 'cubic'"),
    ],
)
def test_what_is_wrong_is_named(names: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        metrics.check_names(names, has_lr=False)


def test_every_metric_says_what_it_compares(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    weights = tmp_path / 'weights.pth'
    weights.write_bytes(b'never read')
    for name in metrics.METRICS:
        option = {'FILE': [str(weights)], 'KERNEL': ['box']}.get(
            metrics.OPTIONS.get(name), []
        )
        if name == 'identity':
            pytest.importorskip('dlib')
        built = metrics.METRICS[name](*option)
        assert len(built.about) > 20, name
        assert dataclasses.is_dataclass(built)
