# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Stamps: nothing is done twice, nothing unfinished counts as done."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / 'tools' / 'setup'


def appending(path: Path, text: str) -> list:
    return [
        sys.executable,
        '-c',
        f'open({str(path)!r}, "a").write({text!r})',
    ]


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'install.log'


def test_finished_step_is_done_until_an_input_changes(steps, tmp_path, log):
    step = steps.Step('a', 'A', [appending(tmp_path / 'trace', 'x')])
    stamps = steps.Stamps(tmp_path / 'marks', 'constraints')
    assert not stamps.is_done(step)
    stamps.run(step, log)
    assert (tmp_path / 'trace').read_text() == 'x'
    assert stamps.is_done(step)
    assert not steps.Stamps(tmp_path / 'marks', 'others').is_done(step)
    salted = steps.Step('a', 'A', step.commands, salt='changed')
    assert not stamps.is_done(salted)


def test_failure_leaves_no_stamp_and_shows_the_log(steps, tmp_path, log):
    stamps = steps.Stamps(tmp_path / 'marks', '')
    stamps.run(steps.Step('a', 'A', [['true']]), log)
    broken = steps.Step('a', 'A', [['sh', '-c', 'echo the reason; exit 3']])
    with pytest.raises(steps.StepError, match='the reason') as error:
        stamps.run(broken, log)
    assert str(log) in str(error.value)
    assert not (tmp_path / 'marks' / 'a').exists()


def test_failed_check_is_repaired_once(steps, tmp_path, log):
    mended = tmp_path / 'mended'
    step = steps.Step(
        'a',
        'A',
        [['true']],
        check=['test', '-f', str(mended)],
        repair=[['touch', str(mended)]],
    )
    stamps = steps.Stamps(tmp_path / 'marks', '')
    stamps.run(step, log)
    assert stamps.is_done(step)
    mended.unlink()
    hopeless = steps.Step(
        'a', 'A', [['true']], check=step.check, repair=[['true']]
    )
    with pytest.raises(steps.StepError):
        stamps.run(hopeless, log)
    assert not stamps.is_done(hopeless)


def test_interruption_ends_the_command_and_leaves_no_stamp(tmp_path):
    # A program that a shell put into the background ignores SIGINT.
    program = textwrap.dedent(f"""
        import signal
        import sys
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(SETUP)!r})
        import steps
        folder = Path({str(tmp_path)!r})
        sleep = ['sh', '-c', 'echo $$ > {tmp_path}/pid; sleep 60 & wait']
        stamps = steps.Stamps(folder / 'marks', '')
        stamps.run(steps.Step('a', 'A', [sleep]), folder / 'log')
    """)
    process = subprocess.Popen(
        [sys.executable, '-c', program], stderr=subprocess.DEVNULL
    )
    pid = tmp_path / 'pid'
    wait_for(lambda: pid.is_file() and pid.read_text().strip())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
    assert not (tmp_path / 'marks' / 'a').exists()
    wait_for(lambda: not is_alive(int(pid.read_text())))


def wait_for(condition, seconds: float = 20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, 'waited in vain'
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # An orphan that nobody reaps stays as a zombie.
    state = Path(f'/proc/{pid}/stat')
    return not state.exists() or state.read_text().split()[2] != 'Z'


def test_progress_is_the_latest_count_of_the_build(steps, log):
    log.write_text('[1/9] old\nstart\n  [3/77] c++ a\n  [12/77] c++ b\n')
    assert steps.built(log, 10) == 'compiled 12/77'
    log.write_text('nothing built\n')
    assert steps.built(log, 0) == ''
