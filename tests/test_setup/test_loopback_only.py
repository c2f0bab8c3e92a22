# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Tests cannot reach another machine, and an import does not try to."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ELSEWHERE = '192.0.2.1'  # of documentation: nobody has it


def connect() -> None:
    socket.create_connection((ELSEWHERE, 80), timeout=1)


def send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b'x', (ELSEWHERE, 53))


def look_up() -> None:
    socket.getaddrinfo('mmfacesr.invalid', 80)


def look_up_old() -> None:
    socket.gethostbyname('mmfacesr.invalid')


@pytest.mark.parametrize('reach', [connect, send, look_up, look_up_old])
def test_other_machines_are_refused(take_attempts, record_trials, reach):
    with pytest.raises(OSError, match='this machine only'):
        reach()
    attempts = take_attempts()
    record_trials('supply chain', 'connection elsewhere', 1, bool(attempts))
    assert attempts and attempts[0].startswith('socket.')


def test_errors_that_a_child_catches_are_seen(take_attempts, record_trials):
    code = textwrap.dedent(f"""
        import socket
        try:
            socket.create_connection(({ELSEWHERE!r}, 80), timeout=1)
        except OSError:
            pass
    """)
    subprocess.run([sys.executable, '-c', code], check=True)
    attempts = take_attempts()
    is_seen = any(ELSEWHERE in line for line in attempts)
    record_trials('supply chain', 'connection of a child', 1, is_seen)
    assert is_seen


@pytest.mark.parametrize('host', ['127.0.0.1', 'localhost'])
def test_this_machine_is_reached(host):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((host, port), timeout=5):
            pass


@pytest.mark.slow
def test_a_forbidden_connection_fails_its_test(tmp_path, record_trials):
    """Also where the code that tried caught the error."""
    helpers = Path(__file__).parents[1] / 'helpers'
    (tmp_path / 'conftest.py').write_text("pytest_plugins = ['loopback_only']")
    (tmp_path / 'test_it.py').write_text(
        'import contextlib, socket\n'
        'def test_it():\n'
        '    with contextlib.suppress(OSError):\n'
        f'        socket.create_connection(({ELSEWHERE!r}, 80), timeout=1)\n'
    )
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '.'],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(helpers)},
        capture_output=True,
        text=True,
        check=False,
    )
    is_found = 'reached beyond this machine' in done.stdout
    record_trials('supply chain', 'connection in a test', 1, is_found)
    assert is_found and done.returncode == 1


@pytest.mark.slow
def test_importing_every_module_asks_nobody(take_attempts):
    code = textwrap.dedent("""
        import importlib, pkgutil, mmfacesr
        found = pkgutil.walk_packages(mmfacesr.__path__, 'mmfacesr.')
        for name in [x.name for x in found]:
            if not name.endswith('__main__'):
                try:
                    importlib.import_module(name)
                except ModuleNotFoundError as missing:
                    if missing.name not in ('onnx', 'onnxruntime'):
                        raise  # not of an extra
                print(name)
    """)
    printed = subprocess.run(
        [sys.executable, '-c', code],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    assert len(printed.splitlines()) > 100
    assert take_attempts() == []
