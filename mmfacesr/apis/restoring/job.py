# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring files into a folder, resumable, with a report.

restored/a/x.jpg      the picture
faces/a/x_00_lr.png   what the network was given, and _sr.png: what it made
preds/a/x.json        what was done to whom; written last
summary.json          all pictures of the run
"""

import hashlib
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Optional

from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.files import (
    Item,
    face_path,
    record_path,
    result_path,
)
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.restoring.results import RestoredPhoto
from mmfacesr.utils import printable, read_regular, sha256_of, write_atomic
from mmfacesr.utils.background import map_ahead
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import MAX_BYTES, read_image_bytes, write_image
from mmfacesr.utils.photos import Photo, suffix_for
from mmfacesr.utils.targets import require_inside

SCHEMA = 'mmfacesr.restore/1'
Status = Literal['restored', 'unchanged', 'kept', 'failed']


@dataclass(frozen=True, kw_only=True)
class Job:
    """Where results go, and what is done.

    Args:
        target (Path): Folder of the results.
        choices (Choices): Of faces.
        made_by (dict[str, str]): Version, model and hash of the weights.
        ending (str): Of results, as '.png'; 'auto' for that of the input.
            Defaults to 'auto'.
        suffix (str): Put behind the names of results. Defaults to ''.
        quality (int | None): Of JPEG and WebP. Defaults to None, as it came.
        overwrite (bool): Make all results again, and replace other files of
            their names. Defaults to False.
        dry_run (bool): Write nothing. Defaults to False.
    """

    target: Path
    choices: Choices
    made_by: dict[str, str]
    ending: str = 'auto'
    suffix: str = ''
    quality: Optional[int] = None
    overwrite: bool = False
    dry_run: bool = False

    def origin(self, item: Item) -> dict[str, Any]:
        """Return what the results of a picture are made of.

        Raises:
            UnreadableImageError: If the picture cannot be read.
        """
        if '://' in item.source:
            content = item.source  # as it was then
        else:
            data = read_image_bytes(item.source)
            content = hashlib.sha256(data).hexdigest()
        settings = dict(
            vars(self.choices),
            ending=self.ending,
            suffix=self.suffix,
            quality=self.quality,
        )
        return dict(input=content, settings=settings, **self.made_by)

    def current(self, item: Item, origin: dict) -> Optional[dict]:
        """Return the record of an earlier run, if its results still hold."""
        record = _read(record_path(self.target, item))
        if self.overwrite or not record or record.get('origin') != origin:
            return None
        try:
            output = record['output']
            found = _sha256(self.target / output['file'])
            _entry(item, 'kept', record)
            return record if found == str(output['sha256']) else None
        except (LookupError, TypeError, AttributeError, ValueError):
            # changed by hand
            return None


@dataclass
class Report:
    """What came of all pictures."""

    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many pictures came out how."""
        return dict(Counter(item['status'] for item in self.items))

    def to_dict(self, job: Job) -> dict[str, Any]:
        """Return the summary, for JSON."""
        return dict(
            schema=SCHEMA,
            **job.made_by,
            choices=vars(job.choices),
            counts=self.counts,
            faces=sum(item['faces'] for item in self.items),
            faces_restored=sum(i['faces_restored'] for i in self.items),
            pictures=self.items,
        )


def run(
    restorer: FaceSRInferencer,
    items: Iterable[Item],
    job: Job,
    batch_size: int,
    done: Callable[[dict[str, Any]], None],
) -> None:
    """Restore pictures and write their results.

    Results are written in another thread while the next ones are made.

    Args:
        restorer (FaceSRInferencer): Does it.
        items (Iterable[Item]): The pictures.
        job (Job): What is done, and where results go.
        batch_size (int): Faces at a time.
        done (Callable): Receives the entry of every picture for the summary,
            as soon as it is settled.
    """
    waiting: deque[tuple[Item, dict]] = deque()

    def sources() -> Iterator[str]:
        for item in items:
            try:
                origin = job.origin(item)
            except BadSampleError as error:
                done(_entry(item, 'failed', error=error.reason))
                continue
            if record := job.current(item, origin):
                done(_entry(item, 'kept', record))
                continue
            waiting.append((item, origin))
            yield item.source

    stream = restorer.stream(
        sources(), batch_size, keep_errors=True, **vars(job.choices)
    )
    made = ((result, *waiting.popleft()) for result in stream)
    for entry in map_ahead(lambda given: _finish(*given, job), made):
        done(entry)


def _finish(
    result: RestoredPhoto, item: Item, origin: dict, job: Job
) -> dict[str, Any]:
    """Write the results of a picture; return its entry."""
    if result.error:
        return _entry(item, 'failed', error=result.error)
    status: Status = 'restored' if result.changed else 'unchanged'
    record = dict(
        schema=SCHEMA, origin=origin, status=status, **result.to_dict()
    )
    if not job.dry_run:
        try:
            record['output'] = _write(result, item, job)
            write_atomic(record_path(job.target, item), _as_json(record))
        except (BadSampleError, OSError, ValueError) as error:
            return _entry(item, 'failed', error=str(error))
    return _entry(item, status, record)


def _write(result: RestoredPhoto, item: Item, job: Job) -> dict[str, str]:
    """Write the picture and the crops; the picture's name and hash."""
    is_local = '://' not in item.source
    same = not result.changed and job.quality is None
    as_it_is = same and is_local and job.ending == 'auto'
    ending = item.ending if as_it_is else _ending(result.photo, item, job)
    path = result_path(job.target, item, ending, job.suffix)
    record = record_path(job.target, item)
    for place in (path, record, face_path(job.target, item, 0, 'sr')):
        require_inside(place, job.target)
    if path.exists() and not (job.overwrite or record.exists()):
        raise FileExistsError(
            f'{printable(path)} is there and no result of restoring; move it '
            'away, choose another folder, or replace it by --overwrite'
        )
    record.unlink(missing_ok=True)  # until all results are there
    if as_it_is:
        write_atomic(path, read_image_bytes(item.source))
    else:
        result.save(path, job.quality)
    for index, face in enumerate(result.faces):
        for what, image in (('lr', face.lr), ('sr', face.sr)):
            if image is not None and face.restored:
                write_image(face_path(job.target, item, index, what), image)
    name = path.relative_to(job.target).as_posix()
    return dict(file=name, sha256=_sha256(path))


def _ending(photo: Photo, item: Item, job: Job) -> str:
    """Choose the ending of a result: the input's, if it keeps the format."""
    if job.ending != 'auto':
        return job.ending
    return suffix_for(photo, item.ending)


def _entry(
    item: Item,
    status: Status,
    record: Optional[dict] = None,
    error: Optional[str] = None,
) -> dict[str, Any]:
    """Return what the summary says of a picture."""
    faces = record['faces'] if record else []
    return dict(
        input=item.source,
        status=status,
        output=(record or {}).get('output', {}).get('file'),
        faces=len(faces),
        faces_restored=sum(face['restored'] for face in faces),
        left_alone=[face['reason'] for face in faces if face['reason']],
        error=error,
    )


def _read(path: Path) -> Optional[dict]:
    """Read a record; None if there is none, or it is damaged."""
    try:
        record = json.loads(read_regular(path, MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    known = isinstance(record, dict) and record.get('schema') == SCHEMA
    return record if known else None


def _sha256(path: Path) -> Optional[str]:
    """Hash a file; None if there is none. A pipe would not end."""
    try:
        if not path.is_file():
            return None
        return sha256_of(path)
    except OSError:
        return None


def write_summary(report: Report, job: Job) -> None:
    """Write summary.json."""
    text = _as_json(report.to_dict(job))
    write_atomic(job.target / 'summary.json', text)


def _as_json(value: dict) -> bytes:
    """A file of JSON; what is no UTF-8 in a name becomes an escape."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + '\n'
    return text.encode(errors='backslashreplace')
