# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What has arrived of a download, kept for the next try."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from mmfacesr.utils import write_atomic


@dataclass
class PartialFile:
    """What has arrived of a file, and a note of where it is from.

    Args:
        whole (Path): The place of the whole file; this one, ``path``, has
            ``.part`` appended.
        proven (bool): The whole file's hash is known and will be checked, so
            that a wrong continuation is found out.
    """

    whole: Path
    proven: bool

    def __post_init__(self) -> None:
        self.path = self.whole.with_name(f'{self.whole.name}.part')
        self.note = self.whole.with_name(f'{self.whole.name}.part.json')
        self.continued = False

    @property
    def size(self) -> int:
        """Number of bytes there are."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def validator(self, url: str) -> Optional[str]:
        """Return by what the server of a URL knows this content."""
        try:
            note = json.loads(self.note.read_text(encoding='utf-8'))
            value = note['validator'] if note['url'] == url else None
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return value if isinstance(value, str) else None

    def begin(self, url: str, validator: Optional[str]) -> None:
        """Empty the file and note where its content will be from."""
        # In this order: old bytes never stand below a new note.
        self.path.write_bytes(b'')
        self.remember(url, validator)
        self.continued = False

    def remember(self, url: str, validator: Optional[str]) -> None:
        """Note where the content is from."""
        note = json.dumps({'url': url, 'validator': validator})
        write_atomic(self.note, note.encode())

    def remove(self) -> None:
        """Remove the file and its note."""
        self.path.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)
        self.continued = False

    def finish(self) -> None:
        """Put the file to its place, all of it or nothing."""
        with self.path.open('rb+') as file:
            # A crash of the machine must not leave the name without bytes.
            os.fsync(file.fileno())
        os.replace(self.path, self.whole)
        self.note.unlink(missing_ok=True)
