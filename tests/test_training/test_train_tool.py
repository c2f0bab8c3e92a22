# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""tools/train.py: what it writes, resuming, and its messages."""

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from mmengine.runner import IterBasedTrainLoop


def load(path: Path) -> dict:
    return torch.load(path, map_location='cpu', weights_only=True)


def test_work_folder_holds_what_is_promised(trained: Path) -> None:
    names = {path.name for path in trained.glob('*.pth')}
    assert {'iter_2.pth', 'iter_4.pth'} <= names
    assert any(name.startswith('best_PSNR') for name in names)
    assert list(trained.glob('*/vis_data/faces_000004.png'))
    assert list(trained.glob('*/vis_data/scalars.json'))


def test_stopped_by_a_signal_and_resumed_equals_uninterrupted(
    trained: Path,
    tmp_path: Path,
    options: list[str],
    config: str,
    start_here: Callable,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    run_iter = IterBasedTrainLoop.run_iter

    def signalled(loop: IterBasedTrainLoop, batch: dict) -> None:
        if loop.iter == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        run_iter(loop, batch)

    with monkeypatch.context() as context:
        context.setattr(IterBasedTrainLoop, 'run_iter', signalled)
        with pytest.raises(SystemExit) as stop:
            start_here('train', config, *options)
    assert stop.value.code == 143
    assert capsys.readouterr().err.endswith(
        f'\nEnded by SIGTERM. Saved as {tmp_path}/iter_3.pth; the same '
        'command with --resume goes on from it.\n'
    )
    start_here('train', config, '--resume', *options)
    whole, resumed = (
        load(trained / 'iter_4.pth'),
        load(tmp_path / 'iter_4.pth'),
    )
    assert whole['state_dict'].keys() == resumed['state_dict'].keys()
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, resumed['state_dict'][key]), key
    moments = whole['optimizer']['state'], resumed['optimizer']['state']
    for index, state in moments[0].items():
        assert torch.equal(state['exp_avg'], moments[1][index]['exp_avg'])
    started = load(trained / 'iter_2.pth')['state_dict']
    assert any(
        not torch.equal(value, started[key])
        for key, value in whole['state_dict'].items()
    )


@pytest.fixture(scope='module')
def tool(repo: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        'train_tool', repo / 'tools/train.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    'words, message',
    [
        (
            ['configs/dic/dic_x8c48b6_1xb8-150k_celebs.py'],
            'dic_x8c48b6_1xb8-150k_celeba.py',
        ),
        (['CONFIG', '--cfg-options', 'data_root=no/such/folder'], 'DATA_ROOT'),
        (['CONFIG', '--cfg-options', 'model.type=DICRestorr'], 'DICRestorr'),
        (
            ['CONFIG', '--cfg-options', 'model.generator.upscale_factor=4'],
            'upscale_factor',
        ),
        (
            ['CONFIG', '--cfg-options', 'model.generator.mid_chanels=4'],
            'mid_chanels',
        ),
        (
            # By epochs; the synthetic faces are 8.
            [
                'configs/sparnet/sparnet_light-attn3d-x8_1xb32-20e_celeba.py',
                '--cfg-options',
                'data_root=FACES',
                'train_dataloader.num_workers=0',
                'train_dataloader.persistent_workers=False',
                'model.generator.min_ch=4',
                'model.generator.max_ch=8',
            ],
            'train_dataloader.batch_size to at most 8',
        ),
    ],
)
def test_one_clear_message(
    tool: ModuleType,
    tmp_path: Path,
    repo: Path,
    words: list[str],
    message: str,
    config: str,
    faces_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.chdir(repo)
    words = [config if word == 'CONFIG' else word for word in words]
    words = [word.replace('FACES', str(faces_root)) for word in words]
    monkeypatch.setattr(
        sys, 'argv', ['train.py', *words, '--work-dir', str(tmp_path)]
    )
    with pytest.raises(SystemExit) as stop:
        tool.main()
    error = capsys.readouterr().err
    assert stop.value.code == 1
    # What comes before is mmengine's logger, whose stream pytest has closed.
    said = error[error.rindex('\nError:') :]
    assert message in said and len(said.splitlines()) < 12
    assert 'Traceback (' not in said
    assert not list(tmp_path.glob('*.pth'))
