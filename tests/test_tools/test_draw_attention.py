# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Attention maps over faces, drawn by the tool."""

import shutil

import numpy as np
import pytest
import torch

from mmfacesr.models.sparnet import SPARNet
from mmfacesr.utils.images import read_image
from mmfacesr.utils.visualization import GAP, HEADER, overlay_map

CONFIG = 'configs/sparnet/sparnet_light-attn3d-x8_1xb32-20e_celeba.py'
WIDTHS = ('model.generator.min_ch=4', 'model.generator.max_ch=8')
CELL = 128


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """A narrow SPARNet-Light of which one map is bright on the left."""
    torch.manual_seed(0)
    network = SPARNet(4, 8, res_depth=1, att_name='spar3d')
    path = tmp_path_factory.mktemp('weights') / 'sparnet.pth'
    torch.save(network.state_dict(), path)
    return path


def test_sheet_holds_every_map_of_every_face(
    run_tool, repo, checkpoint, faces_root, tmp_path
):
    status, _, error = run_tool(
        'analysis_tools/draw_attention.py',
        str(repo / CONFIG),
        checkpoint,
        '--input',
        faces_root / 'train',
        '--save-dir',
        tmp_path,
        '--limit',
        '2',
        '--cfg-options',
        *WIDTHS,
    )
    assert status == 0, error
    sheet = read_image(tmp_path / 'attention_000.png')
    columns = 2 + 7  # input, SR, units of SPARNet-Light
    assert sheet.shape[:2] == (
        HEADER + 2 * (CELL + GAP) - GAP,
        columns * (CELL + GAP) - GAP,
    )
    cells = [
        sheet[HEADER : HEADER + CELL, left : left + CELL].astype(int)
        for left in range(0, sheet.shape[1], CELL + GAP)
    ]
    assert np.abs(cells[2] - cells[0]).mean() > 5  # a map lies over it
    assert np.abs(cells[2] - cells[-1]).mean() > 1  # another unit's


def test_sheets_below_the_faces_are_no_faces(
    run_tool, repo, checkpoint, faces_root, tmp_path
):
    name = 'caf\udce9.png'  # no UTF-8
    shutil.copytree(faces_root / 'train', tmp_path / 'faces')
    (tmp_path / 'faces' / name).write_bytes(b'')
    sheets = []
    for _ in range(2):
        status, _, error = run_tool(
            'analysis_tools/draw_attention.py',
            str(repo / CONFIG),
            checkpoint,
            '--input',
            tmp_path / 'faces',
            '--save-dir',
            tmp_path / 'faces/0',  # sorts before the faces
            '--limit',
            '2',
            '--cfg-options',
            *WIDTHS,
        )
        assert status == 0, error
        sheets.append(
            {
                path.name: path.read_bytes()
                for path in (tmp_path / 'faces/0').iterdir()
            }
        )
    assert sheets[0] == sheets[1]


def test_a_network_without_maps_is_refused(run_tool, repo, tmp_path):
    from mmfacesr.models.dic import DICGenerator

    options = dict(mid_channels=8, num_blocks=1, hg_mid_channels=16)
    torch.save(DICGenerator(**options).state_dict(), tmp_path / 'dic.pth')
    status, _, error = run_tool(
        'analysis_tools/draw_attention.py',
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


def test_unknown_units_are_named(
    run_tool, repo, checkpoint, faces_root, tmp_path
):
    status, _, error = run_tool(
        'analysis_tools/draw_attention.py',
        str(repo / CONFIG),
        checkpoint,
        '--input',
        faces_root / 'train',
        '--save-dir',
        tmp_path,
        '--units',
        'encoder.9',
        '--cfg-options',
        *WIDTHS,
    )
    assert status == 1
    assert 'encoder.9' in error and 'encoder.1' in error


def test_overlay_by_hand():
    image = np.full((2, 4, 3), 100, np.uint8)
    values = np.array([[0.0, 0.0, 1.0, 1.0]] * 2)
    over = overlay_map(image, values).astype(int)
    low, high = over[0, 0], over[0, 3]
    assert low[2] > low[0] and high[0] > high[2]  # blue, red
    # half of the image is in each pixel
    assert over.min() >= 50 and over.max() <= 50 + 128
