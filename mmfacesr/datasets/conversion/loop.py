# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The loop over all sources: resumable, with a bar, bad files listed."""

import csv
import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.datasets.data_root import check_listable
from mmfacesr.utils import (
    naming_full_disk,
    printable,
    require_writable,
    write_atomic,
)
from mmfacesr.utils.bad_samples import BadSampleError

JOURNAL_FILE = 'conversion.jsonl'
BAD_FILE = 'bad_files.csv'

# A row is {'file': name in the data root, ['points': [[x, y], ...]]} or
# {'reason': why a part of the source was left out}.
Row = dict[str, Any]
Convert = Callable[[str], list[Row]]


def convert_all(
    names: Sequence[str],
    convert_one: Convert,
    root: Path,
    settings: dict,
    workers: int = 1,
    folder: Path | None = None,
) -> dict[str, list[Row]]:
    """Convert every source that is not done yet, or has changed since.

    Args:
        names (Sequence[str]): The sources.
        convert_one (Convert): Makes the files of one source and returns
            their rows, the same ones if called again. Raises
            :class:`BadSampleError` where that is impossible.
        root (Path): The data root that the files go to.
        settings (dict): What the result depends on (JSON values).
        workers (int): Processes; more than 1 needs a ``convert_one`` that
            pickles. Defaults to 1, this one.
        folder (Path, optional): Where the sources are; a file whose size or
            time of change is another one is converted again. Defaults to
            None: sources do not change.

    Returns:
        dict[str, list[Row]]: The rows of the good sources in the order of
        ``names``, rows with a reason left out.

    Raises:
        OSError: If ``root`` takes no files.
        ValueError: If ``root`` was begun with other settings, or a name does
            not fit into a line of a list.
    """
    check_listable(names)
    journal = root / JOURNAL_FILE
    require_writable(journal)
    done = _read_journal(journal, root, settings, folder)
    todo = [name for name in names if name not in done]
    bad: list[tuple[str, str]] = []
    with tqdm(
        total=len(names), initial=len(names) - len(todo), unit='image'
    ) as bar:
        for name, rows, reason in _outcomes(todo, convert_one, workers):
            if reason:
                bad.append((name, reason))
            else:
                done[name] = rows
                _append(
                    journal,
                    dict(name=name, rows=rows, state=_state(folder, name)),
                )
            bar.update()
    good = {name: done[name] for name in names if name in done}
    bad += [
        (name, row['reason'])
        for name, rows in good.items()
        for row in rows
        if 'reason' in row
    ]
    _write_bad(root, bad, len(names))
    return {
        name: [row for row in rows if 'reason' not in row]
        for name, rows in good.items()
    }


def _outcomes(
    names: Sequence[str], convert_one: Convert, workers: int
) -> Iterator[tuple[str, list[Row], str]]:
    """Convert the sources here or in processes; order is kept.

    Raises:
        ChildProcessError: If a process is killed.
    """
    if workers == 1:
        yield from (_attempt(convert_one, name) for name in names)
        return
    # Handed over once per process: it may hold a whole annotation file.
    # Unlike multiprocessing.Pool it notices a process that was killed.
    pool = ProcessPoolExecutor(
        workers, initializer=_start_worker, initargs=(convert_one,)
    )
    try:
        yield from pool.map(_attempt_in_worker, names, chunksize=8)
    except BrokenProcessPool as error:
        raise ChildProcessError(
            f'Expected {workers} processes to run to the end, but one was '
            'killed, usually because memory ran out. What was converted is '
            'kept: run the same command again, with fewer --workers.'
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _attempt(convert_one: Convert, name: str) -> tuple[str, list[Row], str]:
    """Convert one source; its fault becomes a reason."""
    try:
        return name, convert_one(name), ''
    except BadSampleError as error:
        return name, [], error.reason or str(error)


_worker_convert: Convert | None = None  # set in worker processes only


def _start_worker(convert_one: Convert) -> None:
    """Keep what a worker process applies to every name."""
    global _worker_convert
    _worker_convert = convert_one


def _attempt_in_worker(name: str) -> tuple[str, list[Row], str]:
    """Convert one source in a worker process."""
    return _attempt(_worker_convert, name)


def _state(folder: Path | None, name: str) -> list[int] | None:
    """What tells that a source is the one that was converted."""
    if folder is None:
        return None
    try:
        found = os.stat(folder / name)
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def _append(journal: Path, record: dict) -> None:
    """Add a line to the journal, at once."""
    with naming_full_disk(journal), journal.open('ab') as stream:
        stream.write(json.dumps(record).encode() + b'\n')


def _read_journal(
    journal: Path, root: Path, settings: dict, folder: Path | None
) -> dict[str, list[Row]]:
    """Read what is done and still so; start the journal if there is none.

    A last line cut off by an interruption is removed.
    """
    data = journal.read_bytes() if journal.exists() else b''
    whole = data[: data.rfind(b'\n') + 1]
    if not whole:
        whole = (json.dumps(dict(settings=settings)) + '\n').encode()
    if whole != data:
        write_atomic(journal, whole)
    first, *records = (
        _record(line, f'{printable(journal)}, line {number}', number > 1)
        for number, line in enumerate(whole.splitlines(), 1)
    )
    if first.get('settings') != settings:
        raise ValueError(
            f'Expected {printable(root)} to be empty or begun with the '
            f'settings {settings}, got {first.get("settings")}. Give another '
            f'output folder, or remove {printable(journal)} to start afresh.'
        )
    return {
        record['name']: record['rows']
        for record in records
        if record.get('state') == _state(folder, record['name'])
        and all(
            (root / row['file']).exists()
            for row in record['rows']
            if 'file' in row
        )
    }


def _record(line: bytes, where: str, is_source: bool) -> dict:
    """Read a line of the journal: the settings, or a converted source."""
    try:
        record = json.loads(line)
        if is_source:
            dict(name=record['name'], rows=list(map(dict, record['rows'])))
        return dict(record)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f'Expected what a converter wrote in {where}, got '
            f'{line[:60]!r}; remove the line and its source is converted '
            'again, or remove the file to start afresh.'
        ) from error


def _write_bad(root: Path, bad: list[tuple[str, str]], total: int) -> None:
    """List the bad sources, or remove the list of an earlier run."""
    path = root / BAD_FILE
    if not bad:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    csv.writer(text).writerows([('file', 'reason'), *bad])
    write_atomic(path, os.fsencode(text.getvalue()))
    print_log(
        f'{len(bad)} entries on {total} images are left out, see '
        f'{printable(path)}.',
        level=logging.WARNING,
    )
