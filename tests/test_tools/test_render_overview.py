# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What `make docs` writes of all methods: README.md, model-index.yml."""

import copy
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

RENDER = Path(__file__).resolve().parents[2] / 'tools/docs/render_tables.py'
OURS = {
    'Source': 'ours',
    'Dataset': 'Faces',
    'Protocol': 'RGB, border 8',
    'Images': 235,
    'Iterations': 100,
    'Metrics': {'PSNR': 23.456, 'SSIM': 0.6},
    'Bicubic': {'PSNR': 22.561, 'SSIM': 0.5},
    'Command': 'tools/test.py net_x8 net.pth',
}
THEIRS = {
    'Source': 'the authors',
    'Dataset': 'Helen',
    'Protocol': 'Y, whole image',
    'Metrics': {'PSNR': 27.4319, 'SSIM': '0.820', 'MOS': 3.7},
}
METHOD = {
    'Collections': [
        {
            'Name': 'Net',
            'README': 'configs/net/README.md',
            'Paper': {'Title': 'Faces', 'URL': 'https://example.org/net'},
            'Venue': 'TIP',
            'Year': 2021,
            'Scale': 'x8, 16 to 128',
        }
    ],
    'Models': [
        {
            'Name': 'net_x8',
            'In Collection': 'Net',
            'Config': 'configs/net/net_x8.py',
            'Metadata': {'Parameters': 1000, 'Training Data': 'Faces'},
            'Results': [THEIRS, OURS],
        }
    ],
}
OTHERS = {
    'Collections': [
        {'Name': 'Features', 'README': 'configs/features/README.md'}
    ],
    'Models': [
        {
            'Name': 'judge',
            'In Collection': 'Features',
            'Weights': 'https://example.org/judge.pth',
            'Weights License': 'MIT',
        }
    ],
}

COMPARISON = {
    'schema': 'mmfacesr-comparison-1',
    'images': 235,
    'reference': 'A',
    'methods': [
        {
            'name': name,
            'identical': 0,
            'values': {
                'rgb/PSNR': {'mean': mean, 'interval': interval},
                'FID/gt': {'mean': 9.0},
            },
        }
        for name, mean, interval in (
            ('A', 22.5, [22, 23]),
            ('B', 23.456, [23, 24]),
        )
    ],
    'values': [
        {'name': 'rgb/PSNR', 'pooled': False, 'best': 'B', 'like_best': []},
        {'name': 'FID/gt', 'pooled': True, 'best': None, 'like_best': []},
    ],
    'pairs': [
        {
            'value': 'rgb/PSNR',
            'method': 'B',
            'against': 'A',
            'difference': 0.956,
            'interval': [0.9, 1.02],
            'p_holm': 0.002,
            'detectable': 0.123,
            'images': 235,
            'verdict': 'better',
        }
    ],
    'not_of_all': [],
    'statistics': {
        'confidence': 0.95,
        'draws': 10000,
        'seed': 0,
        'tests': 1,
        'power': 0.8,
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one method and one folder without configs."""
    write_metafile(tmp_path, 'net', METHOD)
    write_metafile(tmp_path, 'features', OTHERS)
    (tmp_path / 'README.md').write_text(
        'a\n<!-- table: methods -->\n<!-- /table -->\nb\n'
    )
    return tmp_path


def write_metafile(root: Path, folder: str, content: dict) -> None:
    target = root / 'configs' / folder
    target.mkdir(parents=True, exist_ok=True)
    (target / 'metafile.yml').write_text(yaml.dump(content))


def methods_of(root: Path) -> list[str]:
    """The lines of the table of methods."""
    text = (root / 'README.md').read_text()
    assert text.startswith('a\n') and text.endswith('\nb\n')
    return [line for line in text.splitlines() if line.startswith('|')]


def test_methods_stand_in_readme_with_figures_in_columns_of_their_own(
    project: Path,
) -> None:
    runpy.run_path(str(RENDER))['update_overview'](project, check=False)
    head, _, row = methods_of(project)
    assert head == (
        '| Method | Paper | Scale | Published by others | Our own |'
    )
    assert row == (
        '| [Net](configs/net/README.md) '
        '| [TIP 2021](https://example.org/net) | x8, 16 to 128 '
        '| PSNR 27.4319 dB, SSIM 0.820<br>Helen; protocol: Y, whole image; '
        'source: the authors '
        '| PSNR 23.46 dB (bicubic 22.56), SSIM 0.6000 (bicubic 0.5000)<br>'
        'Faces; protocol: RGB, border 8; 100 iterations |'
    )


def test_index_lists_what_has_configs_apart_from_what_has_none(
    project: Path,
) -> None:
    runpy.run_path(str(RENDER))['update_overview'](project, check=False)
    assert yaml.safe_load((project / 'model-index.yml').read_text()) == {
        'Import': ['configs/net/metafile.yml'],
        'Feature Networks': ['configs/features/metafile.yml'],
    }


def test_a_further_method_makes_readme_and_index_stale(project: Path) -> None:
    """Each is named, left as it is by a check, written by a run."""
    update = runpy.run_path(str(RENDER))['update_overview']
    files = [project / 'README.md', project / 'model-index.yml']
    assert update(project, check=True) == files
    assert not files[1].exists()
    update(project, check=False)
    assert update(project, check=True) == []
    newer = copy.deepcopy(METHOD)
    newer['Collections'][0] |= {'Name': 'Older', 'Year': 2019}
    newer['Models'][0] |= {'In Collection': 'Older', 'Results': []}
    write_metafile(project, 'older', newer)
    before = [path.read_text() for path in files]
    assert update(project, check=True) == files
    assert [path.read_text() for path in files] == before
    update(project, check=False)
    assert update(project, check=True) == []
    older, row = methods_of(project)[2:]
    assert older.startswith('| [Older](') and older.endswith('| - | - |')
    assert row.startswith('| [Net](')
    assert 'configs/older/metafile.yml' in files[1].read_text()


def test_a_changed_figure_makes_readme_alone_stale(project: Path) -> None:
    update = runpy.run_path(str(RENDER))['update_overview']
    update(project, check=False)
    changed = copy.deepcopy(METHOD)
    changed['Models'][0]['Results'][0]['Metrics']['PSNR'] = 27.5
    write_metafile(project, 'net', changed)
    assert update(project, check=True) == [project / 'README.md']


def test_comparisons_stand_where_readme_asks_for_them(project: Path) -> None:
    """Made of docs/results/*.json, and nothing where there is none."""
    update = runpy.run_path(str(RENDER))['update_overview']
    readme = project / 'README.md'
    readme.write_text(
        f'{readme.read_text()}<!-- table: comparison -->\n'
        '<!-- /table -->\nend\n'
    )
    update(project, check=False)
    assert readme.read_text().endswith('-->\n\n\n\n<!-- /table -->\nend\n')
    results = project / 'docs/results/faces.json'
    results.parent.mkdir(parents=True)
    results.write_text(json.dumps(COMPARISON))
    assert update(project, check=True) == [readme]
    update(project, check=False)
    text = readme.read_text()
    assert '| A | 22.50 [22.00, 23.00] |\n' in text
    assert '| B | **23.46 [23.00, 24.00]** |\n' in text
    assert 'FID' not in text  # only what README.md shows
    assert update(project, check=True) == []
    results.write_text('{}')
    with pytest.raises(SystemExit, match='Expected a comparison'):
        update(project, check=False)


def test_check_of_the_program_names_what_is_stale(project: Path) -> None:
    """A copy of the program in a project of its own."""
    program = project / 'tools/docs/render_tables.py'
    program.parent.mkdir(parents=True)
    program.write_text(RENDER.read_text())
    for folder, table in (('net', 'ours'), ('features', 'weights')):
        (project / 'configs' / folder / 'README.md').write_text(
            f'<!-- table: {table} -->\n<!-- /table -->\n'
        )

    def run(*words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, str(program), *words],
            capture_output=True,
            text=True,
        )

    stale = run('--check')
    assert stale.returncode == 1
    for name in ('configs/net', 'README.md', 'model-index.yml'):
        assert str(project / name) in stale.stderr
    assert run().returncode == 0
    assert run('--check').returncode == 0
