# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""A test on several processes has the values of one."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mmfacesr.models.protocols import known_protocols

SCRIPT = Path(__file__).with_name('ranks_measure.py')
EXACT = dict(rel=0, abs=1e-9)
FACES = 19  # more than a pool of 16; neither 2 nor 3 divides it


@pytest.fixture(scope='module')
def faces() -> np.ndarray:
    """Pairs of smooth pictures, (N, 2, 64, 64, 3)."""
    rng = np.random.default_rng(0)
    small = rng.uniform(40, 215, (FACES, 1, 8, 8, 3))
    truth = small.repeat(8, 2).repeat(8, 3)
    return np.clip(
        truth + rng.normal(0, 9, (FACES, 2, 64, 64, 3)), 0, 255
    ).astype(np.float32)


def expected(faces: np.ndarray) -> dict[str, float]:
    """The values by the protocols alone, one face after the other."""
    return {
        f'{name}/{key}': value
        for name, protocol in known_protocols().items()
        for key, value in protocol.summarize(
            [protocol.measure(a, b) for a, b in faces]
        ).items()
    }


@pytest.mark.parametrize('ranks', [2, pytest.param(3, marks=pytest.mark.slow)])
def test_ranks_and_batches_change_nothing(
    faces: np.ndarray, ranks: int, tmp_path: Path, run_tool: Callable
) -> None:
    np.savez(tmp_path / 'faces.npz', pairs=faces)
    run_tool(
        sys.executable,
        '-m',
        'torch.distributed.run',
        '--standalone',
        '--nproc-per-node',
        ranks,
        SCRIPT,
        tmp_path / 'faces.npz',
        tmp_path / 'found.json',
    )
    found = json.loads((tmp_path / 'found.json').read_text())
    alone = expected(faces)
    assert set(found['1']) == set(alone)
    for batch in ('1', '4'):
        assert found[batch] == pytest.approx(alone, **EXACT)
    for few in (1, 2):  # images, on 3 ranks
        assert found[f'few{few}'] == pytest.approx(
            expected(faces[:few]), **EXACT, nan_ok=True
        )
    # Only what pools neighbours sees their order.
    pools = {name for name, p in known_protocols().items() if p.pools}
    assert pools
    for name, value in found['shuffled'].items():
        if name.partition('/')[0] not in pools:
            assert value == pytest.approx(alone[name], **EXACT), name
