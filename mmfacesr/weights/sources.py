# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Weights from a file, a URL or a name of the model index: local, checked."""

import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Optional
from urllib.parse import unquote, urlsplit

from mmfacesr.utils import write_atomic
from mmfacesr.weights import WeightsError, or_remedy, public_url, say, warn
from mmfacesr.weights.files import (
    Checksum,
    FileHashes,
    checksum_in_name,
    hash_file,
)
from mmfacesr.weights.model_index import WeightsEntry, close_names, find_entry

# What is like one of these is meant as a file.
SUFFIXES = ('.pth', '.pt', '.ckpt', '.bin', '.tar', '.zip', '.safetensors')
PORTS = {'http': 80, 'https': 443}
DIGITS, LETTERS = 8, 100  # in a name that is made
ODD = re.compile(r'[^\w.-]', re.ASCII)
# Neither hidden nor the name of what lies beside a file.
PLAIN = re.compile(
    r'(?!\.)[\w.+=@,~-]{1,150}(?<!\.)(?<!\.json|\.part|\.lock)(?<!\.damaged)',
    re.ASCII | re.IGNORECASE,
)
Found = tuple[Path, FileHashes]


@dataclass(frozen=True)
class LocalWeights:
    """A file of weights that is there and is what it should be."""

    path: Path
    hashes: FileHashes
    source: str  # what was asked for, without user and password


def local_weights(
    source: str | Path,
    what: str = 'weights',
    remedy: Optional[str] = None,
    sha256: Optional[str] = None,
) -> LocalWeights:
    """Return the local file of some weights, downloaded if need be.

    A download lies at `place_of` its official URL and is used from there
    without a network. At each use it must have the digits in its name, those
    of the model index and those given here; if there are none, it must be
    what it was at its first use.

    Args:
        source (str | Path): Path, ``~`` allowed, http(s) URL, or name of the
            model index. A file that is there comes before a name.
        what (str): What the weights are, as in 'the weights of VGG19'.
        remedy (str | None): What else one can do, as in 'set loss_weight to
            0'. Defaults to None, nothing.
        sha256 (str | None): Expected hash, or at least its first 8 digits.

    Raises:
        WeightsError: If the file cannot be had or is another one.
    """
    text = str(source)
    path = Path(os.path.expanduser(source))
    is_url = '://' in text
    if not is_url and path.is_file():
        return _checked_file(path, Checksum(sha256))
    entry = find_entry(text)
    if is_url or entry is not None:
        remote = _Remote(text, entry, what, remedy, sha256)
        return LocalWeights(*remote.get(), public_url(text))
    if isinstance(source, Path) or '/' in text or text.endswith(SUFFIXES):
        raise WeightsError(
            f'Expected {what} at {path}, found none; check the path'
            f'{or_remedy(remedy)}.'
        )
    close = ', '.join(close_names(text))
    raise WeightsError(
        f'Expected a file, a URL or a name of the model index as {what}, got '
        f'{text!r}; `mmfacesr models` lists the names'
        f'{f" (close ones: {close})" if close else ""}{or_remedy(remedy)}.'
    )


def weights_dir() -> Path:
    """Return the folder of downloaded weights, absolute; it may be missing.

    ``MMFACESR_WEIGHTS_DIR``, else ``weights`` in ``MMFACESR_HOME``, else
    ``mmfacesr/weights`` in ``XDG_CACHE_HOME`` or ``~/.cache``.
    """
    home = os.environ.get('MMFACESR_HOME')
    cache = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    path = os.environ.get('MMFACESR_WEIGHTS_DIR') or os.path.join(
        home or cache, 'weights' if home else 'mmfacesr/weights'
    )
    return Path(os.path.abspath(os.path.expanduser(path)))


def place_of(url: str) -> Path:
    """Return where the file of an http(s) URL lies.

    ``<weights_dir>/<host>/<path of the URL>``. Where the path alone does not
    tell the file (a query) or is odd as one, it is the name with digits of a
    hash, without folders.

    Raises:
        WeightsError: If the URL is none of a file.
    """
    name, parts = ODD.sub('_', file_name(url)), urlsplit(url)
    host = ODD.sub('_', parts.hostname).strip('.') or '_'
    if parts.port not in (None, PORTS[parts.scheme]):
        host += f'+{parts.port}'
    segments = [unquote(segment) for segment in parts.path.split('/')[1:]]
    if parts.query or not all(map(PLAIN.fullmatch, segments)):
        digest = hashlib.sha256(f'{parts.path}?{parts.query}'.encode())
        stem, suffix = os.path.splitext(name)
        suffix = suffix if suffix in SUFFIXES else ''
        segments = [f'{stem[:LETTERS]}-{digest.hexdigest()[:DIGITS]}{suffix}']
    return weights_dir().joinpath(host, *segments)


def file_name(url: str) -> str:
    """Return the name that the server has for a file.

    Raises:
        WeightsError: If the URL is none of a file.
    """
    try:
        parts = urlsplit(url)
        name = unquote(parts.path.rpartition('/')[2])
        # Asking for a port that is no number raises, too.
        good = parts.scheme in PORTS and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or name.rpartition('/')[2] in ('', '.', '..'):
        raise WeightsError(
            'Expected the http or https URL of a file, as in '
            f'https://host/folder/name.pth, got {public_url(url)}; give the '
            'address that the file itself is downloaded from.'
        )
    return name


def _checked_file(path: Path, checksum: Checksum) -> LocalWeights:
    """Return a file that the caller named."""
    hashes = hash_file(path)
    if fault := checksum.fault(hashes):
        raise WeightsError(
            f'Expected another file at {path}, got one with {fault}; it is '
            'damaged or another version: fetch it again or correct sha256.'
        )
    return LocalWeights(path, hashes, str(path))


class _Remote:
    """Weights with an address: fetched once, recorded, checked each time."""

    def __init__(
        self,
        source: str,
        entry: Optional[WeightsEntry],
        what: str,
        remedy: Optional[str],
        sha256: Optional[str],
    ) -> None:
        self.entry, self.what, self.remedy = entry, what, remedy
        self.urls = entry.urls if entry else (source,)
        self.address = public_url(self.urls[0])
        self.place = place_of(self.urls[0])
        self.note = self.place.with_name(f'{self.place.name}.json')
        self.record, self.date = _read_record(self.note)
        self.published = _merge(
            entry.checksum if entry else Checksum(),
            checksum_in_name(file_name(self.urls[0])),
        )
        known = _merge(self.published, Checksum(sha256))
        self.by_record = not known and bool(self.record)
        self.known = known or self.record

    def get(self) -> Found:
        """Return the file from where it lies, or from the network."""
        if not self.record and self.entry and self.entry.restricted:
            warn(
                f'The weights {self.entry.name} from {self.address} are '
                f'under the license: {self.entry.license}. Make sure that '
                'it allows what you do with them.'
            )
        path, hashes = self._found() or self._downloaded()
        if self.record != Checksum(hashes.sha256, hashes.git_blob):
            self._write_record(path, hashes)
        return path, hashes

    def _found(self) -> Optional[Found]:
        """Return the file from its place, or from torch's if proven."""
        import torch

        torchs = Path(torch.hub.get_dir()) / 'checkpoints'
        name = Path(file_name(self.urls[0])).name
        for path in (self.place, torchs / name):
            if path.is_file() and (self.known or path == self.place):
                hashes = hash_file(path)
                fault = self.known.fault(hashes)
                if not fault:
                    return path, hashes
                if path == self.place:
                    self._check_replaceable(hashes, fault)
        return None

    def _check_replaceable(self, hashes: FileHashes, fault: str) -> None:
        """Refuse to fetch again what would be the same, or was accepted."""
        source = self.published or self.record
        by, remedy = 'by the sha256 that was given', 'correct sha256'
        if self.by_record:
            by = f'as first used on {self.date}'
            remedy = f'delete {self.note} to accept it'
        elif not source or source.fault(hashes):
            return
        raise WeightsError(
            f'Expected {self.what} {by}, got a file with {fault} at '
            f'{self.place}; delete it to fetch it again, or {remedy}'
            f'{or_remedy(self.remedy)}.'
        )

    def _downloaded(self) -> Found:
        """Return the file from the network."""
        # Who lists the index does without it: importing it takes its time.
        from mmfacesr.weights.download import download

        remedy = self.remedy
        if self.by_record:
            accept = f'delete {self.note} to accept another content'
            remedy = accept + or_remedy(remedy)
        elif self.entry is None and not self.record:
            say(f'Nothing is known of the license of {self.address}.')
        hashes = download(self.urls, self.place, self.known, self.what, remedy)
        return self.place, hashes

    def _write_record(self, path: Path, hashes: FileHashes) -> None:
        """Record what was used, for next time.

        A folder that cannot be written gets none: shared folders are filled
        by one person and read by others.
        """
        if not self.known:
            warn(
                f'Nothing was known of the content of {self.address}; it was '
                f'taken as it came, sha256 {hashes.sha256}. From now on '
                f'another content is refused, see {self.note}.'
            )
        record = dict(
            url=self.address,
            **asdict(hashes),
            size=path.stat().st_size,
            license=self.entry.license if self.entry else None,
            date=datetime.now(timezone.utc).date().isoformat(),
        )
        text = json.dumps(record, indent=2, ensure_ascii=False) + '\n'
        try:
            write_atomic(self.note, text.encode())
        except OSError as error:
            warn(f'{self.note} cannot be written ({error.strerror}).')


def _read_record(path: Path) -> tuple[Checksum, str]:
    """Return what a file was at its first use, and the date; else nothing.

    A damaged record counts as none, with a warning: it must not keep anyone
    from using weights.
    """
    try:
        record = json.loads(path.read_text(encoding='utf-8'))
        hashes = str(record['sha256']), str(record['git_blob'])
        return Checksum(*hashes), record['date']
    except FileNotFoundError:
        pass
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as e:
        warn(f'{path} is no record of a download, it is ignored: {e!r}.')
    return Checksum(), ''


def _merge(first: Checksum, second: Checksum) -> Checksum:
    """Return what is known by two sources, which must not disagree."""
    known = {}
    for name in ('sha256', 'git_blob'):
        a, b = getattr(first, name) or '', getattr(second, name) or ''
        if not (a.startswith(b) or b.startswith(a)):
            raise WeightsError(
                f'Expected one {name} of the weights, got {a} (as published) '
                f'and {b}; correct sha256, or give the URL of what it is of.'
            )
        known[name] = max(a, b, key=len) or None
    return Checksum(**known)
