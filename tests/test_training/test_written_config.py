# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The config that a run writes is one to go on with."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.evaluator import BaseMetric

from mmfacesr.registry import METRICS


class CountFaces(BaseMetric):
    """A metric as every OpenMMLab user writes it."""

    default_prefix = 'mine'

    def process(self, data_batch: object, data_samples: list[dict]) -> None:
        self.results += [len(data_samples)] * len(data_samples)

    def compute_metrics(self, results: list) -> dict:
        return dict(faces=len(results))


@pytest.fixture
def child(tmp_path: Path, repo: Path, config: str, faces_root: Path) -> Path:
    """A config of one's own, with a metric and a data root of one's own."""
    METRICS.register_module(module=CountFaces, force=True)
    root = tmp_path / "it's mine"
    root.symlink_to(faces_root)
    path = tmp_path / 'mine/child.py'
    path.parent.mkdir()
    path.write_text(
        f"_base_ = '{repo / config}'\n"
        f'data_root = {str(root)!r}\n'
        "val_evaluator = [*_base_.val_evaluator, dict(type='CountFaces')]\n"
        "test_evaluator = [*_base_.val_evaluator, dict(type='CountFaces')]\n"
    )
    return path


@pytest.mark.slow
def test_train_test_and_resume_from_it(
    child: Path,
    options: list[str],
    tmp_path: Path,
    start_here: Callable[..., Path],
) -> None:
    options = [word for word in options if not word.startswith('data_root')]
    options += ['tensorboard=True', 'train_cfg.max_iters=2']
    start_here('train', child, *options)
    written, out = tmp_path / 'child.py', tmp_path / 'report.json'
    content = written.read_text()
    assert list(tmp_path.glob('*/vis_data/events.out.tfevents*'))
    [seen] = tmp_path.glob('*/vis_data/config.py')
    for config, what in (
        (seen, tmp_path / 'iter_2.pth'),
        (written, '--baseline'),
    ):
        start_here('test', config, what, '--out', out)
        assert json.loads(out.read_text())['metrics']['mine/faces'] == 3
        assert written.read_text() == content, 'a test changed the training'
    start_here('train', written, '--resume')
    again = Config.fromfile(written)
    again.resume, again.load_from = False, None
    first = Config.fromfile(seen)
    assert again.to_dict() == first.to_dict()
