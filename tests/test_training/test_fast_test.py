# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""tools/test.py --fast: the figures stay, and the report says what ran."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmfacesr.apis.stand_in import StandIn
from mmfacesr.deploy import optimizing
from mmfacesr.deploy.backends import Backend, torch_eager

LANDMARK_NETWORK = 'configs/pfsrnet/distilled-fan_1xb16-11k_celeba.py'


def last_is_fastest(runs: dict[str, Callable], *_: object) -> dict[str, float]:
    return {name: 1 / (1 + index) for index, name in enumerate(runs)}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Let there be one way, in float32; the batches that it restores."""
    batches = []

    def make(network: nn.Module, example: Tensor, dtype: str) -> Callable:
        run = torch_eager(network, example, dtype)

        def counting(batch: Tensor) -> Tensor:
            batches.append(len(batch))
            return run(batch)

        return counting

    ways = dict(torch=Backend(make, ('float32',)))
    monkeypatch.setattr(optimizing, 'BACKENDS', ways)
    monkeypatch.setattr(optimizing, 'median_seconds', last_is_fastest)
    monkeypatch.setattr(optimizing, '_fastest_batch', lambda *_: 2)
    monkeypatch.setenv('MMFACESR_WEIGHTS_DIR', str(tmp_path / 'weights'))
    return batches


@pytest.fixture
def measure(
    start_here: Callable,
    trained: Path,
    tmp_path: Path,
    config: str,
    options: list[str],
) -> Callable[..., dict]:
    """Test four iterations of a training; the report."""

    def run(*words: object, options: list = options) -> dict:
        out = tmp_path / 'report.json'
        given = (config, trained / 'iter_4.pth', '--out', out)
        start_here('test', *given, *words, *options)
        return json.loads(out.read_text())

    return run


@pytest.fixture
def refused(start_here: Callable, capsys: Callable) -> Callable[..., str]:
    """What the tool says when it ends with a status."""

    def run(status: int, *words: object) -> str:
        with pytest.raises(SystemExit) as end:
            start_here('test', *words)
        assert end.value.code == status
        return capsys.readouterr().err

    return run


def figures(report: dict) -> dict[str, float]:
    return {
        name: value
        for name, value in report['metrics'].items()
        if not name.endswith('time')
    }


def test_figures_and_batches_of_the_fast_way(
    measure: Callable, ran: list[int], options: list[str], tmp_path: Path
) -> None:
    plain = measure()
    assert plain['run_by'] is None and not ran
    fast = measure('--backend', 'torch')
    assert fast['run_by']['way'] == 'torch float32'
    off = re.fullmatch(
        'off by at most (.*) of the range', fast['run_by']['agreement']
    )
    assert 0 <= float(off[1]) < 1e-4
    assert ran[-2:] == [2, 1]  # what was measured as fastest
    logs = sorted(tmp_path.glob('*/*.log'))
    said = [log.read_text() for log in logs]
    assert 'PSNR' in said[0] and 'was run by' not in said[0]
    assert 'was run by torch float32' in said[-1]
    assert fast['run_by']['agreement'] in said[-1]
    # Float32 differs by rounding alone, and no figure depends on the batch.
    given = [*options, 'test_dataloader.batch_size=3']
    by_options = measure('--backend', 'torch', options=given)
    assert ran[-1] == 3
    one = measure('--backend', 'torch', '--batch-size', 1, options=given)
    assert ran[-3:] == [1, 1, 1]
    plain_one = measure('--batch-size', 1)
    for report in (fast, by_options, one, plain_one):
        assert figures(report) == pytest.approx(figures(plain), abs=1e-3)
        assert report['spread']['PSNR'] == pytest.approx(
            plain['spread']['PSNR'], abs=1e-3
        )
        assert report['data_list_sha256'] == plain['data_list_sha256']


def test_a_way_that_fails_is_not_taken(
    measure: Callable, ran: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Callable:
        raise RuntimeError('no such instruction')

    ways = dict(torch=Backend(broken, ('float32',)))
    monkeypatch.setattr(optimizing, 'BACKENDS', ways)
    fast = measure('--fast', '--explain')
    assert fast['run_by']['way'] == 'as it is'
    assert figures(fast) == pytest.approx(figures(measure()), abs=1e-4)


def test_other_sizes_than_measured_have_no_figures() -> None:
    stand_in = StandIn(torch.neg, 16)
    assert stand_in(torch.ones(1, 3, 16, 16)).max() == -1
    with pytest.raises(ValueError, match='16x16 pixels.*got 24x16'):
        stand_in(torch.ones(1, 3, 16, 24))


def test_what_is_not_run_fast(refused: Callable, config: str) -> None:
    said = refused(1, LANDMARK_NETWORK, 'no.pth', '--fast')
    assert 'more than an image; leave out --fast' in said
    for words in (['--baseline'], ['no.pth', '--launcher', 'pytorch']):
        said = refused(2, config, *words, '--fast')
        assert '--fast and --backend run a network in one process' in said
