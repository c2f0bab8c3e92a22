# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What all dataset converters share: the loop, the counts, the last files.

A converter works through named sources. Each finished one is a line in
``conversion.jsonl`` of the data root, so that an interrupted run goes on
where it stopped; those that fail are listed in ``bad_files.csv`` with the
reason and tried again by the next run.
"""

import argparse
import csv
import io
import json
import logging
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.data_root import PARTS, split_names, write_data_root
from mmfacesr.image_io import BadSampleError, read_image, write_atomic
from mmfacesr.landmark_table import LandmarkTable

JOURNAL_FILE = 'conversion.jsonl'
BAD_FILE = 'bad_files.csv'
MIN_SIZE = 16  # no method here takes a smaller face
_SHOWN = 3

# A row is {'file': name in the data root, ['points': [[x, y], ...]]} or
# {'reason': why a part of the source was left out}.
Row = dict[str, Any]
Convert = Callable[[str], list[Row]]


def convert_all(names: Sequence[str],
                convert_one: Convert,
                root: Path,
                settings: dict,
                workers: int = 1) -> dict[str, list[Row]]:
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
    with journal.open('a', encoding='utf-8') as stream, tqdm(
            total=len(names), initial=len(names) - len(todo),
            unit='image') as bar:
        for name, rows, reason in _outcomes(todo, convert_one, workers):
            if reason:
                bad.append((name, reason))
            else:
                done[name] = rows
                _append(stream, dict(name=name, rows=rows))
            bar.update()
    good = {name: done[name] for name in names if name in done}
    bad += [(name, row['reason']) for name, rows in good.items()
            for row in rows if 'reason' in row]
    _write_bad(root, bad, len(names))
    return {
        name: [row for row in rows if 'reason' not in row]
        for name, rows in good.items()
    }


def _outcomes(names: Sequence[str], convert_one: Convert,
              workers: int) -> Iterator[tuple[str, list[Row], str]]:
    """Convert the sources here or in processes; order is kept."""
    if workers == 1:
        yield from (_attempt(convert_one, name) for name in names)
        return
    # Handed over once per process: it may hold a whole annotation file.
    with multiprocessing.Pool(workers, _start_worker, (convert_one, )) as pool:
        yield from pool.imap(_attempt_in_worker, names, chunksize=8)


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


def _read_journal(journal: Path, root: Path,
                  settings: dict) -> dict[str, list[Row]]:
    """Read what is done and still there; start the journal if there is none.

    A last line cut off by an interruption is removed.
    """
    data = journal.read_bytes() if journal.exists() else b''
    whole = data[:data.rfind(b'\n') + 1]
    if not whole:
        whole = (json.dumps(dict(settings=settings)) + '\n').encode()
    if whole != data:
        write_atomic(journal, whole)
    first, *records = map(json.loads, whole.splitlines())
    if first.get('settings') != settings:
        raise ValueError(
            f'Expected {root} to be empty or begun with the settings '
            f'{settings}, got {first.get("settings")}. Give another output '
            f'folder, or remove {journal} to start afresh.')
    return {
        record['name']: record['rows']
        for record in records
        if all((root / row['file']).exists() for row in record['rows']
               if 'file' in row)
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
        level=logging.WARNING)


def check_image(folder: Path, name: str) -> list[Row]:
    """Decode an image that stays where it is.

    Raises:
        UnreadableImageError: If it cannot be used.
    """
    read_image(folder / name, MIN_SIZE)
    return [dict(file=name)]


def list_in_place(root: Path,
                  name: str,
                  parts: dict[str, Sequence[str]],
                  crop_size: int | None,
                  source: str,
                  workers: int = 1) -> dict[str, list[str]]:
    """Make a data root of images that stay where they are.

    Every image is decoded once; the bad ones are left out of the lists.

    Args:
        root (Path): The data root.
        name (str): Name of the dataset.
        parts (dict[str, Sequence[str]]): Files of 'train', 'val', 'test'.
        crop_size (int | None): See :func:`write_data_root`.
        source (str): See :func:`write_data_root`.
        workers (int): Processes. Defaults to 1.

    Returns:
        dict[str, list[str]]: The parts without the bad images.
    """
    names = [file for files in parts.values() for file in files]
    good = convert_all(names, partial(check_image, root), root,
                       dict(converter=name, mode='in place'), workers)
    kept = {
        part: [file for file in files if file in good]
        for part, files in parts.items()
    }
    write_data_root(root, name, kept, crop_size, source)
    report(root, kept)
    return kept


def report(root: Path, parts: dict[str, list[str]]) -> None:
    """Say in the log what a data root holds."""
    counts = ', '.join(f'{len(files)} {part}' for part, files in parts.items())
    print_log(f'{root} is ready: {counts}. Use it by DATA_ROOT={root}.')


def save_points(path: Path, rows: Sequence[Row], scheme: str) -> None:
    """Write the points of all rows as a landmark table.

    Args:
        path (Path): The ``.npz`` file.
        rows (Sequence[Row]): Rows with 'file' and 'points'.
        scheme (str): Their landmark scheme.
    """
    count = len(rows)
    LandmarkTable(
        file=np.array([row['file'] for row in rows], dtype=np.str_),
        points=np.array([row['points'] for row in rows], np.float32),
        box=np.full((count, 4), np.nan, np.float32),
        score=np.full(count, np.nan, np.float32),
        sha256=np.full(count, '', dtype='<U64'),
        scheme=scheme).save(path)


def require_counts(parts: dict[str, Sequence[str]], expected: dict[str, int],
                   allow_incomplete: bool) -> None:
    """Compare the sizes of the parts with the published ones.

    Args:
        parts (dict[str, Sequence[str]]): The files of each part.
        expected (dict[str, int]): The published count of some parts.
        allow_incomplete (bool): Warn instead of stopping.

    Raises:
        ValueError: If a count differs.
    """
    wrong = [
        f'{count} in {part}, got {len(parts[part])}'
        for part, count in expected.items() if len(parts[part]) != count
    ]
    if wrong:
        complain(f'Expected the published number of images: '
                 f'{"; ".join(wrong)}.', allow_incomplete)


def keep_present(names: Sequence[str], folder: Path,
                 allow_incomplete: bool) -> list[str]:
    """Keep the names that are in a folder (not below it).

    Raises:
        ValueError: If some are missing and ``allow_incomplete`` is False.
        FileNotFoundError: If there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f'Expected the images in {folder}, which is '
                                'no folder; see the README beside this tool.')
    present = set(os.listdir(folder))
    missing = [name for name in names if name not in present]
    if missing:
        complain(
            f'Expected {len(names)} listed images in {folder}, but '
            f'{len(missing)} are missing: {", ".join(missing[:_SHOWN])}'
            f'{", ..." if len(missing) > _SHOWN else "."}', allow_incomplete)
    return [name for name in names if name in present]


def complain(message: str, allow_incomplete: bool) -> None:
    """Stop, or only warn if an incomplete dataset is allowed.

    Raises:
        ValueError: If ``allow_incomplete`` is False.
    """
    if not allow_incomplete:
        raise ValueError(f'{message} Fetch the rest, or go on with what is '
                         'there by --allow-incomplete.')
    print_log(message, level=logging.WARNING)


def read_celeba_partition(path: Path) -> dict[str, str]:
    """Read CelebA's official partition, as text or as Kaggle's CSV.

    Args:
        path (Path): Lines ``000001.jpg 0``; 0 train, 1 val, 2 test.

    Returns:
        dict[str, str]: 'train', 'val' or 'test' of each file.

    Raises:
        ValueError: If a line is of another form.
    """
    part_of = {}
    for line in path.read_text(encoding='utf-8').splitlines():
        fields = line.replace(',', ' ').split()
        if not fields or fields[0] == 'image_id':
            continue
        if len(fields) != 2 or fields[1] not in ('0', '1', '2'):
            raise ValueError(f'Expected lines "000001.jpg 0" in {path}, got '
                             f'{line!r}; fetch the file again.')
        part_of[fields[0]] = PARTS[int(fields[1])]
    return part_of


def hold_out_val(names: Sequence[str]) -> dict[str, list[str]]:
    """Divide training images into 'train' and a tenth for 'val', by name."""
    parts = split_names(names)
    return dict(
        train=sorted(parts['train'] + parts['test']), val=parts['val'])


def find_file(root: Path, names: Sequence[str],
              folders: Sequence[str]) -> Path:
    """Find the first of some names in the root or in some of its folders.

    Raises:
        FileNotFoundError: Naming what was looked for and where.
    """
    for folder in ('', *folders):
        for name in names:
            if (root / folder / name).exists():
                return root / folder / name
    raise FileNotFoundError(
        f'Expected {" or ".join(names)} in {root}'
        f'{"".join(f" or {root / folder}" for folder in folders)}, found '
        'none; see the README beside this tool for what to download.')


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Begin a converter's command line: the root and the common options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--workers', type=int, default=1, help='processes (default: 1)')
    return parser


def add_allow_incomplete(parser: argparse.ArgumentParser) -> None:
    """Add the option that turns wrong counts into warnings."""
    parser.add_argument(
        '--allow-incomplete',
        action='store_true',
        help='warn instead of stopping where images of the published dataset '
        'are missing')


def run(main: Callable[[], None]) -> None:
    """Run a converter; known faults end it with one line, no traceback."""
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f'Error: {error}')
    except KeyboardInterrupt:
        sys.exit('Interrupted; run the same command again to go on.')
