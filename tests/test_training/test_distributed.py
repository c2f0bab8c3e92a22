# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Several processes agree with one another and with one."""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).with_name('two_ranks.py')
QUICK = ('sparnet', 'pfsrnet')
OTHERS = (
    'elsface',
    'dic',
    'dic_gan',
    'sparnet_hd',
    'pfsrnet_pixel',
    'distilled_fan',
    'wfen',
    'sfmnet',
    'sfmnet_gan',
)


def of_each(*methods: str) -> pytest.MarkDecorator:
    """Run a test for methods; some of them are slow."""
    return pytest.mark.parametrize(
        'method',
        [
            pytest.param(method, marks=pytest.mark.slow)
            if method in OTHERS
            else method
            for method in methods
        ],
    )


SAME_SUM = 1e-6
"""Gradients of two ranks are summed in another order than those of one."""
SAME_CURVE = 1e-5


@pytest.fixture(scope='module')
def train(
    tmp_path_factory: pytest.TempPathFactory, run_tool: Callable
) -> Callable[..., dict[str, dict]]:
    """Train methods together, once."""

    @cache
    def train(
        methods: tuple[str, ...],
        kinds: str = 'same,own',
        counts: tuple[int, ...] = (1, 2),
    ) -> dict[str, dict]:
        out = tmp_path_factory.mktemp('ranks')
        for count in counts:
            run_tool(
                sys.executable,
                '-m',
                'torch.distributed.run',
                '--standalone',
                '--nproc-per-node',
                count,
                SCRIPT,
                out,
                kinds,
                *methods,
            )
        return {
            path.stem: torch.load(path, weights_only=True)
            for path in out.glob('*.pth')
        }

    return train


@pytest.fixture
def held(train: Callable, method: str) -> dict[str, dict]:
    """What the ranks of a run of one and of a run of two hold."""
    return train(QUICK if method in QUICK else OTHERS)


@of_each(*QUICK, *OTHERS)
def test_same_batch_on_both_ranks_is_one_process(
    held: dict[str, dict], method: str
) -> None:
    one = held['ranks1_0'][f'{method}/same']
    two = held['ranks2_0'][f'{method}/same']
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(
            value, two[key], atol=SAME_SUM, rtol=1e-5, msg=key
        )


def distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """Largest difference: absolute, of what is above 1 relative.

    The log is in float32.
    """
    one, other = one.double(), other.double()
    return float(((one - other) / one.abs().clamp(min=1)).abs().max())


def farthest(ours: dict, theirs: dict, part: str) -> float:
    """Largest distance of losses (log/) or of weights."""
    assert ours.keys() == theirs.keys()
    return max(
        distance(ours[key], theirs[key])
        for key in ours
        if key.startswith('log/') == (part == 'losses')
    )


@pytest.mark.slow
@pytest.mark.parametrize('method', [*QUICK, *OTHERS])
def test_dealt_batch_is_the_joint_batch(
    train: Callable, record_trials: Callable, method: str
) -> None:
    """A global batch of 6 on 1, 2 and 3 ranks: 20 losses and the weights.

    In float64: in float32 they drift apart by the sums' order, as the docs
    say.
    """
    found = train((*QUICK, *OTHERS), 'joint', (1, 2, 3))
    one = found['ranks1_0'][f'{method}/joint']
    assert one['moved'] > 10 * SAME_CURVE
    assert any('log/19/' in key for key in one)
    far = {
        part: [
            farthest(one, found[f'ranks{n}_{rank}'][f'{method}/joint'], part)
            for n in (2, 3)
            for rank in range(n)
        ]
        for part in ('losses', 'weights')
    }
    same = [max(pair) < SAME_CURVE for pair in zip(*far.values())]
    record_trials(
        'Distributed',
        f'{method}: a batch of 6 on 2 and 3 processes',
        len(same),
        sum(same),
        figures='farthest from one process: '
        + ', '.join(f'{part} {max(far[part]):.1e}' for part in far),
    )
    assert all(same), far


@of_each(*QUICK, *OTHERS)
def test_ranks_hold_equal_weights(held: dict[str, dict], method: str) -> None:
    first, second = (
        held[f'ranks2_{rank}'][f'{method}/own'] for rank in (0, 1)
    )
    for key, value in first.items():
        assert torch.equal(value, second[key]), key
    alone = held['ranks1_0'][f'{method}/own']
    assert any(
        not torch.equal(value, alone[key]) for key, value in first.items()
    ), 'the ranks saw the same'


@pytest.mark.slow
def test_dist_test_equals_test(
    trained: Path,
    tmp_path: Path,
    options: list[str],
    config: str,
    run_tool: Callable,
) -> None:
    """Three images do not divide by two processes."""
    checkpoint = trained / 'iter_4.pth'
    common = ['--work-dir', tmp_path, *options, '--out']
    run_tool(
        'tools/test.py', config, checkpoint, *common, tmp_path / 'one.json'
    )
    run_tool(
        'bash',
        'tools/dist_test.sh',
        config,
        checkpoint,
        2,
        *common,
        tmp_path / 'two.json',
    )
    one, two = (
        json.loads((tmp_path / name).read_text())['metrics']
        for name in ('one.json', 'two.json')
    )
    for key in ('PSNR', 'SSIM', 'MAE'):
        assert two[key] == pytest.approx(one[key], abs=1e-6)


@pytest.mark.slow
def test_dist_train_saves_and_resumes(
    tmp_path: Path, options: list[str], config: str, run_tool: Callable
) -> None:
    run_tool(
        'bash',
        'tools/dist_train.sh',
        config,
        2,
        '--work-dir',
        tmp_path,
        *options,
    )
    (tmp_path / 'iter_4.pth').unlink()
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_2.pth'))
    output = run_tool(
        'bash',
        'tools/dist_train.sh',
        config,
        2,
        '--work-dir',
        tmp_path,
        '--resume',
        *options,
    )
    assert 'resumed' in output and (tmp_path / 'iter_4.pth').exists()
