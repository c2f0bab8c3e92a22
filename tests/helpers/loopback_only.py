# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""No test reaches beyond this machine, nor does a process that it starts.

A pytest plugin. Not seen: sockets of compiled code (gloo, browsers), other
programs than Python, and a Python that is told to ignore PYTHONPATH.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

GUARD = Path(__file__).with_name('loopback')
LOG = 'MMFACESR_TEST_NETWORK_LOG'


def pytest_configure() -> None:
    """Guard this process and, by its environment, those below it."""
    descriptor, name = tempfile.mkstemp(prefix='mmfacesr-network-')
    os.close(descriptor)
    os.environ[LOG] = name
    if hasattr(sys.modules.get('sitecustomize'), 'HOST_OF'):
        return  # a worker, which its parent guards
    below = os.environ.get('PYTHONPATH')
    path = [str(GUARD), *([below] if below else [])]
    os.environ['PYTHONPATH'] = os.pathsep.join(path)
    sys.modules.pop('sitecustomize', None)  # Python's own, long done
    sys.path.insert(0, str(GUARD))
    importlib.import_module('sitecustomize')
    sys.path.remove(str(GUARD))


def pytest_unconfigure() -> None:
    """Remove the list of what was tried."""
    Path(os.environ[LOG]).unlink(missing_ok=True)


@pytest.fixture
def take_attempts() -> Callable[[], list[str]]:
    """Returns what was tried so far, and forgets it."""

    def take() -> list[str]:
        log = Path(os.environ[LOG])
        lines = log.read_text().splitlines()
        log.write_text('')
        return lines

    return take


@pytest.fixture(autouse=True)
def loopback_only(take_attempts: Callable) -> Iterator[None]:
    """Fail a test that tried to reach another machine."""
    yield
    if os.stat(os.environ[LOG]).st_size:
        attempts = '\n'.join(take_attempts())
        pytest.fail(f'The test reached beyond this machine:\n{attempts}')
