# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""tools/train.py and tools/test.py on a narrow PFSRNet that grows.

Two iterations a step, each faded in over its two, a validation after each.
"""

import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mmfacesr.checkpoint import load_weights
from mmfacesr.models.pfsrnet import PFSRNet

CONFIG = 'configs/pfsrnet/pfsrnet_x8_1xb16-200k_celeba.py'
WIDTH = 16
MEASURED = {'PSNR', 'SSIM', 'MAE'}
TENSORBOARD = importlib.util.find_spec('tensorboard') is not None


@pytest.fixture(scope='module')
def narrow(faces_root: Path) -> list[str]:
    """Options that make the full recipe a matter of seconds."""
    return [
        '--cfg-options',
        f'data_root={faces_root}',
        f'model.generator.mid_channels={WIDTH}',
        f'model.discriminator.mid_channels={WIDTH}',
        'model.feature_loss.loss_weight=0',
        'model.schedule.0.iters=2',
        'model.schedule.1.iters=2',
        'model.schedule.1.fade_iters=2',
        'model.schedule.2.iters=2',
        'model.schedule.2.fade_iters=2',
        'train_dataloader.batch_size=2',
        'train_dataloader.num_workers=0',
        'val_dataloader.num_workers=0',
        'test_dataloader.num_workers=0',
        'train_cfg.max_iters=6',
        'train_cfg.val_interval=2',
        'default_hooks.checkpoint.interval=1',
        'default_hooks.checkpoint.max_keep_ckpts=6',
        'default_hooks.logger.interval=1',
    ]


@pytest.fixture(scope='module')
def grown(
    tmp_path_factory: pytest.TempPathFactory,
    narrow: list[str],
    run_tool: Callable,
) -> Path:
    """Work folder of six iterations, two a step."""
    work_dir = tmp_path_factory.mktemp('grown')
    run_tool(
        'tools/train.py',
        CONFIG,
        '--work-dir',
        work_dir,
        *narrow,
        f'tensorboard={TENSORBOARD}',
    )
    return work_dir


def log_of(work_dir: Path) -> str:
    (path,) = work_dir.glob('*/*.log')
    return path.read_text()


def rows_of(work_dir: Path) -> list[dict]:
    """The lines of scalars.json, in order."""
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def progress_of(work_dir: Path) -> list[tuple[float, float]]:
    """Step and alpha of every iteration."""
    return [
        (row['progressive_step'], row['alpha'])
        for row in rows_of(work_dir)
        if 'alpha' in row
    ]


def test_log_tells_step_and_alpha_of_every_iteration(grown: Path) -> None:
    assert progress_of(grown) == [
        (1, 1.0),
        (1, 1.0),
        (2, 0.0),
        (2, 0.5),
        (3, 0.0),
        (3, 0.5),
    ]


def test_log_tells_the_schedule_and_where_attention_comes_from(
    grown: Path,
) -> None:
    log = log_of(grown)
    for said in (
        'Step 1, 32 px: iterations 0 to 2; loss = 10 pixel',
        'Step 2, 64 px: iterations 2 to 4, alpha 0 to 1 until 4;',
        'Step 3, 128 px: iterations 4 to the end, alpha 0 to 1 until 6;',
        'Attention is drawn from the landmark table',
        'Step 2 begins: 64 px.',
        'Step 3 begins: 128 px.',
    ):
        assert log.count(said) == 1, said
    assert 'Step 1 begins' not in log and 'Goes on in step' not in log


def test_losses_are_those_of_the_step(grown: Path) -> None:
    first, *_, last = [row for row in rows_of(grown) if 'alpha' in row]
    discriminator = {
        'loss_d_real',
        'loss_d_fake',
        'loss_drift',
        'loss_penalty',
    }
    assert {
        'loss_pix',
        'loss_gan',
        *discriminator,
    } <= first.keys() & last.keys()
    assert 'loss_attention' in last and 'loss_attention' not in first
    assert 'loss_heatmap' not in last  # there is no landmark head


def test_validations_are_named_by_their_size_and_none_is_repeated(
    grown: Path,
) -> None:
    found = [
        {name for name in row if name.split('/')[-1] in MEASURED}
        for row in rows_of(grown)
        if 'alpha' not in row
    ]
    assert found == [
        {f'{size}{name}' for name in MEASURED}
        for size in ('32px/', '64px/', '')
    ]
    lines = [line for line in log_of(grown).splitlines() if 'PSNR: ' in line]
    assert ['32px/' in line for line in lines] == [True, False, False]
    assert ['64px/' in line for line in lines] == [False, True, False]


def test_only_the_last_step_gives_the_best_checkpoint(grown: Path) -> None:
    best = [path.name for path in grown.glob('best_*')]
    assert best == ['best_PSNR_iter_6.pth']
    assert log_of(grown).count('best checkpoint') == 1


@pytest.mark.skipif(not TENSORBOARD, reason='needs tensorboard')
def test_tensorboard_shows_the_growth(grown: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import (
        EventAccumulator,
    )

    (path,) = grown.glob('*/vis_data/events.out*')
    events = EventAccumulator(str(path)).Reload()
    points = {
        name: [point.value for point in events.Scalars(name)]
        for name in events.Tags()['scalars']
    }
    steps, alphas = map(list, zip(*progress_of(grown)))
    assert points['progressive_step'] == steps
    assert points['alpha'] == alphas
    for name in MEASURED:
        for size in ('32px/', '64px/', ''):
            assert len(points[size + name]) == 1


def psnr_by_hand(
    checkpoint: Path, root: Path, split: str, step: int, alpha: float
) -> float:
    """Mean PSNR, RGB, border 8, of the faces of a split at a step."""
    network = PFSRNet(mid_channels=WIDTH).eval()
    load_weights(network, checkpoint)
    values = []
    for name in (root / f'{split}.txt').read_text().split():
        chain = [Image.open(root / name).convert('RGB')]
        for side in (128, 64, 32, 16):
            chain.append(chain[-1].resize((side, side), Image.BILINEAR))
        lr, hr = (np.float32(chain[i]) / 127.5 - 1 for i in (-1, -1 - step))
        with torch.no_grad():
            lr = torch.from_numpy(lr).permute(2, 0, 1)[None]
            image = network(lr, step=step, alpha=alpha)
        image = image[0].permute(1, 2, 0).clamp(-1, 1).numpy()
        error = (127.5 * (image - hr))[8:-8, 8:-8]
        values.append(10 * np.log10(255**2 / (error**2).mean()))
    return float(np.mean(values))


@pytest.mark.parametrize(
    'iteration, name, step, alpha',
    [(2, '32px/PSNR', 1, 1.0), (4, '64px/PSNR', 2, 0.5), (6, 'PSNR', 3, 0.5)],
)
def test_a_validation_measures_what_was_trained_last(
    grown: Path,
    faces_root: Path,
    iteration: int,
    name: str,
    step: int,
    alpha: float,
) -> None:
    (found,) = (row[name] for row in rows_of(grown) if name in row)
    wanted = psnr_by_hand(
        grown / f'iter_{iteration}.pth', faces_root, 'val', step, alpha
    )
    assert found == pytest.approx(wanted, abs=2e-3)


def test_test_tool_takes_the_full_path(
    grown: Path, narrow: list[str], faces_root: Path, start_here: Callable
) -> None:
    """Also of a checkpoint that comes from before the last step."""
    checkpoint = grown / 'iter_4.pth'
    out = grown / 'report.json'
    work_dir = start_here('test', CONFIG, checkpoint, '--out', out, *narrow)
    metrics = json.loads(out.read_text())['metrics']
    wanted = psnr_by_hand(checkpoint, faces_root, 'test', 3, 1.0)
    assert metrics['PSNR'] == pytest.approx(wanted, abs=2e-3)
    assert not [name for name in metrics if 'px/' in name]
    (sheet,) = work_dir.glob('*/vis_data/faces_test.png')
    assert Image.open(sheet).height > 3 * 128


def test_other_weights_start_with_the_first_step(
    grown: Path, narrow: list[str], start_here: Callable
) -> None:
    weights = f'load_from={grown / "iter_6.pth"}'
    work_dir = start_here(
        'train', CONFIG, *narrow, weights, 'train_cfg.max_iters=1'
    )
    assert progress_of(work_dir) == [(1, 1.0)]
    trained = torch.load(work_dir / 'iter_1.pth', weights_only=True)
    assert int(trained['state_dict']['step_counter']) == 1


def test_resumed_training_goes_on_in_its_step(
    grown: Path, narrow: list[str], start_here: Callable
) -> None:
    checkpoint = grown / 'iter_3.pth'
    work_dir = start_here('train', CONFIG, '--resume', checkpoint, *narrow)
    assert 'Goes on in step 2 with alpha 0.5000.' in log_of(work_dir)
    assert progress_of(work_dir) == progress_of(grown)[3:]
    whole, resumed = (
        torch.load(folder / 'iter_6.pth', weights_only=True)['state_dict']
        for folder in (grown, work_dir)
    )
    for key, value in whole.items():
        assert torch.equal(value, resumed[key]), key
