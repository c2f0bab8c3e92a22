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
from mmfacesr.weights import WeightsError, or_remedy, public_url, warn
from mmfacesr.weights.files import Checksum, checksum_in_name, hash_file
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


@dataclass(frozen=True)
class LocalWeights:
    """A file of weights that is there and is what it should be."""

    path: Path
    hashes: Checksum
    source: str  # what was asked for, without user and password

    @property
    def about(self) -> str:
        """Where the weights are from, in words of a report."""
        digits = self.hashes.sha256[:DIGITS]
        return f'weights {Path(self.source).name}, sha256 {digits}'


def local_weights(
    source: str | Path,
    what: str = 'weights',
    remedy: Optional[str] = None,
    sha256: Optional[str] = None,
) -> LocalWeights:
    """Return the local file of some weights, downloaded if need be.

    A download lies at `place_of` its official URL. At each use it must have
    the digits in its name, those of the model index and those given here; if
    there are none, it must be what it was at its first use.

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
        return LocalWeights(path, _checked(path, Checksum(sha256)), str(path))
    entry = find_entry(text)
    if entry is not None and entry.packaged:
        known = _known(entry.checksum, sha256)
        return LocalWeights(
            entry.packaged, _checked(entry.packaged, known), text
        )
    if is_url and entry is None:
        entry = WeightsEntry('the file', (text,))
    if entry is not None:
        found = _remote_file(entry, what, remedy, sha256)
        return LocalWeights(*found, public_url(text))
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


def _checked(path: Path, known: Checksum) -> Checksum:
    """Return the hashes of a file that nothing can be fetched for."""
    hashes = hash_file(path)
    if fault := known.fault(hashes):
        raise WeightsError(
            f'Expected another file at {path}, got one with {fault}; it is '
            'damaged or another version: fetch it again or correct sha256.'
        )
    return hashes


def place_of_entry(entry: WeightsEntry) -> Path:
    """Return where the file of an entry is, or will be once downloaded."""
    return entry.packaged or place_of(entry.urls[0])


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


def _remote_file(
    entry: WeightsEntry,
    what: str,
    remedy: Optional[str],
    sha256: Optional[str],
) -> tuple[Path, Checksum]:
    """Return a file with an address: fetched once, checked each time."""
    address, name = public_url(entry.urls[0]), file_name(entry.urls[0])
    place = place_of(entry.urls[0])
    note = place.with_name(f'{place.name}.json')
    record = _read_record(note)
    published = _known(entry.checksum, checksum_in_name(name).sha256)
    known = _known(published, sha256)
    if sha256:
        remedy = f'correct sha256{or_remedy(remedy)}'
    elif record and not known:
        remedy = f'delete {note} to accept it{or_remedy(remedy)}'
    if entry.restricted and not record:
        warn(
            f'The license of {entry.name} from {address} is '
            f'{entry.license or "not known"}: make sure that it allows what '
            'you do with these weights.'
        )
    found = _kept(place, name, known, record, published, remedy)
    if found is None:
        # Who lists the index does without it: importing it takes its time.
        from mmfacesr.weights.download import download

        wanted = known or record
        found = place, download(entry.urls, place, wanted, what, remedy)
    path, hashes = found
    if not known and not record:
        warn(
            f'Nothing was known of the content of {address}; it was taken as '
            f'it came, sha256 {hashes.sha256}. From now on another content is '
            f'refused, see {note}.'
        )
    if record != hashes:
        facts = dict(url=address, **asdict(hashes), size=path.stat().st_size)
        _write_record(note, **facts, license=entry.license or None)
    return found


def _known(published: Checksum, *sha256: Optional[str]) -> Checksum:
    """Join what is known of a file by several sources, if they agree."""
    given = [
        Checksum(x).sha256
        for x in (published.sha256, *sha256)
        if x is not None
    ]
    longest = max(given, key=len, default=None)
    if not all(longest.startswith(digits) for digits in given):
        raise WeightsError(
            f'Expected one sha256 of the weights, got {" and ".join(given)}; '
            'correct sha256, or give the URL of what it is of.'
        )
    return Checksum(longest, published.git_blob)


def _kept(
    place: Path,
    name: str,
    known: Checksum,
    record: Checksum,
    published: Checksum,
    remedy: Optional[str],
) -> Optional[tuple[Path, Checksum]]:
    """Return the file at its place, or in torch's cache if it is proven."""
    import torch

    wanted = known or record
    if place.is_file():
        found = hash_file(place)
        if not (fault := wanted.fault(found)):
            return place, found
        # Any other is damaged and fetched again; this would come again.
        is_good = published and not published.fault(found)
        if not known or found == record or is_good:
            raise WeightsError(
                'Expected the sha256 that was given, or else that of the '
                f'first use, got a file with {fault} at {place}; delete it to '
                f'fetch it again{or_remedy(remedy)}.'
            )
    torchs = Path(torch.hub.get_dir(), 'checkpoints', Path(name).name)
    if wanted and torchs.is_file() and not wanted.fault(hash_file(torchs)):
        return torchs, hash_file(torchs)
    return None


def _read_record(note: Path) -> Checksum:
    """Return what a file was at its first use, if that can be read."""
    try:
        record = json.loads(note.read_text(encoding='utf-8'))
        return Checksum(str(record['sha256']), str(record['git_blob']))
    except FileNotFoundError:
        pass
    except (OSError, LookupError, TypeError, ValueError, RecursionError) as e:
        warn(f'{note} is no record of a download, it is ignored: {e!r}.')
    return Checksum()


def _write_record(note: Path, **facts: object) -> None:
    """Keep what was used, unless the folder is others' and only read."""
    facts['date'] = datetime.now(timezone.utc).date().isoformat()
    text = json.dumps(facts, indent=2, ensure_ascii=False) + '\n'
    try:
        write_atomic(note, text.encode())
    except OSError as error:
        warn(f'{note} cannot be written ({error.strerror}).')
