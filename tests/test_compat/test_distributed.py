# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Two real gloo processes without a GPU."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
import torch
from mmengine.config import Config
from torch.nn.modules.batchnorm import _BatchNorm

from mmfacesr.compat import distributed
from mmfacesr.models.common.layers import BatchNorm2d
from mmfacesr.models.sparnet import SPARNet

HERE = Path(__file__).resolve().parent
GONE = 'this mend is no longer needed'


def test_faults_of_the_base(unmended: dict[str, str]) -> None:
    assert unmended['launcher_without_gpu'], GONE
    assert 'device_ids' in str(unmended['ddp_on_cpu']), GONE
    assert 'SyncBatchNorm' in str(unmended['sync_bn_on_cpu']), GONE


@pytest.fixture(scope='module')
def ranks(
    run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> list:
    out = tmp_path_factory.mktemp('ranks')
    run(
        [
            '-m',
            'torch.distributed.run',
            '--standalone',
            '--nproc_per_node=2',
            str(HERE / 'two_ranks.py'),
            str(out),
        ]
    )
    return [
        torch.load(out / f'rank_{rank}.pth', weights_only=True)
        for rank in range(2)
    ]


def test_nccl_becomes_gloo(ranks: list) -> None:
    assert [rank['backend'] for rank in ranks] == ['gloo', 'gloo']


@pytest.mark.parametrize('wrapper', ['single', 'sync_bn', 'separate'])
def test_ranks_hold_equal_weights(
    wrapper: str, ranks: list, toy: ModuleType
) -> None:
    ours, theirs = (rank[wrapper] for rank in ranks)
    start = toy.ToyModel().net.weight
    # DDP renames the wrapped children of the separate wrapper
    weight = [
        ours[key]
        for key in ours
        if key.endswith('net.weight') or key.endswith('net.module.weight')
    ]
    assert not torch.equal(weight[0], start)
    for key, value in ours.items():
        if 'running_' not in key:  # statistics of each rank's own batch
            assert torch.equal(theirs[key], value), key


def test_hooks_see_the_losses_of_all_ranks(ranks: list) -> None:
    for rank, seen in enumerate(ranks):
        assert seen['losses_of_base']['loss'] == rank, GONE
        assert seen['losses']['loss'] == 0.5
        assert seen['losses']['odd'].isnan()


def test_step_is_that_of_the_joint_batch(ranks: list, toy: ModuleType) -> None:
    # the sampler deals the shuffled order to the ranks in turn
    order = torch.randperm(8, generator=torch.Generator().manual_seed(5))
    items = [toy.ToyData()[int(i)] for i in order[:4]]
    model = toy.ToyModel()
    loss = model(
        torch.stack([i['x'] for i in items]),
        torch.stack([i['y'] for i in items]),
        mode='loss',
    )['loss']
    grad = torch.autograd.grad(loss, model.net.weight)[0]
    torch.testing.assert_close(
        ranks[0]['single']['net.weight'],
        model.net.weight.detach() - toy.LR * grad,
    )


def test_sync_bn_is_switched_off_on_a_cpu() -> None:
    runner = mock.Mock(distributed=True, cfg=Config(dict(sync_bn='torch')))
    network = torch.nn.Sequential(BatchNorm2d(3))
    wrap = distributed._ready_to_wrap(lambda runner, cfg, model: model)
    assert wrap(runner, None, network)[0] is network[0]
    assert runner.cfg.sync_bn is None
    assert 'switched off' in runner.logger.warning.call_args.args[0]


def test_sync_bn_converts_our_norms() -> None:
    network = SPARNet(min_ch=4, max_ch=8, res_depth=1)
    before = network.state_dict().keys()
    count = sum(isinstance(m, BatchNorm2d) for m in network.modules())
    synced = torch.nn.SyncBatchNorm.convert_sync_batchnorm(network)
    found = [m for m in synced.modules() if isinstance(m, _BatchNorm)]
    assert {type(norm) for norm in found} == {torch.nn.SyncBatchNorm}
    assert len(found) == count > 0 and synced.state_dict().keys() == before


def test_checkpoint_holds_the_statistics_of_all(ranks: list) -> None:
    """Counters and other buffers stay as they are."""
    for rank in ranks:
        assert rank['averaged'].tolist() == [0.5, 1.5, 0.5, 1.5]
    assert [int(rank['counted']) for rank in ranks] == [0, 1]


def test_first_gradient_is_right_with_channels_last(ranks: list) -> None:
    for rank in ranks:
        assert not rank['late'], GONE
        assert rank['in_time']
