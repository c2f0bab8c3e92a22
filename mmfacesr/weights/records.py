# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a file of weights was at its first use, recorded beside it."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Optional

from mmfacesr.utils import write_atomic
from mmfacesr.weights import warn
from mmfacesr.weights.hashes import Checksum


@dataclass(frozen=True)
class Record:
    """One file of weights that was used here.

    Args:
        url (str): Its address, without user and password.
        sha256 (str): 64 hex digits.
        git_blob (str): Git's id of the content, 40 hex digits.
        size (int): Bytes.
        license (str | None): As its publisher states it; None: not known.
        date (str): Of the first use, as in 2024-12-31. Defaults to today.
    """

    url: str
    sha256: str
    git_blob: str
    size: int
    license: Optional[str]
    date: str = ''

    def __post_init__(self) -> None:
        if not self.date:
            today = datetime.now(timezone.utc).date().isoformat()
            object.__setattr__(self, 'date', today)

    @property
    def checksum(self) -> Checksum:
        """What the file must be from then on."""
        return Checksum(self.sha256, self.git_blob)


def record_place(place: Path) -> Path:
    """Return where the record of the file at a place lies."""
    return place.with_name(f'{place.name}.json')


def read_record(place: Path) -> Optional[Record]:
    """Read the record of the file at a place; None: there is none.

    A damaged record counts as none, with a warning: it must not keep anyone
    from using weights.
    """
    path = record_place(place)
    try:
        record = Record(**json.loads(path.read_text(encoding='utf-8')))
        if not (record.checksum.sha256 and record.checksum.git_blob):
            raise ValueError('no hashes')
        return record
    except FileNotFoundError:
        return None
    except (OSError, TypeError, ValueError, RecursionError) as error:
        warn(
            f'Expected the record of a download in {path}, got {error}; '
            'it is ignored.'
        )
        return None


def write_record(place: Path, record: Record) -> None:
    """Write the record of the file at a place, whole or not at all.

    A folder that cannot be written gets none: shared folders are filled by
    one person and read by others.
    """
    text = json.dumps(asdict(record), indent=2, ensure_ascii=False) + '\n'
    try:
        write_atomic(record_place(place), text.encode())
    except OSError as error:
        warn(
            f'{record_place(place)} cannot be written ({error.strerror}); '
            'it is not recorded which file was used.'
        )
