# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is refused before the first iteration, on a small DIC."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmfacesr.apis.config import load_config
from mmfacesr.datasets.transforms import LoadLandmarks
from mmfacesr.engine.hooks import StartCheckHook
from mmfacesr.engine.hooks.start_check_hook import check_landmarks, names_of
from mmfacesr.faces.table import LandmarkError, LandmarkTable
from mmfacesr.models.pfsrnet.step_hooks import (
    LastStepCheckpointHook,
)

CONFIG = 'configs/dic/dic-small_x8c16b2_1xb4-500_synthetic.py'
ALONE = dict(num_workers=0, persistent_workers=False)


@pytest.fixture(scope='module')
def own_root(
    faces_root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A data root that a test may spoil and mend again."""
    root = tmp_path_factory.mktemp('own') / 'faces'
    shutil.copytree(faces_root, root)
    return root


@pytest.fixture(scope='module')
def built(
    own_root: Path, repo: Path, tmp_path_factory: pytest.TempPathFactory
) -> Runner:
    """A training, ready to begin."""
    cfg = load_config(
        str(repo / CONFIG),
        dict(
            data_root=str(own_root),
            work_dir=str(tmp_path_factory.mktemp('run')),
            train_dataloader=ALONE,
            val_dataloader=ALONE,
            model=dict(generator=dict(mid_channels=8, hg_mid_channels=16)),
        ),
    )
    runner = Runner.from_cfg(cfg)
    assert runner.train_loop and runner.val_loop
    return runner


@pytest.fixture
def table(own_root: Path, built: Runner) -> Iterator[LandmarkTable]:
    """The landmarks in memory, as the training reads them."""
    path = own_root / 'landmarks68.npz'
    table = LandmarkTable.load(path)
    loading = [
        step
        for step in built.train_dataloader.dataset.pipeline.transforms
        if type(step).__name__ == 'LoadLandmarks'
    ]
    assert loading
    loading[0]._tables = {str(path): table}
    yield table
    loading[0]._tables = {}


def refused(runner: Runner, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StartCheckHook().before_train(runner)


def test_good_training_begins_and_draws_the_same_numbers(
    built: Runner,
) -> None:
    python, numbers = random.getstate(), np.random.get_state()
    tensors = torch.get_rng_state()
    StartCheckHook().before_train(built)
    assert random.getstate() == python
    assert str(np.random.get_state()) == str(numbers)
    assert torch.equal(torch.get_rng_state(), tensors)


@pytest.mark.parametrize(
    'name, value, message',
    [
        ('_max_iters', 0, 'train_cfg.max_iters of at least 1, got 0'),
        ('val_interval', 0, 'val_interval of at least 1, got 0'),
        ('val_begin', 501, 'val_begin of at most 500'),
    ],
)
def test_lengths(
    name: str,
    value: int,
    message: str,
    built: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(built.train_loop, name, value)
    refused(built, message)


def loader_of(dataset: Any, sampler: str) -> torch.utils.data.DataLoader:
    return Runner.build_dataloader(
        dict(
            dataset=dataset,
            batch_size=9,
            drop_last=True,
            num_workers=0,
            sampler=dict(type=sampler, shuffle=False),
        )
    )


def test_batches(built: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """8 faces make no batch of 9, unless they come again and again."""
    dataset = built.train_dataloader.dataset
    loop = built.train_loop
    monkeypatch.setattr(
        loop, 'dataloader', loader_of(dataset, 'InfiniteSampler')
    )
    StartCheckHook().before_train(built)
    monkeypatch.setattr(
        loop, 'dataloader', loader_of(dataset, 'DefaultSampler')
    )
    refused(built, 'train_dataloader.batch_size to at most 8')
    monkeypatch.undo()
    validation = loader_of(dataset, 'DefaultSampler')
    monkeypatch.setattr(built.val_loop, 'dataloaders', [validation])
    refused(built, 'val_dataloader.drop_last=False')


def test_share_of_each_process(
    built: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = built.train_dataloader.dataset
    monkeypatch.setattr(
        'mmengine.dataset.sampler.get_dist_info', lambda: (0, 2)
    )
    monkeypatch.setattr(
        'mmfacesr.engine.hooks.start_check_hook.get_world_size', lambda: 2
    )
    loader = loader_of(dataset, 'DefaultSampler')
    monkeypatch.setattr(built.train_loop, 'dataloader', loader)
    refused(built, r'8 images on 2 process\(es\) are 4 each')


def checkpoint_by(name: str, kind: type = CheckpointHook) -> CheckpointHook:
    return kind(save_best=name, rule='greater', by_epoch=False)


@pytest.mark.parametrize(
    'hook, message',
    [
        (checkpoint_by('PSRN'), r"one of \['MAE', 'PSNR', 'SSIM'\].*'PSRN'"),
        (checkpoint_by('dic/PSNR'), 'add its metric to val_evaluator'),
        (
            checkpoint_by('32px/PSNR', LastStepCheckpointHook),
            'save_best to name',
        ),
    ],
)
def test_best_of_what_is_not_measured(
    hook: CheckpointHook,
    message: str,
    built: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(built, '_hooks', [hook])
    refused(built, message)


def test_names_are_those_of_the_values() -> None:
    from mmfacesr.evaluation.metrics import MSSSIM, LandmarkNME, PaperProtocol

    class Own(BaseMetric):
        """Does not say what it measures."""

        process = compute_metrics = lambda self, *_: {}

    assert names_of(PaperProtocol('pfsrnet')) == [
        'pfsrnet/PSNR',
        'pfsrnet/SSIM',
        'pfsrnet/MS-SSIM',
    ]
    assert names_of(PaperProtocol('elsface'))[-1] == 'elsface/MAE'
    assert names_of(MSSSIM(8, prefix='Set5')) == ['Set5/MS-SSIM']
    assert names_of(LandmarkNME(points='inner')) == ['NME-inner51']
    assert names_of(Own()) is None


def test_one_unreadable_validation_image(
    built: Runner, own_root: Path
) -> None:
    dataset = built.val_loop.dataloaders[0].dataset
    image = Path(dataset.get_data_info(1)['gt_path'])
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    try:
        refused(built, f'{image.name}: cannot be decoded')
    finally:
        image.write_bytes(whole)


@pytest.mark.parametrize('kind', ['huge', 'equal', 'nan', 'outside'])
def test_landmarks_of_no_face(
    kind: str,
    built: Runner,
    table: LandmarkTable,
    capsys: pytest.CaptureFixture,
) -> None:
    """Of one face it is said, of most of them it ends the training."""

    def spoil(rows: slice) -> None:
        if kind == 'outside':  # of the box of the face
            table.points[rows] += 5000
        else:
            table.points[rows] = dict(huge=1e30, equal=7, nan=np.nan)[kind]

    file = str(table.file[0])
    assert table.points_of(file).shape == (68, 2)
    spoil(slice(0, 1))
    StartCheckHook().before_train(built)
    with pytest.raises(LandmarkError, match='landmarks are not'):
        table.points_of(file)
    spoil(slice(1, None))
    refused(built, f'of {len(table)} images in the table {len(table)} have')


def test_landmarks_of_a_validation_must_all_be_good(
    table: LandmarkTable,
) -> None:
    class Loading(SimpleNamespace):
        """A dataset of two faces, the last one without landmarks."""

        def get_data_info(self, index: int) -> dict:
            return dict(file=str(table.file[index]))

        def __len__(self) -> int:
            return 2

    step = LoadLandmarks()
    step._table = lambda info: table
    dataset = Loading(
        pipeline=SimpleNamespace(transforms=[step]), test_mode=True
    )
    table.points[2] = 0  # of another split
    check_landmarks(dataset, 'validation')
    table.points[1] = 0
    with pytest.raises(ValueError, match=f'1 have.*{table.file[1]}'):
        check_landmarks(dataset, 'validation')
