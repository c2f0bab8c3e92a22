# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What every leaf config of every method keeps; it finds them by itself.

The data are synthetic faces through each config's real pipelines. Configs of
the same networks share one sweep.
"""

import copy
import json
from collections.abc import Callable
from inspect import signature
from pathlib import Path

import pytest
import torch
from mmengine.config import Config, ConfigDict
from mmengine.dataset import pseudo_collate
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn

from mmfacesr.apis.config import load_config
from mmfacesr.apis.face_network import ImageNetwork
from mmfacesr.apis.stand_in import StandIn

REPO = Path(__file__).resolve().parents[1]
LEAVES = sorted(
    path
    for path in REPO.glob('configs/*/*.py')
    if path.parent.name != '_base_'
)
NAMES = [path.stem for path in LEAVES]
# Parameters that one step leaves alone, with the reason.
UNTRAINED: dict[str, str] = {
    f'discriminator.D_pool.{i}.score_out.conv2d.bias': (
        'hinge: real and fake push it alike while all scores are within 1'
    )
    for i in range(3)
} | {
    f'{network}.0.{parameter}': (
        'PFSRNet: RGB head of step 1, in use until step 2 is faded in; what '
        'is trained here is step 3, which fades in from step 2'
    )
    for network in ('generator.to_rgb', 'discriminator.from_rgb')
    for parameter in ('weight', 'bias')
}
# The same layers in small: arguments of whatever network takes them.
NARROW = dict(
    mid_channels=24,
    num_blocks=1,
    num_steps=2,
    hg_mid_channels=16,
    min_ch=4,
    max_ch=8,
    base_ch=4,
)


def networks_of(path: Path, narrow: bool = False) -> str:
    """A key that configs of the same networks share."""
    model = Config.fromfile(path, import_custom_modules=False).model
    if narrow:
        make_narrow(model)
    networks = {key: model.get(key) for key in ('generator', 'discriminator')}
    return json.dumps([model.type, networks], sort_keys=True, default=str)


def make_narrow(model: ConfigDict) -> None:
    """Put `NARROW` into the config of a restorer."""
    for network in filter(None, (model.generator, model.get('discriminator'))):
        taken = signature(MODELS.get(network.type)).parameters
        network.update({k: v for k, v in NARROW.items() if k in taken})


def generator_of(path: Path) -> str:
    """A key that configs of the same generator in small share."""
    model = Config.fromfile(path, import_custom_modules=False).model
    make_narrow(model)
    return json.dumps(model.generator, sort_keys=True, default=str)


SWEPT: list[Path] = list({networks_of(path): path for path in LEAVES}.values())
GENERATORS: list[Path] = list(
    {generator_of(path): path for path in reversed(LEAVES)}.values()
)
NARROW_SWEPT: list[Path] = list(
    {networks_of(path, narrow=True): path for path in LEAVES}.values()
)


@pytest.fixture(scope='module', params=GENERATORS, ids=lambda path: path.stem)
def network_case(
    request: pytest.FixtureRequest, faces_root: Path, shrink: Callable
) -> dict:
    """As `case`, one config a generator, in small."""
    return build_case(request.param, faces_root, shrink, narrow=True)


@pytest.fixture(
    scope='module',
    params=[
        *(pytest.param((path, True), id=path.stem) for path in NARROW_SWEPT),
        *(
            pytest.param(
                (path, False), marks=pytest.mark.slow, id=f'{path.stem} full'
            )
            for path in SWEPT
        ),
    ],
)
def case(
    request: pytest.FixtureRequest, faces_root: Path, shrink: Callable
) -> dict:
    """A config and its restorer, in small or at its full width."""
    path, narrow = request.param
    return build_case(path, faces_root, shrink, narrow)


def build_case(
    path: Path, faces_root: Path, shrink: Callable, narrow: bool = False
) -> dict:
    """Build a restorer from its config."""
    init_default_scope('mmagic')
    cfg = shrink(load_config(str(path), dict(data_root=str(faces_root))))
    if cfg.model.get('feature_loss'):  # no weights can be fetched offline
        cfg.model.feature_loss.loss_weight = 0
    if narrow:
        make_narrow(cfg.model)
    torch.manual_seed(0)
    return dict(cfg=cfg, model=MODELS.build(cfg.model))


def batch_of(cfg: Config, split: str, count: int) -> dict:
    """A batch of the config's own data."""
    dataset = Runner.build_dataloader(
        {
            **cfg[f'{split}_dataloader'],
            'num_workers': 0,
            'persistent_workers': False,
        }
    ).dataset
    return pseudo_collate([dataset[index] for index in range(count)])


def as_network_input(case: dict, count: int) -> Tensor:
    """What the generator is fed, (count, 3, h, w)."""
    data = batch_of(case['cfg'], 'test', count)
    return case['model'].data_preprocessor(data)['inputs']


def move_to_where_all_is_trained(model: nn.Module) -> None:
    """Behind a warm-up, or halfway through the last fade-in."""
    if hasattr(model, 'schedule'):
        *earlier, last = model.schedule.steps
        before = sum(step.iters for step in earlier)
        model.step_counter.fill_(before + last.fade_iters // 2)
    elif hasattr(model, 'step_counter'):
        model.step_counter.fill_(model.pixel_init)


def optimizers_of(case: dict) -> OptimWrapper | OptimWrapperDict:
    """The optimizers of a config, as the runner builds them."""
    runner = Runner.__new__(Runner)
    runner.model = case['model']
    return runner.build_optim_wrapper(case['cfg'].optim_wrapper)


@pytest.mark.parametrize('path', LEAVES, ids=NAMES)
def test_generator_is_built_from_the_config_alone(path: Path) -> None:
    cfg = Config.fromfile(path)
    network = MODELS.build(cfg.model.generator)
    assert isinstance(network, nn.Module)
    assert network.size_requirement.describe()
    assert sum(p.numel() for p in network.parameters()) > 0


@torch.no_grad()
def test_output_repeats_and_has_the_size_of_the_ground_truth(
    network_case: dict,
) -> None:
    # In float64: a network may double rounding in every block.
    generator = copy.deepcopy(network_case['model'].generator)
    network = ImageNetwork(generator).eval().double()
    three = as_network_input(network_case, 3).double()
    first = network(three[:1])
    batch = network(three)
    assert batch.shape[0] == 3 and batch.shape[1:] == first.shape[1:]
    assert torch.isfinite(batch).all()
    torch.testing.assert_close(batch[:1], first, atol=1e-6, rtol=1e-6)
    assert torch.equal(network(three[:1]), first)


@torch.no_grad()
def test_a_wrong_size_is_refused_by_name(network_case: dict) -> None:
    network = network_case['model'].generator
    height, width = as_network_input(network_case, 1).shape[-2:]
    refused = [
        size
        for size in ((height - 1, width), (height, width + 3), (1, 1))
        if not network.size_requirement.allows(*size)
    ]
    assert refused, 'a network that takes any size declares it'
    for size in refused:
        with pytest.raises(ValueError, match=type(network).__name__):
            network(torch.zeros(1, 3, *size))


@torch.no_grad()
def test_prediction_is_an_image(case: dict) -> None:
    model = case['model'].eval()
    samples = model.test_step(batch_of(case['cfg'], 'test', 2))
    assert len(samples) == 2
    for sample in samples:
        if 'pred_img' not in sample.output:
            assert sample.output.pred_heatmap.shape[0] == 68
            continue
        assert sample.output.pred_img.shape == sample.gt_img.shape
        assert sample.output.pred_img.min() >= 0
        assert sample.output.pred_img.max() <= 255


@torch.no_grad()
def test_a_restorer_takes_the_image_of_whatever_runs_its_network(
    network_case: dict,
) -> None:
    cfg, model = network_case['cfg'], network_case['model'].eval()
    if 'facts' not in cfg:
        pytest.skip('restores no faces')
    (plain,) = model.test_step(batch_of(cfg, 'test', 1))
    side = as_network_input(network_case, 1).shape[-1]
    generator, run = model.generator, ImageNetwork(model.generator)
    try:
        model.generator = StandIn(run, side)
        (again,) = model.test_step(batch_of(cfg, 'test', 1))
        model.generator = StandIn(lambda batch: run(batch) + 0.1, side)
        (other,) = model.test_step(batch_of(cfg, 'test', 1))
    finally:
        model.generator = generator
    assert torch.equal(again.output.pred_img, plain.output.pred_img)
    assert not torch.equal(other.output.pred_img, plain.output.pred_img)


def test_one_step_trains_every_parameter(case: dict) -> None:
    cfg, model = case['cfg'], case['model'].train()
    move_to_where_all_is_trained(model)
    optim = optimizers_of(case)
    before = {
        name: parameter.detach().clone()
        for name, parameter in model.named_parameters()
    }
    frozen = {
        name
        for name, parameter in model.named_parameters()
        if not parameter.requires_grad
    }
    logs = model.train_step(batch_of(cfg, 'train', 2), optim)
    assert logs and all(torch.isfinite(value) for value in logs.values())
    same = {
        name
        for name, parameter in model.named_parameters()
        if torch.equal(parameter, before[name])
    }
    assert frozen <= same <= frozen | UNTRAINED.keys()


def with_constant(data: dict, count: int, value: int) -> dict:
    """The batch, its first images constant in input and ground truth."""
    data = copy.deepcopy(data)
    for image in data['inputs'][:count]:
        image.fill_(value)
    for sample in data['data_samples'][:count]:
        for key in ('gt_img', 'gt_x4', 'gt_x2'):
            if key in sample:
                sample.get(key).fill_(value)
    return data


@pytest.mark.parametrize('path', NARROW_SWEPT, ids=lambda path: path.stem)
def test_constant_images_keep_every_number_finite(
    path: Path, faces_root: Path, shrink: Callable
) -> None:
    """A black frame or a failed file, as one image of a batch or as all."""
    case = build_case(path, faces_root, shrink, narrow=True)
    model, optim = case['model'].train(), optimizers_of(case)
    data = batch_of(case['cfg'], 'train', 2)
    for count, value in ((2, 255), (1, 0), (2, 128)):
        logs = model.train_step(with_constant(data, count, value), optim)
        for name, number in (logs | model.state_dict()).items():
            assert torch.isfinite(number).all(), (name, count, value)
        # The first batch was of the warm-up or of the first step.
        move_to_where_all_is_trained(model)
    with torch.no_grad():
        inputs = torch.full_like(as_network_input(case, 1), -1)
        network = ImageNetwork(model.eval().generator)
        assert torch.isfinite(network(inputs)).all()


@torch.no_grad()
def test_saved_weights_load_strictly_and_give_equal_output(
    network_case: dict, tmp_path: Path
) -> None:
    from mmfacesr.checkpoint import load_weights

    network = network_case['model'].generator.eval()
    torch.save(
        dict(state_dict=network_case['model'].state_dict()), tmp_path / 'w.pth'
    )
    again = MODELS.build(network_case['cfg'].model.generator).eval()
    inputs = as_network_input(network_case, 1)
    wanted = ImageNetwork(network)(inputs)
    assert not torch.equal(ImageNetwork(again)(inputs), wanted)
    load_weights(again, tmp_path / 'w.pth')
    assert torch.equal(ImageNetwork(again)(inputs), wanted)
