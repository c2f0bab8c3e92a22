# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Outputs of every step of a growing network, drawn by the tool."""

import numpy as np
import pytest
import torch
from PIL import Image

from mmfacesr.models.dic import DICGenerator
from mmfacesr.models.pfsrnet import PFSRNet
from mmfacesr.utils.images import read_image, write_image
from mmfacesr.utils.visualization import GAP, HEADER

TOOL = 'analysis_tools/draw_steps.py'
CONFIG = 'configs/pfsrnet/pfsrnet_pixel-x8_1xb4-600_synthetic.py'
WIDTH = 16
CELL = 128
PITCH = CELL + GAP


@pytest.fixture(scope='module')
def network() -> PFSRNet:
    """A narrow PFSRNet whose steps differ."""
    torch.manual_seed(0)
    return PFSRNet(mid_channels=WIDTH).eval()


@pytest.fixture
def draw(run_tool, repo, network, faces_root, tmp_path):
    """Run the tool; rows of cells of its only sheet."""

    def run(*args: str) -> list[list[np.ndarray]]:
        torch.save(network.state_dict(), tmp_path / 'pfsrnet.pth')
        status, _, error = run_tool(
            TOOL,
            str(repo / CONFIG),
            tmp_path / 'pfsrnet.pth',
            *args,
            '--save-dir',
            tmp_path / 'sheets',
            '--cfg-options',
            f'model.generator.mid_channels={WIDTH}',
            f'data_root={faces_root}',
        )
        assert status == 0, error
        assert [f.name for f in (tmp_path / 'sheets').iterdir()] == [
            'steps_000.png'
        ]
        sheet = read_image(tmp_path / 'sheets/steps_000.png')
        tops = range(HEADER, sheet.shape[0] - CELL, PITCH + HEADER)
        lefts = range(0, sheet.shape[1], PITCH)
        return [
            [sheet[y : y + CELL, x : x + CELL] for x in lefts] for y in tops
        ]

    return run


def enlarge(image: np.ndarray) -> np.ndarray:
    times = CELL // len(image)
    return image.repeat(times, 0).repeat(times, 1)


def outputs_of(network: PFSRNet, lr: np.ndarray) -> list[np.ndarray]:
    """What each step makes of an LR image, by hand."""
    x = torch.from_numpy(lr).permute(2, 0, 1)[None] / 127.5 - 1
    images = []
    for step in (1, 2, 3):
        with torch.no_grad():
            y = network(x, step=step, alpha=1.0)[0].permute(1, 2, 0)
        images.append((y * 127.5 + 127.5).round().clamp(0, 255).byte().numpy())
    return images


def check_outputs(network: PFSRNet, lr: np.ndarray, cells: list) -> None:
    """Cells of a row hold the enlarged outputs, rounding apart."""
    for cell, image in zip(cells, outputs_of(network, lr), strict=True):
        assert np.abs(cell.astype(int) - enlarge(image)).max() <= 1


def test_test_part_with_its_hr_faces(draw, network, faces_root) -> None:
    rows = draw()
    names = (faces_root / 'test.txt').read_text().split()
    assert len(rows) == len(names) == 3
    for name, (lr, *steps, hr) in zip(names, rows, strict=True):
        face = Image.open(faces_root / name)
        side = min(face.size)
        box = [(length - side) // 2 for length in face.size]
        face = face.crop((*box, box[0] + side, box[1] + side))
        face = face.resize((CELL, CELL), Image.BILINEAR)
        np.testing.assert_array_equal(hr, np.array(face))
        for size in (64, 32, 16):
            face = face.resize((size, size), Image.BILINEAR)
        np.testing.assert_array_equal(lr, enlarge(np.array(face)))
        check_outputs(network, np.array(face), steps)


def test_folder_of_lr_faces_has_no_hr(draw, network, tmp_path) -> None:
    lr = np.random.RandomState(0).randint(0, 256, (16, 16, 3), np.uint8)
    (tmp_path / 'faces').mkdir()
    write_image(tmp_path / 'faces/a.png', lr)
    write_image(tmp_path / 'faces/b.png', lr)
    (tmp_path / 'faces/0_bad.png').write_bytes(b'')
    ((first, *steps),) = draw('--input', tmp_path / 'faces', '--limit', '2')
    np.testing.assert_array_equal(first, enlarge(lr))
    check_outputs(network, lr, steps)


def test_a_checkpoint_for_each_step(draw, network, tmp_path) -> None:
    lr = np.random.RandomState(1).randint(0, 256, (16, 16, 3), np.uint8)
    (tmp_path / 'faces').mkdir()
    write_image(tmp_path / 'faces/a.png', lr)
    files, networks = [], [network]  # `draw` gives the first one itself
    for seed in (1, 2):
        torch.manual_seed(seed)
        networks.append(PFSRNet(mid_channels=WIDTH).eval())
        files.append(tmp_path / f'{seed}.pth')
        torch.save(networks[-1].state_dict(), files[-1])
    ((_, *steps),) = draw(*files, '--input', tmp_path / 'faces')
    for step, (cell, then) in enumerate(zip(steps, networks, strict=True)):
        image = enlarge(outputs_of(then, lr)[step])
        assert np.abs(cell.astype(int) - image).max() <= 1


def test_a_network_without_steps_is_refused(run_tool, repo, tmp_path) -> None:
    """DIC has a `num_steps` of another meaning."""
    options = dict(mid_channels=8, num_blocks=1, hg_mid_channels=16)
    torch.save(DICGenerator(**options).state_dict(), tmp_path / 'dic.pth')
    status, _, error = run_tool(
        TOOL,
        str(repo / 'configs/dic/dic_x8c48b6_1xb8-150k_celeba.py'),
        tmp_path / 'dic.pth',
        '--input',
        tmp_path,
        '--save-dir',
        tmp_path,
        '--cfg-options',
        *(f'model.generator.{key}={value}' for key, value in options.items()),
    )
    assert status == 1
    assert 'DICGenerator' in error and 'Traceback' not in error


def test_a_missing_folder_is_named(run_tool, repo, network, tmp_path) -> None:
    torch.save(network.state_dict(), tmp_path / 'pfsrnet.pth')
    status, _, error = run_tool(
        TOOL,
        str(repo / CONFIG),
        tmp_path / 'pfsrnet.pth',
        '--input',
        tmp_path / 'gone',
        '--save-dir',
        tmp_path / 'sheets',
        '--cfg-options',
        f'model.generator.mid_channels={WIDTH}',
    )
    assert status == 1 and 'gone' in error and 'Traceback' not in error
    assert not (tmp_path / 'sheets').exists()
