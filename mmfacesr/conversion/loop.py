# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The loop over all sources: resumable, with a bar, bad files listed."""

import csv
import io
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.image_io import BadSampleError
from mmfacesr.utils import write_atomic

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
) -> dict[str, list[Row]]:
    """Convert every source that is not done yet.

    Args:
        names (Sequence[str]): The sources.
        convert_one (Convert): Makes the files of one source and returns
            their rows, the same ones if called again. Raises
            :class:`BadSampleError` where that is impossible.
        root (Path): The data root that the files go to.
        settings (dict): What the result depends on (JSON values).
        workers (int): Processes; more than 1 needs a ``convert_one`` that
            pickles. Defaults to 1, this one.

    Returns:
        dict[str, list[Row]]: The rows of the good sources in the order of
        ``names``, rows with a reason left out.

    Raises:
        ValueError: If ``root`` was begun with other settings.
    """
    root.mkdir(parents=True, exist_ok=True)
    journal = root / JOURNAL_FILE
    done = _read_journal(journal, root, settings)
    todo = [name for name in names if name not in done]
    bad: list[tuple[str, str]] = []
    with (
        journal.open('a', encoding='utf-8') as stream,
        tqdm(
            total=len(names), initial=len(names) - len(todo), unit='image'
        ) as bar,
    ):
        for name, rows, reason in _outcomes(todo, convert_one, workers):
            if reason:
                bad.append((name, reason))
            else:
                done[name] = rows
                _append(stream, dict(name=name, rows=rows))
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
            f'Expected {workers} processes to the end, but one was killed, '
            'mostly for want of memory. What was converted is kept: run the '
            'same command again, with fewer --workers.'
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


def _append(stream: io.TextIOBase, record: dict) -> None:
    """Add a line to the journal, at once."""
    stream.write(json.dumps(record) + '\n')
    stream.flush()


def _read_journal(
    journal: Path, root: Path, settings: dict
) -> dict[str, list[Row]]:
    """Read what is done and still there; start the journal if there is none.

    A last line cut off by an interruption is removed.
    """
    data = journal.read_bytes() if journal.exists() else b''
    whole = data[: data.rfind(b'\n') + 1]
    if not whole:
        whole = (json.dumps(dict(settings=settings)) + '\n').encode()
    if whole != data:
        write_atomic(journal, whole)
    first, *records = map(json.loads, whole.splitlines())
    if first.get('settings') != settings:
        raise ValueError(
            f'Expected {root} to be empty or begun with the settings '
            f'{settings}, got {first.get("settings")}. Give another output '
            f'folder, or remove {journal} to start afresh.'
        )
    return {
        record['name']: record['rows']
        for record in records
        if all(
            (root / row['file']).exists()
            for row in record['rows']
            if 'file' in row
        )
    }


def _write_bad(root: Path, bad: list[tuple[str, str]], total: int) -> None:
    """List the bad sources, or remove the list of an earlier run."""
    path = root / BAD_FILE
    if not bad:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    csv.writer(text).writerows([('file', 'reason'), *bad])
    write_atomic(path, text.getvalue().encode())
    print_log(
        f'{len(bad)} entries on {total} images are left out, see {path}.',
        level=logging.WARNING,
    )
