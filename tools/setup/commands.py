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
        lines = log.read_text(errors='replace').splitlines()[-TAIL_LINES:]
        raise CommandError(
            '\n'.join(lines)
            + f'\n\nFailed: {" ".join(command)}\nThe whole log: {log}'
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
