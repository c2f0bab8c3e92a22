# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the mends' tests."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Optional

import pytest

HERE = Path(__file__).resolve().parent


def run_script(args: list[str], **environment: str) -> str:
    """Run Python without a GPU; its output is part of the failure."""
    paths = [str(HERE.parents[1]), os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [sys.executable, *args],
        env={
            **os.environ,
            'CUDA_VISIBLE_DEVICES': '',
            'OMP_NUM_THREADS': '1',
            'PYTHONPATH': os.pathsep.join(filter(None, paths)),
            **environment,
        },
        text=True,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope='session')
def run() -> Callable[..., str]:
    """Runs a Python script by its arguments and returns its stdout."""
    return run_script


@pytest.fixture(scope='session')
def toy() -> ModuleType:
    """The toy model and Runner, under the mends."""
    from mmfacesr.compat.mends import mend

    mend()
    spec = importlib.util.spec_from_file_location('toy', HERE / 'toy.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='session')
def unmended() -> dict[str, Optional[str]]:
    """How each fault of mmengine shows on the installed versions."""
    out = run_script([str(HERE / 'unmended_faults.py')])
    return json.loads(out.splitlines()[-1])
