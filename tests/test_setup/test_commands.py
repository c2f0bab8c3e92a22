# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Commands of the installation: their log, their failure, their end."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

SETUP = Path(__file__).parents[2] / 'tools' / 'setup'


@pytest.fixture
def log(tmp_path):
    return tmp_path / 'install.log'


def test_output_goes_into_the_log(commands, log):
    commands.run_logged(['sh', '-c', 'echo out; echo err >&2'], log)
    assert log.read_text().split('\n')[2:4] == ['out', 'err']


def test_failure_shows_the_end_of_the_log(commands, log):
    broken = ['sh', '-c', 'seq 100; echo the reason; exit 3']
    with pytest.raises(commands.CommandError, match='the reason') as error:
        commands.run_logged(broken, log)
    assert str(log) in str(error.value)
    assert '\n99\n' in str(error.value) and '\n50\n' not in str(error.value)


def test_interruption_ends_all_below_the_command(tmp_path):
    # A program that a shell put into the background ignores SIGINT.
    program = textwrap.dedent(f"""
        import signal
        import sys
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(SETUP)!r})
        import commands
        folder = Path({str(tmp_path)!r})
        sleep = ['sh', '-c', 'echo $$ > {tmp_path}/pid; sleep 60 & wait']
        commands.run_logged(sleep, folder / 'log')
    """)
    process = subprocess.Popen(
        [sys.executable, '-c', program], stderr=subprocess.DEVNULL
    )
    pid = tmp_path / 'pid'
    wait_for(lambda: pid.is_file() and pid.read_text().strip())
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) != 0
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
