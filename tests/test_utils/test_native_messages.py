# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Messages of C++ are dropped, Python's are shown."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from mmfacesr.utils.native_messages import without_native_messages
with without_native_messages():
    os.write(2, b'native inside\\n')
    sys.stderr.write('python inside\\n')
os.write(2, b'native after\\n')
sys.stderr.write('python after\\n')
"""


@pytest.mark.parametrize(
    ('traceback', 'wanted'),
    [
        ('', {'python inside', 'native after', 'python after'}),
        (
            '1',
            {'native inside', 'python inside', 'native after', 'python after'},
        ),
    ],
)
def test_only_python_is_heard(traceback: str, wanted: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT],
        env={**os.environ, 'MMFACESR_TRACEBACK': traceback},
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(done.stderr.splitlines()) == wanted
