# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What there is of a video before it is whole.

OUT.mp4.parts/job.json     what the parts are made of
              seen.jsonl   the faces of every frame that was looked at
              00000.nut    a part
              00000.json   what it holds, written last

A killed run leaves whole parts and whole lines; the next one goes on there.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Optional

from filelock import FileLock, Timeout

from mmfacesr.utils import naming_full_disk, printable, write_atomic

FOLDER = '.parts'
PART = '.nut'
OWN = re.compile(
    r'lock|job\.json|seen\.jsonl|\d{5,}\.(nut|json)|\.[0-9a-f]+\.tmp'
)
"""Names of files that a run makes; no other is ever removed."""


class Parts:
    """The folder of the parts of one result.

    Args:
        target (Path): The video to be.
    """

    def __init__(self, target: Path) -> None:
        # Absolute: FFmpeg takes 12:30.mp4 for something of a protocol.
        self.folder = target.with_name(target.name + FOLDER).absolute()

    @contextmanager
    def kept_for(self, origin: dict[str, Any]) -> Iterator['Parts']:
        """Hold the folder alone; what is of another origin is removed.

        Args:
            origin (dict): All that decides what the parts are, for JSON.

        Raises:
            FileExistsError: If it holds something else, or is a link.
            BlockingIOError: If another process makes this video.
        """
        self._refuse_foreign()
        with naming_full_disk(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / 'lock', blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise BlockingIOError(
                f'Expected to make {printable(self.folder.stem)} alone, but '
                'another process does it now; wait for it, or choose another '
                'name by -o.'
            ) from None
        with lock:
            text = json.dumps(origin, sort_keys=True)
            job = self.folder / 'job.json'
            if not job.is_file() or job.read_text('utf-8') != text:
                self._clear()
                write_atomic(job, text.encode())
            yield self

    def _refuse_foreign(self) -> None:
        """Take no folder for parts that somebody uses for something else."""
        folder, others = self.folder, []
        if folder.is_dir():
            others = [x for x in folder.iterdir() if not OWN.fullmatch(x.name)]
        elif not folder.exists():
            return
        if others or folder.is_symlink() or not folder.is_dir():
            raise FileExistsError(
                f'Expected {printable(folder)} to be a folder of parts alone, '
                f'got {"other files in it" if others else "something else"}; '
                'rename it, or choose another name by -o.'
            )

    def _clear(self) -> None:
        """Remove what a run of another origin has left."""
        for path in self.folder.iterdir():
            if path.name != 'lock' and OWN.fullmatch(path.name):
                path.unlink()

    def path(self, number: int) -> Path:
        """Return where a part goes."""
        return self.folder / f'{number:05d}{PART}'

    def write_record(self, number: int, record: dict[str, Any]) -> None:
        """Note what a part holds, once it is whole."""
        text = json.dumps(record)
        write_atomic(self.path(number).with_suffix('.json'), text.encode())

    def whole(self) -> list[dict[str, Any]]:
        """Return the records of the parts that are there, from the first."""
        records = []
        while True:
            path = self.path(len(records)).with_suffix('.json')
            if not path.is_file():
                return records
            records.append(json.loads(path.read_bytes()))

    @contextmanager
    def journal(self) -> Iterator['Journal']:
        """Open what was seen in the frames."""
        path = self.folder / 'seen.jsonl'
        with naming_full_disk(path), path.open('a+b') as file:
            yield Journal(file)

    def remove(self) -> None:
        """Remove the folder, once the video is whole."""
        self._clear()
        (self.folder / 'lock').unlink()
        with suppress(OSError):  # somebody has put something there meanwhile
            self.folder.rmdir()


class Journal:
    """A line for every frame: those of earlier runs first, then new ones.

    Args:
        file (BinaryIO): Opened for reading and appending.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._whole = file.seek(0)

    def recall(self) -> Optional[str]:
        """Return the next line of earlier runs; None after the last."""
        line = self._file.readline()
        if line.endswith(b'\n'):
            self._whole = self._file.tell()
            return line.decode('utf-8')
        self._file.truncate(self._whole)  # half a line
        return None

    def add(self, line: str) -> None:
        """Add a line, which must not hold a line end."""
        self._file.write(line.encode('utf-8') + b'\n')
        self._file.flush()
        self._whole = self._file.tell()
