# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Failures that a person can mend end in one message."""

import pytest

from mmfacesr.apis.launch import clear_errors, explain


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
