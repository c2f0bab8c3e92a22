# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""tools/test.py: figures against Pillow and scikit-image, and restoring."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio

from mmfacesr.apis.config import load_config
from mmfacesr.apis.restore_folder import restore_folder
from mmfacesr.checkpoint import load_weights
from mmfacesr.models.dic import DICGenerator

MEAN = np.float32([129.795, 108.12, 96.39])
NETWORK = dict(mid_channels=8, num_blocks=1, num_steps=2, hg_mid_channels=16)


@pytest.fixture(scope='module')
def report(
    trained: Path,
    tmp_path_factory: pytest.TempPathFactory,
    options: list[str],
    config: str,
    run_tool: Callable,
) -> dict:
    out = tmp_path_factory.mktemp('test') / 'report.json'
    run_tool(
        'tools/test.py',
        config,
        trained / 'iter_4.pth',
        '--work-dir',
        out.parent,
        '--out',
        out,
        *options,
    )
    assert list(out.parent.glob('*/vis_data/faces_test.png'))
    return json.loads(out.read_text())


@pytest.fixture(scope='module')
def baseline(
    tmp_path_factory: pytest.TempPathFactory,
    options: list[str],
    config: str,
    run_tool: Callable,
) -> dict:
    out = tmp_path_factory.mktemp('baseline') / 'report.json'
    run_tool(
        'tools/test.py',
        config,
        '--baseline',
        '--work-dir',
        out.parent,
        '--out',
        out,
        *options,
    )
    return json.loads(out.read_text())


def low_resolution(face: np.ndarray) -> np.ndarray:
    return np.array(Image.fromarray(face).resize((16, 16), Image.BICUBIC))


def all_psnr(faces_root: Path, restore: Callable) -> np.ndarray:
    """PSNR, RGB, border 8, of every test face, by scikit-image."""
    values = []
    for name in (faces_root / 'test.txt').read_text().split():
        whole = np.array(Image.open(faces_root / name).convert('RGB'))
        face = whole[16:144, 16:144]
        restored = restore(low_resolution(face))
        values.append(
            peak_signal_noise_ratio(
                face[8:-8, 8:-8].astype(np.float64),
                restored[8:-8, 8:-8].astype(np.float64),
                data_range=255,
            )
        )
    return np.array(values)


@pytest.fixture(scope='module')
def network(trained: Path) -> DICGenerator:
    network = DICGenerator(**NETWORK).eval()
    load_weights(network, trained / 'iter_4.pth')
    return network


@torch.no_grad()
def by_hand(network: DICGenerator, small: np.ndarray) -> np.ndarray:
    inputs = torch.from_numpy((small - MEAN) / 255).permute(2, 0, 1)[None]
    image = network(inputs.float(), image_only=True)[0].permute(1, 2, 0)
    return np.clip(image.numpy() * 255 + MEAN, 0, 255)


def test_figures_of_the_model(
    report: dict, faces_root: Path, network: DICGenerator
) -> None:
    values = all_psnr(faces_root, lambda small: by_hand(network, small))
    found, spread = report['metrics']['PSNR'], report['spread']['PSNR']
    assert found == pytest.approx(values.mean(), abs=2e-3)
    assert spread['std'] == pytest.approx(values.std(), abs=2e-3)
    assert spread['min'] == pytest.approx(values.min(), abs=2e-3)
    assert spread['median'] == pytest.approx(np.median(values), abs=2e-3)
    assert spread['upper_quartile'] == pytest.approx(
        np.percentile(values, 75), abs=2e-3
    )
    assert spread['max'] == pytest.approx(values.max(), abs=2e-3)


def test_figures_of_the_baseline(baseline: dict, faces_root: Path) -> None:
    values = all_psnr(
        faces_root,
        lambda small: np.array(
            Image.fromarray(small).resize((128, 128), Image.BICUBIC)
        ),
    )
    found = baseline['metrics']['PSNR']
    assert found == pytest.approx(values.mean(), abs=1e-3)


def test_report_says_how_it_was_measured(report: dict, baseline: dict) -> None:
    assert report['images'] == baseline['images'] == 3
    assert report['protocol']['crop_border'] == 8
    assert report['degradation'][0]['backend'] == 'pillow'
    assert len(report['checkpoint_sha256']) == 64
    assert baseline['checkpoint'] is None
    assert report['data_list_sha256'] == baseline['data_list_sha256']
    assert {'PSNR', 'SSIM', 'MAE'} <= set(report['metrics'])


def test_whole_folder(
    start_here: Callable,
    faces_root: Path,
    tmp_path: Path,
    config: str,
    options: list[str],
) -> None:
    """All images of a folder that would be divided by name."""
    names = (faces_root / 'train.txt').read_text().split()
    odd = tmp_path / os.fsdecode(b'my f\xe4ces')
    odd.mkdir()
    for number, name in enumerate(names):
        shutil.copy(faces_root / name, odd / f'{number}.png')
    os.rename(odd / '3.png', odd / os.fsdecode(b'caf\xe9.png'))
    out = tmp_path / 'report.json'
    start_here(
        'test', config, '--baseline', '--data', odd, '--out', out, *options
    )
    report = json.loads(out.read_text())
    assert report['images'] == len(names) == 8


def test_a_folder_of_test_images_alone(
    start_here: Callable,
    faces_root: Path,
    tmp_path: Path,
    config: str,
    options: list[str],
) -> None:
    """mmengine would build the training data for the number of iterations."""
    root = tmp_path / 'root'
    shutil.copytree(faces_root, root)
    for split in ('train', 'val'):
        (root / f'{split}.txt').unlink()
        shutil.rmtree(root / split, ignore_errors=True)
    out = tmp_path / 'report.json'
    words = [*options, f'data_root={root}', 'tensorboard=True']
    start_here('test', config, '--baseline', '--out', out, *words)
    assert json.loads(out.read_text())['images'] > 0
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert 'test.txt' in log


@pytest.fixture(scope='module')
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LR faces, equal stems, another size, and files that are none."""
    folder = tmp_path_factory.mktemp('inputs')
    pixels = np.random.RandomState(0).randint(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(folder / 'face.png')
    Image.fromarray(pixels[..., 0]).save(folder / 'face.bmp')
    (folder / 'more').mkdir()
    Image.fromarray(pixels).resize((128, 96)).save(folder / 'more/wide.png')
    (folder / 'broken.png').write_bytes(b'')
    return folder


def test_folder_is_restored(
    inputs: Path,
    trained: Path,
    tmp_path: Path,
    network: DICGenerator,
    config: str,
) -> None:
    cfg = load_config(config, dict(model=dict(generator=NETWORK)))
    done, _, bad = restore_folder(
        cfg, str(trained / 'iter_4.pth'), str(inputs), str(tmp_path)
    )
    assert done == 3 and list(bad) == ['broken.png']
    names = {
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.rglob('*.png')
    }
    assert names == {'face.png.png', 'face.bmp.png', 'more/wide.png'}
    small = np.array(Image.open(inputs / 'face.png'))
    restored = np.array(Image.open(tmp_path / 'face.png.png'))
    expected = np.rint(by_hand(network, small))
    assert np.abs(restored.astype(int) - expected).max() <= 1
    assert restored.shape == (128, 128, 3)
