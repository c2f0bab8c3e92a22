# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command that exports reads its options and says what was lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import mmfacesr.apis
from mmfacesr.apis import get_model
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.utils.images import write_image

TOOL = 'deployment/export.py'
SMALL = 'dic-small_x8c16b2_1xb4-500_synthetic'


@pytest.fixture
def enlarging(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command find a network that only enlarges."""
    facts = get_model(SMALL).facts
    network = nn.Sequential(
        nn.Upsample(scale_factor=8, mode='bilinear'), nn.Conv2d(3, 3, 1)
    )
    with torch.no_grad():
        network[1].weight[:, :, 0, 0] = torch.eye(3)
        network[1].bias.zero_()
    network.facts = facts
    monkeypatch.setattr(mmfacesr.apis, 'get_model', lambda *_: network)


@pytest.mark.usefixtures('enlarging')
def test_int8_is_judged_by_the_faces_that_are_given(
    run_tool: Callable, tmp_path: Path
) -> None:
    for package in ('onnx', 'onnxruntime'):
        pytest.importorskip(package, reason="needs the extra 'deploy'")
    for index in range(8):  # pairs of equal faces, one of each half
        face, *_ = render_face(index // 2, 128)
        write_image(tmp_path / f'faces/{index}.png', face)
    path = tmp_path / 'face.onnx'
    words = f'{SMALL} --dtype int8 --exporter torchscript --limit 6'.split()
    status, text, error = run_tool(
        TOOL, *words, f'--data={tmp_path}/faces', f'--out={path}'
    )
    assert status == 0, error
    assert 'dB in the worst of 3 faces' in text and path.exists()
    assert 'Layers in float: none' in text


@pytest.mark.usefixtures('enlarging')
@pytest.mark.parametrize(
    'words', ['--calibration entropy', '--data faces', '--keep-float auto']
)
def test_options_of_int8_are_refused_elsewhere(
    run_tool: Callable, tmp_path: Path, words: str
) -> None:
    path = tmp_path / 'face.onnx'
    status, _, error = run_tool(TOOL, SMALL, *words.split(), f'--out={path}')
    assert status == 1 and 'with --dtype int8 alone' in error
    assert not path.exists()
