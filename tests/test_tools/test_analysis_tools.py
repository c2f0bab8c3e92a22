# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""print_config, get_flops and browse_dataset, run as programs, and what all
analysis tools have in common."""

import re
import runpy

import numpy as np
import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.apis.config import load_config
from mmfacesr.utils.images import read_image
from mmfacesr.utils.visualization import GAP, HEADER

CONFIG = 'configs/dic/dic_x8c48b6_1xb8-150k_celeba.py'
TOOLS = {
    'print_config': [],
    'get_flops': [],
    'browse_dataset': [],
    'draw_attention': ['no.pth', '--input', 'no', '--save-dir', 'no'],
    'draw_steps': ['no.pth', '--save-dir', 'no'],
}
"""Tools that take a config -> what they need besides it."""


@pytest.fixture
def config(repo):
    """A leaf config, absolute."""
    return str(repo / CONFIG)


@pytest.mark.parametrize('tool', TOOLS)
def test_help_teaches(run_tool, tool):
    status, text, _ = run_tool(f'analysis_tools/{tool}.py', '--help')
    assert status == 0
    assert f'python tools/analysis_tools/{tool}.py CONFIG' in text
    assert '--cfg-options' in text


OTHERS = {
    'plot_curves': 'WORK_DIR',
    'measure_face_sizes': 'MODEL',
    'measure_kernels': 'MODEL',
}
"""Tools that take something else -> what."""


@pytest.mark.parametrize('tool', OTHERS)
def test_help_of_a_tool_without_config(run_tool, tool):
    status, text, _ = run_tool(f'analysis_tools/{tool}.py', '--help')
    assert status == 0
    assert f'python tools/analysis_tools/{tool}.py {OTHERS[tool]}' in text


def test_every_tool_is_in_the_readme(repo):
    folder = repo / 'tools/analysis_tools'
    tools = {path.stem for path in folder.glob('*.py')}
    assert tools == {*TOOLS, *OTHERS}
    headings = re.findall(
        r'^## (\w+)\.py$', (folder / 'README.md').read_text(), re.M
    )
    assert sorted(headings) == sorted(tools)


@pytest.mark.parametrize('tool', TOOLS)
def test_wrong_config_is_one_clear_message(run_tool, tool):
    status, _, error = run_tool(
        f'analysis_tools/{tool}.py', 'dic_x16.py', *TOOLS[tool]
    )
    assert status == 1
    assert "no config 'dic_x16.py'" in error
    assert 'configs/dic/dic' in error  # what is alike
    assert 'Traceback' not in error


def test_print_config_shows_what_the_runner_gets(run_tool, config, tmp_path):
    """The printed text is itself a config, options spread to all splits."""
    out = tmp_path / 'new folder' / 'whole.py'
    status, text, _ = run_tool(
        'analysis_tools/print_config.py',
        config,
        '--out',
        out,
        '--cfg-options',
        'data_root=my/faces',
        'train_dataloader.batch_size=3',
    )
    assert status == 0
    assert out.read_text().rstrip() == text.rstrip()
    again = Config.fromfile(str(out), import_custom_modules=False)
    assert again.train_dataloader.batch_size == 3
    for split in ('train', 'val', 'test'):
        assert again[f'{split}_dataloader'].dataset.data_root == 'my/faces'
    expected = load_config(
        config,
        {'data_root': 'my/faces', 'train_dataloader.batch_size': 3},
        import_modules=False,
    )
    assert again.to_dict() == expected.to_dict()


def test_get_flops_of_dic(run_tool, config):
    """The published size, and the operations known for it."""
    status, text, _ = run_tool('analysis_tools/get_flops.py', config)
    assert status == 0
    assert '1 x 3 x 16 x 16' in text
    assert '21,803,849' in text
    assert '45.34 GMACs = 90.67 GFLOPs (all outputs' in text
    assert '42.46 GMACs = 84.92 GFLOPs (image_only=True' in text


@pytest.mark.parametrize(
    'name, side, operations',
    [
        ('sparnet_attn2d-x8_1xb32-20e_celeba', 128, 7.13),
        ('sparnet_light-attn3d-x8_1xb32-20e_celeba', 128, 6.88),
        ('sparnet-hd_attn2d_1xb2-10e_ffhq', 512, 724),
        ('sparnet-hd_attn3d_1xb2-10e_ffhq', 512, 767),
    ],
)
def test_get_flops_of_sparnet(run_tool, name, side, operations):
    """The operations known for the released networks."""
    _, text, _ = run_tool('analysis_tools/get_flops.py', name)
    assert f'1 x 3 x {side} x {side}' in text
    found = float(re.search(r'operations +([0-9.]+) GMACs', text)[1])
    assert found == pytest.approx(operations, abs=0.005 + (side > 128) / 2)


def test_get_flops_grows_with_the_area(run_tool, config):
    _, text, _ = run_tool(
        'analysis_tools/get_flops.py', config, '--shape', '32', '16'
    )
    assert '1 x 3 x 32 x 16' in text
    assert '90.67 GMACs' in text  # twice that of 16 x 16


def test_get_flops_refuses_a_wrong_shape(run_tool, config):
    status, _, error = run_tool(
        'analysis_tools/get_flops.py', config, '--shape', '15', '16'
    )
    assert status == 1
    assert 'multiples of 8' in error and 'Traceback' not in error


def test_operations_against_hand_counts(repo):
    """Convolutions, grouped and transposed, against kernel * pixels."""
    tool = runpy.run_path(str(repo / 'tools/analysis_tools/get_flops.py'))
    with torch.device('meta'):
        net = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1),  # 6x4 out
            nn.Conv2d(8, 8, 3, padding=1, groups=4),  # 6x4 out
            nn.ConvTranspose2d(8, 5, 8, stride=4, padding=2),  # 6x4 in
            nn.Upsample(scale_factor=2),  # not counted
        )
    macs = 24 * (3 * 8 * 9 + 8 * 2 * 9 + 8 * 5 * 64)
    assert tool['count_flops'](net, (6, 4)) == 2 * macs


def cells_of(sheet, rows):
    """Cut a sheet of captioned rows into its cells: [row][column]."""
    size = 256
    columns = (sheet.shape[1] + GAP) // (size + GAP)
    pitch = size + GAP + HEADER
    assert sheet.shape[0] == HEADER + rows * pitch - GAP
    return [
        [
            sheet[top : top + size, left : left + size]
            for left in range(0, columns * (size + GAP), size + GAP)
        ]
        for top in range(HEADER, HEADER + rows * pitch - GAP, pitch)
    ]


def test_browse_dataset_shows_what_is_fed(
    run_tool, config, noisy_root, tmp_path
):
    root, points = noisy_root(3, {'train': [2], 'val': [0], 'test': [1]})
    out = tmp_path / 'sheet.png'
    status, text, error = run_tool(
        'analysis_tools/browse_dataset.py',
        config,
        '--out',
        out,
        '--cfg-options',
        f'data_root={root}',
    )
    assert status == 0, error
    assert '1 of 1 train samples' in text
    ((lr, hr, marked, heat),) = cells_of(read_image(out), rows=1)
    image = read_image(root / '2.png')
    # LR and HR with whole pixels: every enlarged pixel is one color.
    np.testing.assert_array_equal(hr[::2, ::2], image)
    np.testing.assert_array_equal(hr[1::2, 1::2], image)
    small = lr[::16, ::16].astype(float)
    mean = image.reshape(16, 8, 16, 8, 3).mean((1, 3))
    assert np.abs(small - mean).mean() < 12  # noise: sigma is 74 a pixel
    # Dots and maps are where the table says. The jaw is yellow.
    for x, y in points[2, :17]:
        column, row = (int(round(2 * value + 0.5)) for value in (x, y))
        dot = marked[row, column].astype(int)
        assert dot[0] > 180 and (dot[2] < 70 or dot[2] > 180)
        glow = heat[row, column].astype(int)
        dimmed = 0.6 * hr[row, column]
        assert np.abs(glow - dimmed).max() > 20
    # ... and nothing is painted far away from every point.
    grid = np.stack(np.meshgrid(np.arange(256), np.arange(256)), -1)
    far = (
        np.linalg.norm(grid[:, :, None] - (2 * points[2] + 0.5), axis=-1).min(
            -1
        )
        > 8 * 6  # six sigma; a heatmap pixel has eight cell pixels
    )
    dimmed = (0.6 * hr).round()
    if far.any():
        assert np.abs(heat[far].astype(float) - dimmed[far]).max() <= 1


def test_browse_dataset_without_heatmaps(
    run_tool, config, noisy_root, tmp_path
):
    root, _ = noisy_root(3, {'train': [2], 'val': [0, 1]})
    out = tmp_path / 'sheet.png'
    args = ('--split', 'val', '--num', '5', '--out', out)
    status, text, error = run_tool(
        'analysis_tools/browse_dataset.py',
        config,
        *args,
        '--cfg-options',
        f'data_root={root}',
    )
    assert status == 0, error
    assert '2 of 2 val samples' in text
    cells = cells_of(read_image(out), rows=2)
    assert [len(row) for row in cells] == [2, 2]
    shown = sorted(row[1][::2, ::2].tobytes() for row in cells)
    files = sorted(read_image(root / f'{i}.png').tobytes() for i in (0, 1))
    assert shown == files


def test_browse_dataset_names_bad_files(
    run_tool, config, noisy_root, tmp_path
):
    root, _ = noisy_root(3, {'train': [0, 1, 2]})
    (root / '1.png').write_bytes(b'not an image')
    out = tmp_path / 'sheet.png'
    args = (config, '--out', out, '--cfg-options', f'data_root={root}')
    status, text, error = run_tool('analysis_tools/browse_dataset.py', *args)
    assert status == 0 and 'left out' in error and '1.png' in error
    assert '2 of 3 train samples' in text
    for index in (0, 2):
        (root / f'{index}.png').write_bytes(b'')
    status, _, error = run_tool('analysis_tools/browse_dataset.py', *args)
    assert status == 1
    assert 'at least one usable sample' in error and 'Traceback' not in error


def test_browse_dataset_without_data(run_tool, config, tmp_path):
    status, _, error = run_tool(
        'analysis_tools/browse_dataset.py',
        config,
        '--cfg-options',
        f'data_root={tmp_path}/nowhere',
    )
    assert status == 1
    assert 'nowhere' in error and 'DATA_ROOT' in error
    assert 'Traceback' not in error


@pytest.mark.parametrize('tool', ['train.py', 'test.py'])
def test_help_suits_mim(run_tool, tool):
    """`mim` takes a tool for one of OpenMMLab 1.x if its help names --gpus,
    and then passes options that it does not have."""
    status, text, _ = run_tool(tool, '--help')
    assert status == 0
    assert '--launcher' in text and '--gpus' not in text
