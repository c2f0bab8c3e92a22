# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``lr_kernel=NAME`` makes the LR faces of any config."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import Compose
from mmengine.registry import TRANSFORMS, init_default_scope
from PIL import Image

from mmfacesr.apis.config import datasets_of, load_config
from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.recipes import kernel_names, read_recipe
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.models.common.facts import Facts

CONFIGS = Path(__file__).parents[2] / 'configs'
LEAVES = sorted(
    path
    for path in CONFIGS.glob('*/*.py')
    if path.parent.name not in ('_base_', 'feature_networks')
)
BY_STEPS = ('Resize', 'ReduceImage', 'RandomChoice')


def name_of(path: Path) -> str:
    return path.stem


def reduces(path: Path) -> bool:
    """Whether a config makes its LR faces by reduction."""
    cfg = load_config(str(path))
    return 'facts' in cfg and cfg.facts.scale > 1


REDUCING = [path for path in LEAVES if reduces(path)]
OTHERS = [path for path in LEAVES if path not in REDUCING]


def lr_part(pipeline: list[dict]) -> Compose:
    """Steps of a pipeline that reduce or enlarge."""
    steps = [step for step in pipeline if step['type'] in BY_STEPS]
    init_default_scope('mmagic')
    return Compose([TRANSFORMS.build(step) for step in steps])


def made_by(steps: list[dict], face: np.ndarray) -> dict:
    return lr_part(steps)(dict(gt=face.copy(), gt_channel_order='rgb'))


@pytest.mark.parametrize('path', REDUCING, ids=name_of)
def test_lr_faces_are_of_the_kernel(path: Path) -> None:
    before = load_config(str(path))
    facts = before.facts
    face, _ = render_face(4, facts.gt_size)
    for kernel in kernel_names(facts.scale):
        cfg = load_config(str(path), [('lr_kernel', kernel)])
        recipe = f'{kernel}_x{facts.scale}'
        wanted = made_by(read_recipe(recipe), face)['img']
        if facts.enlarged:
            large = Image.fromarray(wanted).resize((facts.gt_size,) * 2, 3)
            wanted = np.array(large)
        pipelines = [dataset.pipeline for dataset in datasets_of(cfg)]
        for steps in [*pipelines, cfg.degradation]:
            found = made_by(steps, face)
            np.testing.assert_array_equal(found['img'], wanted)
            np.testing.assert_array_equal(found['gt'], face)
        assert cfg.facts.lr_recipe == recipe


@pytest.mark.parametrize('path', REDUCING, ids=name_of)
def test_other_steps_and_targets_stay(path: Path) -> None:
    before = load_config(str(path))
    after = load_config(str(path), dict(lr_kernel='area'))
    face, _ = render_face(4, before.facts.gt_size)
    for old, new in zip(datasets_of(before), datasets_of(after)):
        others = [
            [s for s in one.pipeline if s['type'] not in BY_STEPS]
            for one in (old, new)
        ]
        assert others[0] == others[1]
        was, found = (made_by(one.pipeline, face) for one in (old, new))
        for key in was.keys() - {'img'}:
            if key.startswith('gt_x') and isinstance(was[key], np.ndarray):
                np.testing.assert_array_equal(found[key], was[key])
        targets = {k for k in was if k.startswith('gt_x')}
        assert targets <= found.keys()


def test_a_written_config_is_read_alike(tmp_path: Path) -> None:
    """Steps do not grow, also where the config has targets of its own."""
    for path in {path.parent: path for path in REDUCING}.values():
        kernel = 'bilinear_chain'
        cfg = load_config(str(path), dict(lr_kernel=kernel))
        cfg.dump(tmp_path / 'written.py')
        again = load_config(str(tmp_path / 'written.py'))
        for one, other in zip(datasets_of(cfg), datasets_of(again)):
            assert one.pipeline == other.pipeline
        assert cfg.degradation == again.degradation


def test_a_network_of_each_kernel_gets_its_faces_outside_too() -> None:
    """What restores photos reduces as a training with the switch did."""
    face, _ = render_face(4, 128)
    for kernel in kernel_names(8):
        cfg = load_config(str(REDUCING[0]), dict(lr_kernel=kernel))
        network = FaceNetwork(Facts(**cfg.facts), lambda batch: batch)
        wanted = made_by(read_recipe(f'{kernel}_x8'), face)['img']
        np.testing.assert_array_equal(network.lr_of(face), wanted)


def test_unknown_names_list_those_there_are() -> None:
    with pytest.raises(ValueError, match='area, bicubic, .* got .lanczos'):
        load_config(str(REDUCING[0]), [('lr_kernel', 'lanczos')])


@pytest.mark.parametrize('path', OTHERS, ids=name_of)
def test_what_does_not_reduce_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match='leave lr_kernel away'):
        load_config(str(path), dict(lr_kernel='area'))


def test_files_and_blind_inputs_are_refused() -> None:
    options = dict(lr_kernel='area', lr_folder='LR')
    with pytest.raises(ValueError, match='lr_kernel or lr_folder, got both'):
        load_config(str(REDUCING[0]), options)
    cfg = load_config(str(REDUCING[0]))
    blind = [dict(type='LoadFaceImage'), dict(type='DegradeBlindly')]
    options = {
        'lr_kernel': 'area',
        'val_dataloader.dataset.pipeline': blind,
    }
    assert cfg.facts.scale > 1
    with pytest.raises(ValueError, match='reduces `gt` to `img`.*Blindly'):
        load_config(str(REDUCING[0]), options)
