# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Running long commands: into a log, with signs of life, ended as a whole.

Standard library only.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TAIL_LINES = 25
NEWS_SECONDS = 30  # between two signs of life when not on a terminal
MISMATCH = 'DO NOT MATCH THE HASHES'  # as pip says it


class CommandError(RuntimeError):
    """A command failed; the message has the end of its log."""


def run_logged(command: list[str], log: Path) -> None:
    """Run a command into a log and show that it lives.

    Raises:
        CommandError: If it fails.
        KeyboardInterrupt: If interrupted; the command has ended then.
    """
    with log.open('a') as out:
        out.write(f'\n$ {" ".join(command)}\n')
        out.flush()
        start = out.tell()
        # A session of its own, so that an interruption also ends the
        # processes below pip.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            watch(process)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if process.returncode:
        written = log.read_bytes()[start:].decode(errors='replace')
        raise CommandError(
            reason(written.splitlines())
            + f'\n\nFailed: {" ".join(command)}\nThe whole log: {log}'
        )


def reason(lines: list[str]) -> str:
    """Say why a command failed.

    Args:
        lines (list[str]): What it wrote.
    """
    found = [i for i, line in enumerate(lines) if MISMATCH in line]
    if not found:
        return '\n'.join(lines[-TAIL_LINES:])
    wrong = lines[found[0] + 1].strip().rstrip(':')
    words = [line.split() for line in lines[found[0] :]]
    got = [line[-1] for line in words if line[:1] == ['Got']]
    return (
        f'This download is not the file that was tested: {wrong}\n'
        'Expected one of the hashes in requirements/locks/, got '
        f'{" and ".join(got)}.\nNothing of it was installed. Empty the cache '
        '(pip cache purge) and try again. If that does not help, the package '
        'index has another file: do not install it.'
    )


def watch(process: subprocess.Popen) -> None:
    """Wait for a process and show the time."""
    began = last_news = time.monotonic()
    is_terminal = sys.stdout.isatty()
    while True:
        try:
            process.wait(timeout=1)
            break
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if is_terminal:
            show(f'\r      {now - began:4.0f} s')
        elif now - last_news > NEWS_SECONDS:
            last_news = now
            show(f'      {now - began:4.0f} s\n')
    if is_terminal:
        show('\r' + ' ' * 20 + '\r')


def show(text: str) -> None:
    """Write to the terminal at once."""
    sys.stdout.write(text)
    sys.stdout.flush()
