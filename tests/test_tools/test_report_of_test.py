# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""`tools/test.py --report` writes faces and their evaluation."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.evaluating.evaluation import Evaluation
from mmfacesr.models.protocols import known_protocols

CONFIG = 'sparnet_light-attn3d-x8_1xb2-400_synthetic'


@pytest.fixture
def tested(
    faces_root: Path, tmp_path: Path, run_tool: Callable
) -> Callable[..., tuple[int, str]]:
    """Test the baseline; exit status and errors."""

    def run(*words: object) -> tuple[int, str]:
        status, _, said = run_tool(
            'test.py',
            CONFIG,
            '--baseline',
            '--work-dir',
            tmp_path / 'work',
            '--report',
            tmp_path / 'report',
            *words,
            '--cfg-options',
            f'data_root={faces_root}',
            'test_dataloader.num_workers=0',
        )
        return status, said

    return run


def test_report_is_of_the_faces_that_it_keeps(
    tested: Callable, tmp_path: Path
) -> None:
    """Twice: the second test replaces the faces of the first."""
    folder, out = tmp_path / 'report', tmp_path / 'out.json'
    for _ in range(2):
        assert tested('--out', out, '--protocol', 'all')[0] == 0
        stale = folder / 'faces/hr/stale.png'
        Image.new('RGB', (16, 16)).save(stale)
    found = Evaluation.read(folder)
    assert found.summary['images'] == 3
    assert found.summary['run']['data_root'] == ['faces0']
    for name in found.table.names:
        lr, sr = (
            np.asarray(Image.open(folder / f'faces/{kind}/{name}.png'))
            for kind in ('lr', 'sr')
        )
        hr = Image.open(folder / f'faces/hr/{name}.png')
        assert np.array_equal(lr, hr.resize((16, 16), Image.BICUBIC))
        large = Image.fromarray(lr).resize((128, 128), Image.BICUBIC)
        assert np.array_equal(sr, large)
    # Bicubic is of 8 bit already: the files have the values of the test.
    metrics = json.loads(out.read_text())['metrics']
    for name in known_protocols():
        for key in ('PSNR', 'SSIM'):
            value = found.values.get(f'{name}/{key}')
            named = key if name == 'rgb' else f'{name}/{key}'
            if value:
                assert value['mean'] == pytest.approx(metrics[named])


def test_faces_of_others_are_not_replaced(
    tested: Callable, tmp_path: Path
) -> None:
    mine = tmp_path / 'report/faces/mine.png'
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b'mine')
    status, said = tested()
    assert status == 1 and 'choose another --report' in said
    assert mine.read_bytes() == b'mine'


@pytest.mark.parametrize(
    'words',
    [['--input', 'x', '--save-dir', 'y'], []],
)
def test_metrics_need_a_report(run_tool: Callable, words: list[str]) -> None:
    words = [CONFIG, 'no.pth', *words, '--metrics', 'lpips-alex']
    status, _, said = run_tool('test.py', *words)
    assert status == 2 and '--metrics' in said
