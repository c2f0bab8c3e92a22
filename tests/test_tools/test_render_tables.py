# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What `make docs` writes into the README of a method."""

import runpy
from pathlib import Path

import pytest
import yaml

RENDER = Path(__file__).resolve().parents[2] / 'tools/docs/render_tables.py'


def test_a_changed_number_makes_a_table_stale(tmp_path: Path) -> None:
    """A number changed in the metafile is stale, then written, then not."""
    update = runpy.run_path(str(RENDER))['update']
    folder = tmp_path / 'method'
    folder.mkdir()
    (folder / 'README.md').write_text(
        'a\n<!-- table: ours -->\n<!-- /table -->\nb\n'
    )
    model = {
        'Name': 'net_x8',
        'Config': 'configs/method/net_x8.py',
        'Results': [
            {
                'Source': 'ours',
                'Dataset': 'Faces',
                'Protocol': 'RGB, border 8',
                'Images': 235,
                'Iterations': 100,
                'Metrics': {'PSNR': 23.456, 'SSIM': 0.6},
                'Bicubic': {'PSNR': 22.561, 'SSIM': 0.5},
                'Command': 'tools/test.py net_x8 net.pth',
            }
        ],
    }

    def render(check=False):
        (folder / 'metafile.yml').write_text(yaml.dump({'Models': [model]}))
        return update(folder, check)

    assert not render(check=True)
    render()
    assert render(check=True)
    text = (folder / 'README.md').read_text()
    assert text.startswith('a\n') and text.endswith('\nb\n')
    assert (
        '| [net_x8](./net_x8.py) | Faces | RGB, border 8 | 235 | 100 '
        '| 23.46 (22.56) | 0.6000 (0.5000) | - (-) '
        '| `tools/test.py net_x8 net.pth` |'
    ) in text
    model['Results'][0]['Metrics']['PSNR'] = 23.5
    assert not render(check=True)
    assert (folder / 'README.md').read_text() == text


def test_figures_of_others_keep_their_digits() -> None:
    """None is lost and none is added; sizes have columns of their own."""
    result = {
        'Source': 'the authors',
        'Dataset': 'Faces',
        'Protocol': 'not stated',
        'Metrics': {'PSNR': 25.2319, 'SSIM': '0.680', 'MS-SSIM': 0.902},
    }
    sized = {**result, 'Parameters': '22.8 M', 'Metrics': {'FID': 27.16}}
    model = {'Name': 'net_x8', 'Config': 'configs/method/net_x8.py'}
    ours = {**result, 'Source': 'ours'}
    table = runpy.run_path(str(RENDER))['published_table'](
        [{**model, 'Results': [result, ours, sized]}]
    )
    head, _, *rows = table.splitlines()
    start = '| [net_x8](./net_x8.py) | Faces | not stated | not stated |'
    assert '| PSNR | SSIM | MS-SSIM | FID | Parameters stated |' in head
    assert rows == [
        f'{start} 25.2319 | 0.680 | 0.902 | - | - | the authors |',
        f'{start} - | - | - | 27.16 | 22.8 M | the authors |',
    ]


def test_weights_tables_say_how_they_are_checked_and_the_license() -> None:
    """Files beside a config's own have a table of their own."""
    tools = runpy.run_path(str(RENDER))
    file = {
        'Weights': 'https://example.org/net.pth',
        'Weights License': 'MIT (authors)',
    }
    models = [
        {
            'Name': 'net_x8',
            'Config': 'configs/method/net_x8.py',
            'Metadata': {'Parameters': 1000, 'Training Data': 'Faces'},
            **file,
            'Weights SHA256': '01234567',
        },
        {
            'Name': 'net_x8-other',
            'Config': 'configs/method/net_x8.py',
            **file,
            'Weights Git Blob': '89abcdef' * 5,
            'Weights License': 'none stated',
            'Weights Note': 'of other faces',
        },
        {'Name': 'judge', **file, 'Weights SHA256': '01234567' * 8},
        {'Name': 'jury', **file},
    ]
    address = '(https://example.org/net.pth)'
    own, others = tools['models_table'](models), tools['weights_table'](models)
    assert own.splitlines()[2:] == [
        '| [net_x8](./net_x8.py) | 1,000 | Faces '
        f'| [model]{address}, sha256 `01234567...`, MIT (authors) |'
    ]
    assert others.splitlines()[2:] == [
        f'| `net_x8-other` | [net.pth]{address}, git blob `89abcdef...`, '
        'no license stated | of other faces |',
        f'| `judge` | [net.pth]{address}, sha256 `{"01234567" * 8}`, '
        'MIT (authors) | - |',
        f'| `jury` | [net.pth]{address}, no hash published, '
        'MIT (authors) | - |',
    ]
    assert 'other' not in tools['ours_table'](models)
    assert 'judge' not in tools['ours_table'](models)


def test_an_unknown_table_is_refused() -> None:
    render = runpy.run_path(str(RENDER))['render']
    with pytest.raises(ValueError, match="'speed'"):
        render('<!-- table: speed -->\n<!-- /table -->', [])
    with pytest.raises(ValueError, match='at least one'):
        render('no table', [])
