# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""torchrun ends by a signal with the status that schedulers know."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

WORKER = """
import pathlib, signal, sys, time
def save(signum, frame):
    pathlib.Path(sys.argv[1], 'saved').touch()
    sys.exit(143)
signal.signal(signal.SIGTERM, save)
pathlib.Path(sys.argv[1], 'ready').touch()
time.sleep(60)
"""


@pytest.mark.parametrize(
    'module, status',
    [('torch.distributed.run', 1), ('mmfacesr.apis.processes', 143)],
    ids=['fault of the base', 'ours'],
)
def test_sigterm(repo: Path, tmp_path: Path, module: str, status: int) -> None:
    (tmp_path / 'worker.py').write_text(WORKER)
    command = [sys.executable, '-m', module, '--master_port=0']
    with subprocess.Popen(
        [*command, '--nproc_per_node=1', tmp_path / 'worker.py', tmp_path],
        cwd=repo,
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stderr=subprocess.PIPE,
        text=True,
    ) as launcher:
        while launcher.poll() is None and not (tmp_path / 'ready').exists():
            time.sleep(0.05)
        launcher.send_signal(signal.SIGTERM)
        _, error = launcher.communicate(timeout=60)
    assert launcher.returncode == status, error
    assert (tmp_path / 'saved').exists()
    assert ('Traceback' in error) == (status == 1)
