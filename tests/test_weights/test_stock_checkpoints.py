# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of mmengine's and MMagic's own runner, as anybody has them."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from torch import Tensor, nn

from mmfacesr.apis.convert_weights import convert_weights
from mmfacesr.apis.publish_weights import publish_weights
from mmfacesr.checkpoint import load_weights
from mmfacesr.compat.mends import mend
from mmfacesr.engine.hooks import LoadWeightsHook
from mmfacesr.models.sparnet import SPARNet
from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file

SMALL = dict(
    min_ch=4, max_ch=8, in_size=40, out_size=40, min_feat_size=20, res_depth=1
)


class Pair(BaseModel):
    """A generator and one more part, trained by mmengine alone."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = SPARNet(**SMALL)
        self.discriminator = nn.Conv2d(3, 1, 3)

    def forward(
        self, inputs: Tensor, data_samples: object = None, mode: str = ''
    ) -> dict:
        score = self.discriminator(self.generator(inputs))
        return dict(loss=score.square().mean())


def batch(_: object = None) -> dict:
    """Two random pictures as MMagic's loaders give them."""
    from mmagic.structures import DataSample

    pictures = [torch.rand(3, 40, 40) * 255 for _ in range(2)]
    return dict(
        inputs=pictures,
        data_samples=[DataSample(gt_img=picture) for picture in pictures],
    )


def plain_batch(_: object) -> dict:
    """Two random pictures."""
    return dict(inputs=torch.rand(2, 3, 40, 40))


def trained(model: BaseModel, folder: Path, **settings: object) -> Path:
    """Train two iterations with stock hooks; return the checkpoint."""
    model.init_weights = lambda: None
    Runner(
        model,
        str(folder),
        train_cfg=dict(by_epoch=False, max_iters=2),
        param_scheduler=dict(type='LinearLR', by_epoch=False, end=2),
        custom_hooks=[dict(type='EMAHook')],
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False),
            logger=dict(type='LoggerHook', interval=1),
        ),
        log_level='ERROR',
        experiment_name=folder.name,
        **settings,
    ).train()
    return folder / 'iter_2.pth'


def loader(collate: Callable) -> dict:
    """Settings of a dataloader whose batches a function makes."""
    return dict(
        dataset=list(range(4)),
        sampler=dict(type='InfiniteSampler'),
        batch_size=2,
        num_workers=0,
        collate_fn=collate,
    )


@pytest.fixture(scope='module')
def of_mmengine(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """The model and its checkpoint."""
    model = Pair()
    return model, trained(
        model,
        tmp_path_factory.mktemp('stock') / 'mmengine',
        train_dataloader=loader(plain_batch),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3)),
    )


@pytest.fixture(scope='module')
def of_mmagic(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """MMagic's own restorer around a network, and its checkpoint."""
    import mmfacesr.compat.mmagic_base  # noqa: F401  mends what importing needs

    models = pytest.importorskip('mmagic.models')
    with DefaultScope.overwrite_default_scope('mmagic'):
        model = models.SRGAN(
            generator=dict(type='SPARNet', **SMALL),
            discriminator=dict(
                type='PatchDiscriminator',
                in_channels=3,
                base_channels=4,
                num_conv=1,
                norm_cfg=dict(type='BN'),
            ),
            pixel_loss=dict(type='L1Loss'),
            gan_loss=dict(type='GANLoss', gan_type='vanilla'),
            data_preprocessor=dict(type='DataPreprocessor'),
        )
    adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-3))
    return model, trained(
        model,
        tmp_path_factory.mktemp('stock') / 'mmagic',
        train_dataloader=loader(batch),
        optim_wrapper=dict(
            constructor='MultiOptimWrapperConstructor',
            generator=adam,
            discriminator=adam,
        ),
        default_scope='mmagic',
    )


BOTH = pytest.mark.parametrize('stock', ['of_mmengine', 'of_mmagic'])


@BOTH
def test_loads_as_it_is(stock: str, request: pytest.FixtureRequest) -> None:
    _, path = request.getfixturevalue(stock)
    content = torch.load(path, weights_only=False)
    assert {'message_hub', 'optimizer', 'param_schedulers'} <= set(content)
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)
    network = SPARNet(**SMALL)
    load_weights(network, path)
    for key, value in network.state_dict().items():
        assert torch.equal(value, content['state_dict'][f'generator.{key}'])


@BOTH
def test_published_and_converted(
    stock: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    model, path = request.getfixturevalue(stock)
    cfg = Config(dict(model=dict(generator=dict(type='SPARNet', **SMALL))))
    plain = publish_weights(path, tmp_path, cfg, weights='plain')
    ema = publish_weights(path, tmp_path, cfg)
    assert (plain.chosen, ema.chosen) == ('plain', 'ema')
    found = read_weights_file(plain.path)['state_dict']
    for key, value in model.generator.state_dict().items():
        assert torch.equal(found[key], value), key
    done = convert_weights(cfg, path, tmp_path / 'b.pth')
    assert done.read == dict(generator='mmfacesr')


def runner_on(path: Path, folder: Path, **settings: object) -> Runner:
    """A training of ours that has not begun, and a file to begin with."""
    mend()
    return Runner(
        Pair(),
        str(folder),
        train_dataloader=loader(plain_batch),
        train_cfg=dict(by_epoch=False, max_iters=4),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=1e-3)),
        default_hooks=dict(weights=LoadWeightsHook()),
        load_from=str(path),
        log_level='ERROR',
        experiment_name=folder.name,
        **settings,
    )


def test_load_from(of_mmengine: tuple, tmp_path: Path) -> None:
    model, path = of_mmengine
    runner = runner_on(path, tmp_path)
    runner.load_or_resume()
    averaged = torch.load(path, weights_only=False)['state_dict']
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, averaged[key]), key


def test_no_resume_of_a_part(of_mmengine: tuple, tmp_path: Path) -> None:
    """Optimizer and counters are not read: nothing may go on without them."""
    _, path = of_mmengine
    runner = runner_on(path, tmp_path, resume=True)
    before = copy.deepcopy(runner.model.state_dict())
    with pytest.raises(WeightsError, match='no optimizer.*load_from'):
        runner.train()
    assert runner.iter == 0
    for key, value in runner.model.state_dict().items():
        assert torch.equal(value, before[key]), key
