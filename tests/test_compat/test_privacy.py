# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Nobody is told what is run here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip('onnxruntime')


def test_onnxruntime_notes_nothing_for_its_maker(tmp_path: Path) -> None:
    quiet = ('CI', 'ORT_DISABLE_TELEMETRY', 'ORT_RUNNING_UNIT_TESTS')
    environment = {k: v for k, v in os.environ.items() if k not in quiet}
    environment |= dict(XDG_CACHE_HOME=str(tmp_path), HOME=str(tmp_path))
    subprocess.run(
        [sys.executable, '-c', 'import mmfacesr, onnxruntime'],
        env=environment,
        check=True,
    )
    assert list(tmp_path.rglob('*onnxruntime*')) == []
