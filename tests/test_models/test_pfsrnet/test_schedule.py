# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which step is trained when."""

import pytest
from mmengine.config import Config

from mmfacesr.models.pfsrnet.schedule import ProgressiveSchedule

HALF = 50_000


@pytest.fixture(scope='module')
def paper() -> ProgressiveSchedule:
    cfg = Config.fromfile(
        'configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py',
        import_custom_modules=False,
    )
    return ProgressiveSchedule(cfg.model.schedule)


@pytest.mark.parametrize(
    'iteration, step, alpha',
    [
        (0, 1, 1.0),
        (49_999, 1, 1.0),
        (HALF, 2, 0.0),
        (HALF + 12_500, 2, 0.5),
        (HALF + 24_999, 2, 0.99996),
        (HALF + 25_000, 2, 1.0),
        (99_999, 2, 1.0),
        (100_000, 3, 0.0),
        (112_500, 3, 0.5),
        (125_000, 3, 1.0),
        (199_999, 3, 1.0),
        (10**7, 3, 1.0),
    ],
)
def test_spot_values_of_the_paper(
    paper: ProgressiveSchedule, iteration: int, step: int, alpha: float
) -> None:
    assert paper.at(iteration) == (step, pytest.approx(alpha, abs=1e-12))


def test_weights_of_the_paper(paper: ProgressiveSchedule) -> None:
    names = ('pixel', 'feature', 'gan', 'attention', 'heatmap')
    table = [[step.weight(name) for name in names] for step in paper.steps]
    assert table == [
        [10, 1e-2, 1, 0, 0],
        [10, 1e-2, 1, 500, 50],
        [10, 1e-3, 1e-1, 50, 50],
    ]
    assert [step.size for step in paper.steps] == [32, 64, 128]


def test_description_can_be_read(paper: ProgressiveSchedule) -> None:
    first, second, third = paper.describe()
    assert 'Step 1, 32 px: iterations 0 to 50000; loss = 10 pixel' in first
    assert 'alpha' not in first
    assert 'alpha 0 to 1 until 75000' in second and '500 attention' in second
    assert 'iterations 100000 to the end' in third


STEP = dict(size=32, iters=4, loss_weights=dict(pixel=1))


@pytest.mark.parametrize(
    'steps, message',
    [
        ([], 'growing sizes'),
        ([STEP, STEP], 'growing sizes'),
        ([dict(STEP, fade_iters=1)], 'first step'),
        ([STEP, dict(STEP, size=64, fade_iters=5)], 'before it ends'),
        ([dict(STEP, iters=0)], 'at least 1'),
        ([dict(STEP, loss_weights=dict(perceptual=1))], "'feature'"),
        ([dict(STEP, loss_weights=dict(pixel=-1))], 'at least 0'),
    ],
)
def test_what_cannot_be_is_refused(steps: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ProgressiveSchedule(steps)


def test_weights_cannot_be_changed() -> None:
    weights = dict(pixel=1)
    schedule = ProgressiveSchedule([dict(STEP, loss_weights=weights)])
    weights['pixel'] = 2
    assert schedule.steps[0].weight('pixel') == 1
    assert schedule.uses('pixel') and not schedule.uses('gan')
