# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights that have an address: fetched once, recorded, checked each time."""

from pathlib import Path
from typing import Optional

import torch

from mmfacesr.weights import WeightsError, or_remedy, say, warn
from mmfacesr.weights.cache import file_name, place_of, public_url
from mmfacesr.weights.download import download
from mmfacesr.weights.hashes import (
    Checksum,
    FileHashes,
    checksum_in_name,
    hash_file,
)
from mmfacesr.weights.model_index import WeightsEntry
from mmfacesr.weights.records import (
    Record,
    read_record,
    record_place,
    write_record,
)

Found = tuple[Path, FileHashes]


class RemoteWeights:
    """Weights that have an address.

    Args:
        source (str): The URL, if it is not in the model index.
        entry (WeightsEntry | None): What the index knows.
        what (str): What the weights are, for messages.
        remedy (str | None): What else one can do, for messages.
        sha256 (str | None): Expected hash or its beginning.

    Raises:
        WeightsError: If the URL is none of a file, or the hashes that are
            known differ.
    """

    def __init__(
        self,
        source: str,
        entry: Optional[WeightsEntry],
        what: str,
        remedy: Optional[str],
        sha256: Optional[str],
    ) -> None:
        self.entry = entry
        self.what = what
        self.remedy = remedy
        self.urls = entry.urls if entry else (source,)
        self.address = public_url(self.urls[0])
        self.place = place_of(self.urls[0])
        self.record = read_record(self.place)
        self.published = _merge(
            entry.checksum if entry else Checksum(),
            checksum_in_name(file_name(self.urls[0])),
        )
        self.known = _merge(self.published, Checksum(sha256))
        self.by_record = not self.known and self.record is not None
        if self.by_record:
            self.known = self.record.checksum

    def get(self) -> Found:
        """Return the file from where it lies, or from the network.

        Raises:
            WeightsError: If it cannot be had or is another one.
        """
        if self.record is None and self.entry and self.entry.restricted:
            warn(
                f'The weights {self.entry.name} from {self.address} are '
                f'under the license: {self.entry.license}. Make sure that '
                'it allows what you do with them.'
            )
        found = self._placed() or self._of_torch() or self._downloaded()
        self._remember(*found)
        return found

    def _placed(self) -> Optional[Found]:
        """Return the file at the place, if it is what it should be."""
        if not self.place.is_file():
            return None
        hashes = hash_weights(self.place)
        fault = self.known.fault(hashes)
        if not fault:
            return self.place, hashes
        if self.by_record:
            raise WeightsError(
                f'Expected {self.what} as first used on {self.record.date}, '
                f'got a file with {fault} at {self.place}; delete it to fetch '
                f'it again, or delete {record_place(self.place)} to accept '
                f'it{or_remedy(self.remedy)}.'
            )
        # Fetching it again would bring the same.
        if self._is_confirmed(hashes):
            raise WeightsError(
                f'Expected {self.what} by the sha256 that was given, got a '
                f'file with {fault} at {self.place}, which is what its source '
                'had; correct sha256, or delete the file to fetch it again'
                f'{or_remedy(self.remedy)}.'
            )
        return None

    def _is_confirmed(self, hashes: FileHashes) -> bool:
        """Whether a file is as published, or unchanged since its first use."""
        if self.published:
            return not self.published.fault(hashes)
        return self.record is not None and not self.record.checksum.fault(
            hashes
        )

    def _of_torch(self) -> Optional[Found]:
        """Return the file from torch's own folder, if a hash proves it."""
        folder = Path(torch.hub.get_dir()) / 'checkpoints'
        path = folder / Path(file_name(self.urls[0])).name
        if not self.known or not path.is_file():
            return None
        hashes = hash_weights(path)
        return None if self.known.fault(hashes) else (path, hashes)

    def _downloaded(self) -> Found:
        """Return the file from the network."""
        if self.entry is None and self.record is None:
            say(
                f'{self.address} is not in the model index: nothing is known '
                'of its license.'
            )
        remedy = self.remedy
        if self.by_record:
            remedy = (
                f'delete {record_place(self.place)} to accept another content'
                f'{or_remedy(remedy)}'
            )
        hashes = download(self.urls, self.place, self.known, self.what, remedy)
        return self.place, hashes

    def _remember(self, path: Path, hashes: FileHashes) -> None:
        """Record what was used, for next time."""
        old = self.record
        if old and old.checksum == Checksum(hashes.sha256, hashes.git_blob):
            return
        if not self.known:
            warn(
                f'Nothing was known of the content of {self.address}; it was '
                f'taken as it came, sha256 {hashes.sha256}. From now on '
                f'another content is refused, see {record_place(self.place)}.'
            )
        write_record(
            self.place,
            Record(
                url=self.address,
                sha256=hashes.sha256,
                git_blob=hashes.git_blob,
                size=path.stat().st_size,
                license=self.entry.license if self.entry else None,
            ),
        )


def _merge(first: Checksum, second: Checksum) -> Checksum:
    """Return what is known by two sources, which must not disagree."""
    for name in ('sha256', 'git_blob'):
        a, b = getattr(first, name), getattr(second, name)
        if a and b and not (a.startswith(b) or b.startswith(a)):
            raise WeightsError(
                f'Expected one {name} of the weights, got {a} (as published) '
                f'and {b}; correct sha256, or give the URL of what it is of.'
            )
    return Checksum(
        max(first.sha256 or '', second.sha256 or '', key=len) or None,
        first.git_blob or second.git_blob,
    )


def hash_weights(path: Path) -> FileHashes:
    """Hash a file that is there.

    Raises:
        WeightsError: If it cannot be read.
    """
    try:
        return hash_file(path)
    except OSError as error:
        raise WeightsError(
            f'Expected to read {path}, got {error.strerror}; check its '
            'permissions.'
        ) from error
