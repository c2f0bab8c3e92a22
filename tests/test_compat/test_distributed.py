# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Two real gloo processes without a GPU."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch

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
