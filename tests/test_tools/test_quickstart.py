# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the quickstart says and makes, without its training."""

import argparse
import importlib.util
import os
import signal
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options
from mmfacesr.models import METHODS
from mmfacesr.utils.signals import handling

PROTOCOL = dict(color='RGB', crop_border=8)


@pytest.fixture(scope='module')
def quickstart(repo: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        'quickstart', repo / 'tools/quickstart.py'
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(psnr: float) -> dict:
    return dict(
        metrics=dict(PSNR=psnr, SSIM=0.5, MAE=10.0),
        images=3,
        protocol=PROTOCOL,
    )


def test_every_method_has_a_config(quickstart: ModuleType, repo: Path) -> None:
    assert quickstart.CONFIGS.keys() == METHODS.keys()
    for config in quickstart.CONFIGS.values():
        assert (repo / config).is_file()


def test_table_and_verdict_say_who_is_above(quickstart: ModuleType) -> None:
    better = quickstart.Result('dic', report(24.5), report(22.5), {}, 60)
    worse = quickstart.Result('sparnet', report(21.0), report(22.5), {}, 60)
    table = quickstart.table([better, worse])
    assert '| dic | 24.50 | 0.5000 | 10.00 | +2.00 |' in table
    assert '| sparnet | 21.00 | 0.5000 | 10.00 | -1.50 |' in table
    assert '| bicubic | 22.50 |' in table and 'crop_border 8' in table
    assert 'dic is above the bicubic baseline: +2.00 dB' in (
        quickstart.verdict(better)
    )
    assert 'sparnet is NOT above' in quickstart.verdict(worse)


def test_methods_that_are_fed_otherwise_stand_apart(
    quickstart: ModuleType,
) -> None:
    """Each table has the bicubic baseline of its own LR faces."""
    table = quickstart.table(
        [
            quickstart.Result('dic', report(24.5), report(22.5), {}, 60, 'A'),
            quickstart.Result('new', report(23.0), report(21.0), {}, 60, 'B'),
        ]
    )
    assert table.count('test images') == table.count('| method |') == 2
    assert '| bicubic | 22.50 |' in table and '| bicubic | 21.00 |' in table
    assert '| new | 23.00 | 0.5000 | 10.00 | +2.00 |' in table
    assert table.index('A.') < table.index('| dic |') < table.index('B.')


def eighth_by_taps(face: np.ndarray) -> Image.Image:
    """OpenCV's cubic / 8: the middle 4x4 of each 8x8 block, 8 bit."""
    taps = np.array([-3, 19, 19, -3]) / 32
    blocks = face.reshape(16, 8, 16, 8, 3)[:, 2:6, :, 2:6]
    mean = np.einsum('iajbc,a,b->ijc', blocks, taps, taps)
    return Image.fromarray(np.rint(mean).clip(0, 255).astype(np.uint8))


def by_hand(name: str, face: Image.Image) -> Image.Image:
    """The LR face of a method."""
    if name in ('dic', 'sparnet'):
        return face.crop((16, 16, 144, 144)).resize((16, 16), Image.BICUBIC)
    if name == 'elsface':
        return eighth_by_taps(np.array(face)[16:144, 16:144])
    for size in (128, 64, 32, 16):
        face = face.resize((size, size), Image.BILINEAR)
    return face


@pytest.mark.parametrize('name', ['dic', 'elsface', 'pfsrnet', 'sparnet'])
def test_lr_faces_are_reduced_as_in_training(
    quickstart: ModuleType, faces_root: Path, tmp_path: Path, name: str
) -> None:
    faces = quickstart.Faces(tmp_path, 'synthetic faces')
    faces.root.symlink_to(faces_root)
    config = str(quickstart.ROOT / quickstart.CONFIGS[name])

    def write(split: str) -> Path:
        cfg = load_config(config, dict(data_root=str(faces.root)))
        return quickstart.write_lr_faces(faces, cfg, name, split)

    folder = write('test')
    files = (faces_root / 'test.txt').read_text().split()
    assert len(list(folder.rglob('*.png'))) == len(files) == 3
    assert write('all') == folder
    assert len(list(folder.rglob('*.png'))) == 14
    np.testing.assert_array_equal(
        np.array(Image.open(folder / files[0])),
        np.array(by_hand(name, Image.open(faces_root / files[0]))),
    )


def test_unknown_method_is_refused(
    quickstart: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr('sys.argv', ['quickstart.py', '--methods', 'dicc'])
    with pytest.raises(SystemExit):
        quickstart.parse_args()
    assert 'dicc' in capsys.readouterr().err


HARD_NAMES = ['my photos', "quo'te", 'dq"x', 'a$HOME', '`id`', 'fo,to', 'a\\b']


@pytest.mark.parametrize('name', [*HARD_NAMES, '$(shell echo no)'])
@pytest.mark.parametrize('by_variable', [True, False])
def test_make_hands_a_folder_on_as_it_was_typed(
    repo: Path, tmp_path: Path, name: str, by_variable: bool
) -> None:
    (tmp_path / 'tools/setup').mkdir(parents=True)
    (tmp_path / 'tools/setup/install.sh').write_text('')
    python = tmp_path / '.venv/bin/python'
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf \'<%s>\\n\' "$@"')
    python.chmod(0o755)
    command = ['make', '-s', '-f', repo / 'Makefile', 'quickstart']
    more = {'DATA': name, 'METHODS': 'dic elsface'}
    environment = {k: v for k, v in os.environ.items() if k != 'MAKEFLAGS'}
    if by_variable:
        environment.update(more)
    else:
        command += [f'{key}={value}' for key, value in more.items()]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        '<tools/quickstart.py>',
        '<--methods>',
        '<dic elsface>',
        '<--data>',
        f'<{name}>',
    ], done.stderr


@pytest.mark.parametrize('name', [*HARD_NAMES, 'bytes\udcff', 'x' * 250])
def test_the_steps_are_told_the_same_folder(
    quickstart: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """Each step is a command; what it is told reaches the datasets."""
    photos = tmp_path / name
    commands: list[list[str]] = []
    monkeypatch.setattr(
        quickstart,
        'run',
        lambda *words: commands.append(list(map(str, words))),
    )
    faces = quickstart.cut_faces(tmp_path / 'out', photos)
    assert commands[-1][1:] == [str(photos), '--out', str(faces.root)]
    faces.root.mkdir(parents=True)  # a name that can be made

    def no_more(_: Path) -> None:
        raise FileNotFoundError  # none was trained

    monkeypatch.setattr(quickstart, 'newest_checkpoint', no_more)
    with pytest.raises(FileNotFoundError):
        quickstart.try_method('dic', faces, faces)
    assert f'data_root={faces.root}' in commands[-1]
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    start = commands[-1].index('--cfg-options')
    options = parser.parse_args(commands[-1][start:]).cfg_options
    cfg = load_config(
        str(quickstart.ROOT / commands[-1][1]), options, import_modules=False
    )
    assert cfg.train_dataloader.dataset.data_root == str(faces.root)


TOOL = """
import os, signal, sys, time

def save(signum, frame):
    time.sleep(0.5)  # longer than Python waits for an interrupted child
    open(sys.argv[1], 'w').close()
    sys.exit(1)

signal.signal(int(sys.argv[2]), save)
os.kill(os.getppid(), int(sys.argv[2]))
time.sleep(30)
"""


@pytest.mark.parametrize('signum', [signal.SIGINT, signal.SIGTERM])
def test_signal_lets_the_tool_save(
    quickstart: ModuleType, tmp_path: Path, signum: int
) -> None:
    (tmp_path / 'tool.py').write_text(TOOL)
    with pytest.raises(KeyboardInterrupt), handling():
        quickstart.run(tmp_path / 'tool.py', tmp_path / 'saved', signum)
    assert (tmp_path / 'saved').exists()
