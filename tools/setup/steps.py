# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Steps that run commands, show progress and leave stamps.

A finished step leaves a stamp, a file with the hash of all it depends on.
A step whose stamp still matches costs nothing; an interrupted or failed one
leaves no stamp and runs again. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 25
NEWS_SECONDS = 30  # between two signs of life when not on a terminal
NINJA_COUNT = re.compile(r'^ *\[(\d+/\d+)\]', re.MULTILINE)


class StepError(RuntimeError):
    """A command of a step failed."""


@dataclass
class Step:
    """One step of the installation.

    Args:
        name (str): Name of the stamp.
        title (str): What the user reads.
        commands (list[list[str]]): Run in this order.
        salt (str): Text that the step depends on beside its commands.
        env (Callable): Returns variables to set; called when the step runs,
            because it may depend on what earlier steps installed.
        check (list[str]): Command that must succeed afterwards, if any.
        repair (list[list[str]]): Run once if the check fails; then the
            check must succeed.
    """

    name: str
    title: str
    commands: list[list[str]]
    salt: str = ''
    env: Callable[[], dict[str, str]] = dict
    check: list[str] = field(default_factory=list)
    repair: list[list[str]] = field(default_factory=list)

    def key(self, common: str) -> str:
        """Hash all that the step depends on."""
        text = repr((common, self.commands, self.salt, self.repair))
        return hashlib.sha256(text.encode()).hexdigest()


class Stamps:
    """Stamps of finished steps in one folder.

    Args:
        folder (Path): Made when the first stamp is written.
        common (str): Text that all steps depend on.
    """

    def __init__(self, folder: Path, common: str) -> None:
        self.folder = folder
        self.common = common

    def is_done(self, step: Step) -> bool:
        """Tell whether a step finished with what it depends on now."""
        stamp = self.folder / step.name
        return stamp.is_file() and stamp.read_text() == step.key(self.common)

    def write(self, name: str, text: str) -> None:
        """Write a small file atomically."""
        self.folder.mkdir(parents=True, exist_ok=True)
        partial = self.folder / f'{name}.part'
        partial.write_text(text)
        os.replace(partial, self.folder / name)

    def run(self, step: Step, log: Path) -> None:
        """Run a step, then leave its stamp.

        Raises:
            StepError: If a command fails; no stamp is left.
            KeyboardInterrupt: If interrupted; no stamp is left.
        """
        (self.folder / step.name).unlink(missing_ok=True)
        env = {**os.environ, **step.env()}
        for command in step.commands:
            run_logged(command, log, env)
        if step.check:
            try:
                run_logged(step.check, log, env)
            except StepError:
                if not step.repair:
                    raise
                for command in [*step.repair, step.check]:
                    run_logged(command, log, env)
        self.write(step.name, step.key(self.common))


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """Return the last lines of a log."""
    return '\n'.join(log.read_text(errors='replace').splitlines()[-lines:])


def run_logged(command: list[str], log: Path, env: dict[str, str]) -> None:
    """Run a command into a log and show that it lives.

    Raises:
        StepError: If it fails; the message has the end of the log.
    """
    with log.open('a') as out:
        out.write(f'\n$ {" ".join(command)}\n')
        out.flush()
        start = log.stat().st_size
        # A session of its own, so that an interruption also ends the
        # compilers below pip.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            start_new_session=True,
        )
        try:
            watch(process, log, start)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if process.returncode:
        raise StepError(
            f'{tail(log)}\n\nFailed: {" ".join(command)}\nThe whole log: {log}'
        )


def watch(process: subprocess.Popen, log: Path, start: int) -> None:
    """Wait for a process; show the time and how far a build has come."""
    began = last_news = time.monotonic()
    is_terminal = sys.stdout.isatty()
    while True:
        try:
            process.wait(timeout=1)
            break
        except subprocess.TimeoutExpired:
            now = time.monotonic()
        if is_terminal:
            show(f'\r      {now - began:4.0f} s {built(log, start)} ')
        elif now - last_news > NEWS_SECONDS:
            last_news = now
            show(f'      {now - began:4.0f} s {built(log, start)}\n')
    if is_terminal:
        show('\r' + ' ' * 40 + '\r')


def built(log: Path, start: int) -> str:
    """Read ninja's latest count of compiled files out of a log."""
    with log.open('rb') as file:
        file.seek(max(start, log.stat().st_size - 100_000))
        counts = NINJA_COUNT.findall(file.read().decode(errors='replace'))
    return f'compiled {counts[-1]}' if counts else ''


def show(text: str) -> None:
    """Write to the terminal at once."""
    sys.stdout.write(text)
    sys.stdout.flush()
