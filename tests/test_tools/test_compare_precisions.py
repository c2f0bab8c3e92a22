# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The table of precisions says what was measured, and what was not."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mmfacesr.apis import get_model
from mmfacesr.apis.complexity import (
    count_image_macs,
    count_image_parameters,
)
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.utils.images import write_image

TOOL = 'deployment/compare_precisions.py'
SMALL = 'dic-small_x8c16b2_1xb4-500_synthetic'


def test_counts_are_those_that_others_published() -> None:
    """The step that gives the image alone, as in the vendor's table."""
    model = get_model('pfsrnet_x8_1xb16-200k_celeba')
    face = torch.zeros(1, 3, 16, 16)
    assert count_image_parameters(model, face) == 8_967_939
    assert count_image_macs(model, 16) / 1e9 == pytest.approx(5.24, abs=0.005)


def test_imitated_precisions_have_no_time(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    has = runpy.run_path(str(repo / 'tools' / TOOL))['has_instructions']
    processor = 'mmfacesr.deploy.choices.processor_of'
    for words, wanted in (
        (['x86_64', 'flags : fpu avx2'], [True, False, False, True]),
        (['x86_64', 'flags : avx512_bf16'], [True, False, True, True]),
        (['aarch64', 'Features : fphp bf16'], [True, True, True, True]),
    ):
        monkeypatch.setattr(processor, lambda _, words=words: words)
        names = ('fp32', 'fp16', 'bf16', 'int8-minmax')
        assert [has(name) for name in names] == wanted


@pytest.mark.slow
def test_table_of_a_small_network(
    run_tool: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ('onnx', 'onnxruntime'):
        pytest.importorskip(package, reason="needs the extra 'deploy'")
    monkeypatch.setattr(
        'mmfacesr.deploy.choices.processor_of', lambda _: ['x86_64']
    )
    for seed in range(4):
        face, *_ = render_face(seed, 128)
        write_image(tmp_path / f'faces/{seed}.png', face)
    words = f'{SMALL} --threads 1 --rounds 3 --data {tmp_path}/faces'.split()
    file, page = tmp_path / 'table.json', tmp_path / 'table.md'
    status, text, error = run_tool(
        TOOL, *words, f'--json={file}', f'--markdown={page}'
    )
    assert status == 0, error
    rows = json.loads(file.read_text())['rows']
    found = {row['precision']: row for row in rows}
    assert [*found] == ['fp32', 'fp16', 'int8-minmax', 'int8-entropy', 'bf16']
    for row in rows:
        assert row['weights'] == 'untrained' and row['images'] == 2
        assert f'| {row["precision"]} |' in page.read_text()
    assert found['fp16']['psnr'] == pytest.approx(
        found['fp32']['psnr'], abs=0.01
    )
    assert found['fp16']['bytes'] < 0.7 * found['fp32']['bytes']
    assert 0 < found['fp32']['p50'] <= found['fp32']['p90']
    assert found['fp16']['p50'] is found['bf16']['psnr'] is None
    assert 'LR by bicubic_x8' in text and '1 threads' in text
