# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Downloads in several processes, and killed ones."""

import hashlib
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from mmfacesr.weights.download import download

CONTENT = random.Random(1).randbytes(400_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
from pathlib import Path
from mmfacesr.weights import download as module
module.say = print  # the logger would import torch
print('ready', flush=True)
sys.stdin.readline()
print(module.download([sys.argv[1]], Path(sys.argv[2])).sha256)
"""


def start(url: str, place: Path) -> subprocess.Popen:
    """Start a process that downloads when it is told to."""
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    return subprocess.Popen(
        [sys.executable, '-c', SCRIPT, url, str(place)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def go(process: subprocess.Popen) -> None:
    """Let a process download, once it has imported everything."""
    assert process.stdout.readline() == 'ready\n'
    process.stdin.write('\n')
    process.stdin.flush()


def test_two_processes_fetch_once(server, place: Path) -> None:
    server.add('/a.pth', CONTENT, delay=0.02)
    processes = [start(*server.urls(), place) for _ in range(2)]
    for process in processes:
        go(process)
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    for process, output in zip(processes, outputs):
        assert process.returncode == 0
        assert output.split()[-1] == SHA256
    assert len(server.requests) == 1
    assert place.read_bytes() == CONTENT
    said = 'Waiting for another process'
    assert [said in output for output in sorted(outputs, key=len)] == [
        False,
        True,
    ]


def test_killed_download_leaves_no_bad_file(server, place: Path) -> None:
    file = server.add('/a.pth', CONTENT, tag='"v1"', delay=0.1)
    process = start(*server.urls(), place)
    go(process)
    part = place.with_name('a.pth.part')
    deadline = time.monotonic() + 30
    while not (part.is_file() and part.stat().st_size):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.kill()  # SIGKILL: nothing is tidied up
    process.communicate(timeout=30)
    arrived = part.stat().st_size
    assert 0 < arrived < len(CONTENT) and not place.exists()
    # The lock is free, and the rest alone is fetched.
    file.delay = 0
    assert download(server.urls(), place).sha256 == SHA256
    assert server.starts == [None, arrived]
    assert place.read_bytes() == CONTENT
