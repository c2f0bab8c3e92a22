# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The key ``facts`` of every leaf config says what the config really does."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope

from mmfacesr.apis.config import load_config
from mmfacesr.faces.framing import FRAMINGS
from mmfacesr.models import METHODS
from mmfacesr.models.common.facts import Facts
from mmfacesr.utils.images import write_image

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(
    path for path in CONFIGS.glob('*/*.py') if path.parent.name != '_base_'
)
BASES = sorted(
    [*CONFIGS.glob('_base_/**/*.py'), *CONFIGS.glob('*/_base_/**/*.py')]
)
COLOR = (200, 100, 50)  # red, green, blue


def read(path: Path) -> Config:
    return Config.fromfile(path, import_custom_modules=False)


def name_of(path: Path) -> str:
    return path.relative_to(CONFIGS).as_posix()


def restores(cfg: Config) -> bool:
    """Whether the config is of a network that gives images."""
    return any(metric.type == 'PSNR' for metric in cfg.val_evaluator)


RESTORING = [path for path in LEAVES if restores(read(path))]
each_restoring = pytest.mark.parametrize('path', RESTORING, ids=name_of)


def recipe_of(facts: Facts) -> Config:
    return read(CONFIGS / f'_base_/degradations/{facts.lr_recipe}.py')


def enlargement(facts: Facts) -> list[dict]:
    """What follows the recipe where the network wants a large input."""
    step = dict(
        type='Resize',
        keys=['img'],
        scale=(facts.gt_size, facts.gt_size),
        keep_ratio=False,
        interpolation='bicubic',
        backend='pillow',
    )
    return [step] if facts.enlarged else []


def contains(steps: list, part: list) -> bool:
    """Whether a list has another as a piece of it."""
    starts = range(len(steps) - len(part) + 1)
    return any(steps[i : i + len(part)] == part for i in starts)


@pytest.fixture(scope='module')
def large_face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root of one image of one color, larger than any face."""
    root = tmp_path_factory.mktemp('large')
    (root / 'test').mkdir()
    image = np.full((600, 600, 3), COLOR, np.uint8)
    write_image(root / 'test/a.png', image)
    return root


@pytest.mark.parametrize('path', BASES, ids=name_of)
def test_base_file_is_read_alone_and_has_no_facts(path: Path) -> None:
    assert 'facts' not in read(path)  # two bases may not have one key


@pytest.mark.parametrize('room', METHODS)
def test_shared_base_files_name_no_method(room: str) -> None:
    paths = [path for path in BASES if path.parts[-3] == '_base_']
    assert len(paths) > 10
    for path in paths:
        words = f'{path.stem} {read(path).to_dict()}'
        assert not re.search(rf'(?<![a-z]){room}', words, re.IGNORECASE), path


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_what_restores_faces_has_facts(path: Path) -> None:
    cfg = read(path)
    assert ('facts' in cfg) == restores(cfg) == ('inference_pipeline' in cfg)


@each_restoring
def test_facts_are_those_of_the_room(path: Path) -> None:
    facts = read(path).facts.to_dict()
    declared = METHODS[path.parent.name].facts.values()
    own_recipe = dict(lr_recipe=facts['lr_recipe'])
    assert facts in [{**known.to_dict(), **own_recipe} for known in declared]
    assert facts['framing'] in FRAMINGS


@each_restoring
def test_facts_are_plain_values_in_a_written_config(
    path: Path, tmp_path: Path
) -> None:
    cfg = load_config(str(path), import_modules=False)
    facts = cfg.facts.to_dict()
    assert ast.literal_eval(repr(facts)) == facts
    cfg.dump(tmp_path / 'written.py')
    assert read(tmp_path / 'written.py').facts.to_dict() == facts


@each_restoring
def test_lr_faces_are_made_by_the_recipe(path: Path) -> None:
    init_default_scope('mmagic')
    cfg = read(path)
    facts = Facts(**cfg.facts)
    recipe = recipe_of(facts)
    fixed = recipe.get('fixed_degradation', recipe.degradation)
    expected = [*fixed, *enlargement(facts)]
    assert cfg.degradation == expected
    for split in ('val', 'test'):
        steps = cfg[f'{split}_dataloader'].dataset.pipeline
        assert contains(steps, expected)
    wanted = [*recipe.degradation, *enlargement(facts)]
    assert any(
        contains(steps, wanted)
        for steps in choices_of(cfg.train_dataloader.dataset.pipeline)
    )


def choices_of(steps: list[dict]) -> Iterator[list[dict]]:
    """A pipeline, once for every branch of its random choice."""
    at = [i for i, s in enumerate(steps) if s['type'] == 'RandomChoice']
    if not at:
        yield steps
        return
    for branch in steps[at[0]].transforms:
        yield [*steps[: at[0]], *branch, *steps[at[0] + 1 :]]


@each_restoring
def test_scale_is_that_of_the_recipe(path: Path) -> None:
    init_default_scope('mmagic')
    cfg = load_config(str(path))
    facts = Facts(**cfg.facts)
    assert (cfg.get('scale', 1), cfg.gt_size) == (facts.scale, facts.gt_size)
    recipe = recipe_of(facts)
    make_lr = Compose(recipe.get('fixed_degradation', recipe.degradation))
    face = np.zeros((facts.gt_size, facts.gt_size, 3), np.uint8)
    sample = make_lr(dict(gt=face, gt_channel_order='rgb', file='a.png'))
    assert sample['img'].shape == (facts.lr_size, facts.lr_size, 3)


@each_restoring
def test_sample_has_the_sizes_colors_and_range(
    path: Path, large_face: Path
) -> None:
    init_default_scope('mmagic')
    cfg = load_config(str(path), dict(data_root=str(large_face)))
    facts = Facts(**cfg.facts)
    sample = DATASETS.build(cfg.test_dataloader.dataset)[0]
    pixels, gt = sample['inputs'].float(), sample['data_samples'].gt_img
    assert gt.shape == (3, facts.gt_size, facts.gt_size)
    assert gt[:, 0, 0].tolist() == list(COLOR)  # RGB
    preprocess = MODELS.build(cfg.model.data_preprocessor)
    inputs = preprocess(pseudo_collate([sample]))['inputs']
    assert inputs.shape == (1, 3, facts.input_size, facts.input_size)
    mean, std = (
        torch.tensor(values).view(3, 1, 1)
        for values in (facts.mean, facts.std)
    )
    torch.testing.assert_close(inputs[0], (pixels - mean) / std)
