# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""tools/test.py gives the same figures from a URL as from a path."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import released_files
import torch
from mmengine.config import Config

FACES = 2
# Config -> the files of authors that it takes.
CASES = {
    'dic/dic_x8c48b6_4xb2-150k_celeba-hq': [
        'dic of mmagic',
        'dic of the authors',
    ],
    'dic/dic_gan-x8c48b6_4xb2-500k_celeba-hq': ['dicgan of the authors'],
    'dic/dic_hourglass_1xb8-20k_celeba': ['dic of the authors'],
    'sparnet/sparnet_attn2d-x8_1xb32-20e_celeba': ['sparnet'],
    'sparnet/sparnet_light-attn3d-x8_1xb32-20e_celeba': ['sparnet light'],
    'sparnet/sparnet-hd_attn2d_1xb2-10e_ffhq': [
        'sparnet hd 2d',
        'sparnet hd 2d new norm',
    ],
    'sparnet/sparnet-hd_attn3d_1xb2-10e_ffhq': ['sparnet hd 3d'],
    'pfsrnet/pfsrnet_x8_1xb16-200k_celeba': [
        'pfsrnet',
        'pfsrnet distributed',
    ],
    'pfsrnet/distilled-fan_1xb16-11k_celeba': ['landmarks of pfsrnet'],
    'elsface/elsface_x4_1xb16-40e_celeba': ['elsface'],
}
QUICK = ('sparnet_light', 'pfsrnet_x8', 'distilled', 'elsface')


@pytest.mark.parametrize(
    'config',
    [
        config
        if config.split('/')[1].startswith(QUICK)
        else pytest.param(config, marks=pytest.mark.slow)
        for config in CASES
    ],
)
def test_figures_from_a_url_are_those_from_the_path(
    config: str,
    golden: Path,
    fill: ModuleType,
    serve: Callable[[Path], str],
    faces_root: Path,
    start_here: Callable[..., Path],
    shrink: Callable[[Config], Config],
    tmp_path: Path,
) -> None:
    small = tmp_path / 'config.py'
    shrink(Config.fromfile(f'configs/{config}.py')).dump(small)

    def report_of(checkpoint: Path | str, name: str) -> dict:
        start_here(
            'test',
            small,
            checkpoint,
            '--out',
            tmp_path / f'{name}.json',
            '--cfg-options',
            f'data_root={faces_root}',
            'test_dataloader.num_workers=0',
            f'test_dataloader.dataset.indices={FACES}',
        )
        return json.loads((tmp_path / f'{name}.json').read_text())

    reports = []
    for i, name in enumerate(CASES[config]):
        path = tmp_path / f'released{i}.pth'
        torch.save(released_files.make(name, golden, fill).content, path)
        by_url = report_of(serve(path), f'url{i}')
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert by_url['checkpoint_sha256'] == digest
        assert by_url['checkpoint'] == path.name
        assert by_url['images'] == FACES
        reports += [by_url] + [report_of(path, 'path')] * (i == 0)
    values = [each['metrics'] for each in reports]
    assert values[0] and all(other == values[0] for other in values)
    assert all(value == value for value in values[0].values()), 'not a number'
