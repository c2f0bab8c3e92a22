# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Every tool that takes a config takes one that inherits from ours."""

import pytest

BASE = 'mmfacesr::sparnet/sparnet_light-attn3d-x8_1xb2-400_synthetic.py'
# Tool, its arguments, and what it says when it has read the config: the
# config's own, or what is missing besides.
TOOLS = [
    ('analysis_tools/print_config.py', 'child.py', "type='SPARNet'"),
    ('analysis_tools/get_flops.py', 'child.py', '5,242,211'),
    ('analysis_tools/browse_dataset.py', 'child.py', 'Expected data_root'),
    (
        'analysis_tools/draw_attention.py',
        'child.py no.pth --input no --save-dir no',
        'no.pth',
    ),
    (
        'analysis_tools/draw_steps.py',
        'child.py no.pth --save-dir no',
        'no.pth',
    ),
    ('model_converters/convert.py', 'child.py no.pth out.pth', 'no.pth'),
    ('model_converters/publish.py', 'no.pth --config child.py', 'no.pth'),
    ('train.py', 'child.py', 'Expected data_root'),
    ('test.py', 'child.py no.pth', 'no.pth'),
]


@pytest.mark.parametrize(
    'tool, arguments, said', TOOLS, ids=[tool[0] for tool in TOOLS]
)
def test_base_is_found_from_anywhere(
    run_tool, tmp_path, monkeypatch, tool, arguments, said
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'child.py').write_text(f'_base_ = [{BASE!r}]')
    _, text, errors = run_tool(tool, *arguments.split())
    assert said in text + errors
    assert BASE not in errors


def test_list_of_tools_is_whole(repo):
    takes_config = {
        path.relative_to(repo / 'tools').as_posix()
        for path in (repo / 'tools').rglob('*.py')
        if 'load_config' in path.read_text(encoding='utf-8')
        and path.name != 'quickstart.py'  # its configs are ours
    }
    assert takes_config == {tool for tool, *_ in TOOLS}
