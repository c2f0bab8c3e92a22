# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every tool judges where its results go before it does anything."""

import ast
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
CONVERTERS = 'dataset_converters'
NO_CONFIG = 'no/such/config.py'
CASES = {
    'train.py': [NO_CONFIG, '--work-dir', 'FILE/run'],
    'test.py': [NO_CONFIG, '--baseline', '--out', 'report.csv'],
    'quickstart.py': ['--out', 'FILE'],
    'analysis_tools/print_config.py': [NO_CONFIG, '--out', 'config.txt'],
    'analysis_tools/browse_dataset.py': [NO_CONFIG, '--out', 'FILE/a.png'],
    'analysis_tools/plot_curves.py': ['no/run', '--out', 'curves.jpg'],
    'analysis_tools/draw_steps.py': [
        NO_CONFIG,
        'a.pth',
        '--save-dir',
        'FILE',
    ],
    'analysis_tools/draw_attention.py': [
        NO_CONFIG,
        'a.pth',
        '--input',
        'faces',
        '--save-dir',
        'FILE',
    ],
    'model_converters/convert.py': [NO_CONFIG, 'a.pth', 'FILE/b.pth'],
    'model_converters/publish.py': ['a.pth', 'FILE'],
    'deployment/compare_precisions.py': [
        NO_CONFIG,
        '--markdown',
        'FILE/table.md',
    ],
    'deployment/export.py': [NO_CONFIG, '--out', 'FILE/face.onnx'],
    f'{CONVERTERS}/synthetic_faces/render_faces.py': ['--sheet', 'a.jpg'],
    f'{CONVERTERS}/folder/prepare_folder.py': ['photos', '--out', 'FILE'],
    f'{CONVERTERS}/celeba/prepare_celeba.py': ['root', '--out', 'FILE'],
    f'{CONVERTERS}/helen/prepare_helen.py': ['root', '--out', 'FILE'],
    f'{CONVERTERS}/landmark_mapping/fit_mapping.py': [
        'faces',
        '--annotation',
        'a.csv',
        '--out',
        'a.txt',
    ],
}
OUTPUTS = (
    '--out',
    '--save-dir',
    '--sheet',
    '--group',
    '--work-dir',
    'out_dir',
)
JUDGED_ELSEWHERE = ('dataset_converters/extract_landmarks.py',)


@pytest.mark.parametrize('tool', CASES)
def test_a_wrong_target_ends_the_tool_at_once(
    run_tool: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: str,
) -> None:
    file = tmp_path / 'file'
    file.write_text('kept')
    words = [word.replace('FILE', str(file)) for word in CASES[tool]]
    # As Python does for a program: the tools' helpers lie beside them.
    monkeypatch.setattr(sys, 'path', [str((TOOLS / tool).parent), *sys.path])
    status, _, error = run_tool(tool, *words)
    assert status == 2, error
    assert 'xpected ' in error and ', got ' in error
    assert file.read_text() == 'kept'


def test_no_tool_is_forgotten() -> None:
    """Every option of a tool that names a result has a judge."""
    for path in sorted(TOOLS.rglob('*.py')):
        tool = str(path.relative_to(TOOLS))
        if tool in JUDGED_ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).endswith('add_argument')
                and getattr(node.args[0], 'value', None) in OUTPUTS
            ):
                judge = [
                    ast.unparse(given.value)
                    for given in node.keywords
                    if given.arg == 'type'
                ]
                assert judge and 'output_' in judge[0], (tool, node.lineno)
