# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Failures that a person can mend end in one message."""

import argparse
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmfacesr.apis.launch import (
    WEIGHTS_DIR,
    add_common_arguments,
    clear_errors,
    explain,
)
from mmfacesr.utils import naming_full_disk
from mmfacesr.weights.places import weights_dir

TOOLS = Path(__file__).parents[2] / 'tools'


def failing(error: BaseException) -> None:
    with clear_errors():
        raise error


def test_expected_failure_is_one_message(
    capsys: pytest.CaptureFixture,
) -> None:
    with pytest.raises(SystemExit) as stop:
        failing(FileNotFoundError('Expected a folder, got none.'))
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert 'Error: Expected a folder, got none.\n' in error
    assert 'Traceback (' not in error


def test_traceback_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv('MMFACESR_TRACEBACK', '1')
    with pytest.raises(ValueError, match='reason'):
        failing(ValueError('reason'))


def test_interruption_is_no_failure_of_the_program(
    capsys: pytest.CaptureFixture,
) -> None:
    with pytest.raises(SystemExit) as stop:
        failing(KeyboardInterrupt())
    assert stop.value.code == 130
    assert 'Interrupted' in capsys.readouterr().err


def test_a_fault_of_ours_is_not_hidden() -> None:
    with pytest.raises(AttributeError):
        failing(AttributeError('a mistake in the program'))


def test_what_the_registry_puts_before_is_left_out() -> None:
    text = (
        'class `DICRestorer` in mmfacesr/dic_restorer.py: class '
        '`DICGenerator` in mmfacesr/dic.py: expected upscale_factor 8'
    )
    assert explain(ValueError(text)) == 'expected upscale_factor 8'
    unknown = KeyError("'DICNett is not in the mmagic::model registry.")
    assert 'custom_imports' in explain(unknown)


def test_a_full_disk_has_a_remedy_once() -> None:
    with pytest.raises(OSError) as bare:
        Path('/dev/full').write_bytes(b'log')  # as other packages write
    assert explain(bare.value).count('Free some space') == 1
    with pytest.raises(OSError) as named, naming_full_disk('log'):
        Path('/dev/full').write_bytes(b'log')
    assert explain(named.value).count('Free some space') == 1


@pytest.fixture
def weights_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the environment back; the option changes it."""
    monkeypatch.setenv(WEIGHTS_DIR, 'before')


@pytest.mark.parametrize(
    'tool, more',
    [
        ('train.py', []),
        ('test.py', ['net.pth']),
        ('test.py', ['net.pth', '--input', 'a', '--save-dir', 'b']),
    ],
    ids=['train', 'test', 'restore'],
)
@pytest.mark.usefixtures('weights_variable')
def test_weights_dir_of_every_tool_and_mode(
    tool: str,
    more: list,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    main = runpy.run_path(str(TOOLS / tool))
    command = [tool, 'config.py', *more]
    monkeypatch.setattr(sys, 'argv', [*command, '--weights-dir', 'mine'])
    main['parse_args']()
    monkeypatch.chdir('/')
    assert weights_dir() == tmp_path / 'mine'
    monkeypatch.setattr(sys, 'argv', command)
    main['parse_args']()
    assert weights_dir() == tmp_path / 'mine'  # left alone without it


@pytest.mark.usefixtures('weights_variable')
def test_weights_dir_expands_home_and_refuses_nothing(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setenv('HOME', str(tmp_path))
    parser = argparse.ArgumentParser()
    add_common_arguments(parser)
    args = parser.parse_args(['--weights-dir', '~/w'])
    assert os.environ[WEIGHTS_DIR] == args.weights_dir == f'{tmp_path}/w'
    with pytest.raises(SystemExit):
        parser.parse_args(['--weights-dir', ''])
    assert '--weights-dir needs' in capsys.readouterr().err
    assert os.environ[WEIGHTS_DIR] == f'{tmp_path}/w'


def test_importing_it_takes_no_mmengine() -> None:
    """Commands that need none are there at once."""
    code = (
        'import sys, mmfacesr.apis.launch; '
        "sys.exit('mmengine' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, '-c', code], check=True)
