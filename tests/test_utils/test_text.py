# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Names are shown on one line that a terminal does not obey."""

import os

import pytest

from mmfacesr.utils import printable


@pytest.mark.parametrize(
    'name, shown',
    [
        ('faces/ü 脸 a.png', 'faces/ü 脸 a.png'),
        ('two\nlines\r.png', r'two\nlines\r.png'),
        ('\x1b[31mred', r'\x1b[31mred'),
        ('\u202egnp.exe', r'\u202egnp.exe'),
        (os.fsdecode(b'caf\xe9.png'), r'caf\xe9.png'),
    ],
)
def test_printable(name: str, shown: str) -> None:
    assert printable(name) == shown
    shown.encode('utf-8')
