# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Names that a file system holds and that text files easily lose."""

import os

LONGEST = 255  # bytes of a name

ODD_NAMES = [
    os.fsdecode(b'caf\xe9.png'),  # Latin-1, no UTF-8
    '\ufeffmark.png',
    ' leading.png',
    'inner  spaces .png',
    'tab\there.png',
    '#hash.png',
    'carriage\rreturn.png',
    'u\x85nicode\u2028line\u2029ends\x0b\x0c\x1c.png',
    '"quoted",comma;.png',
    '\x1b[31mred.png',
    '脸 ü.PNG',
    'folder\r/a.png',
    os.fsdecode(b'f\xff/ b.png'),
    'l' * (LONGEST - 4) + '.png',
    'ü' * 125 + 'x.png',
]
UNLISTABLE = 'two\nlines.png'
