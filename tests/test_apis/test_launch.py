# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Failures that a person can mend end in one message."""

import argparse
import os
import runpy
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mmengine.config import Config

from mmfacesr.apis.launch import (
    WEIGHTS_DIR,
    add_common_arguments,
    clear_errors,
    explain,
)
from mmfacesr.utils import naming_full_disk
from mmfacesr.weights.sources import weights_dir

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


@pytest.mark.parametrize(
    'signum, status, said',
    [
        (signal.SIGINT, 130, 'Interrupted.'),
        (signal.SIGTERM, 143, 'Ended by SIGTERM.'),
        (signal.SIGHUP, 143, 'Ended by SIGHUP.'),
    ],
)
def test_signal_ends_in_one_line(
    signum: int, status: int, said: str, capsys: pytest.CaptureFixture
) -> None:
    before = signal.getsignal(signum)
    with pytest.raises(SystemExit) as stop, clear_errors():
        os.kill(os.getpid(), signum)
        time.sleep(5)
    assert stop.value.code == status
    assert capsys.readouterr().err == f'\n{said}\n'
    assert signal.getsignal(signum) == before


def test_signal_that_the_base_turns_into_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """mmengine formats a config at each save and then catches everything."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr('mmengine.config.config.FormatCode', interrupted)
    cfg = Config(dict(long_setting=1))
    with pytest.raises(SyntaxError, match='long_setting'):
        cfg.pretty_text  # noqa: B018  the fault
    with pytest.raises(SystemExit) as stop, clear_errors():
        cfg.pretty_text  # noqa: B018
    assert stop.value.code == 130
    assert capsys.readouterr().err == '\nInterrupted.\n'


def test_forked_process_ends_by_sigterm_without_a_word() -> None:
    """As the workers of a loader or a pool are ended."""
    ready, tell = os.pipe()
    with clear_errors():
        child = os.fork()
        if child == 0:
            with suppress(BaseException):
                os.write(tell, b'.')  # earlier, Python would forget a signal
                time.sleep(20)
            os._exit(1)
        os.read(ready, 1)
        os.kill(child, signal.SIGHUP)
        os.kill(child, signal.SIGTERM)
        status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGTERM


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
