# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write the landmark table of a folder of face images.

    python tools/dataset_converters/extract_landmarks.py FOLDER

finds 68 points in every image in FOLDER and its sub-folders by MediaPipe, and
writes FOLDER/landmarks68.npz. Images without a face, and files that cannot be
read, are listed in landmarks68.failures.csv and left out of the table. Run it
again after an interruption or when you add images: it keeps the rows of
unchanged files. docs/landmarks.md describes the backends and their errors.
"""

import argparse
import csv
import hashlib
import io
import logging
import os
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.datasets.conversion.command_line import run
from mmfacesr.faces.detection import (
    CelebAAnnotation,
    CSVAnnotation,
    FaceAlignmentDetector,
    FaceLandmarks,
    LandmarkSource,
    MediaPipeDetector,
    PTSAnnotation,
)
from mmfacesr.faces.schemes import NUM_POINTS
from mmfacesr.faces.table import UNKNOWN_SIZE, LandmarkTable
from mmfacesr.utils import printable, require_writable, write_atomic
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image, read_image_bytes

SAVE_EVERY = 300  # images
BACKENDS = ('mediapipe', 'face-alignment', 'csv', 'pts', 'celeba5')
NEED_ANNOTATION = ('csv', 'celeba5')
SHOWN_FAILURES = 5


class Row(NamedTuple):
    """What the table knows of one image.

    Attributes:
        face (FaceLandmarks): Its landmarks.
        sha256 (str): Of the file.
        size (tuple[int, int]): h, w of the image in pixels.
    """

    face: FaceLandmarks
    sha256: str
    size: tuple[int, int]


Rows = dict[str, Row]  # by file


def extract(
    folder: Path,
    out: Path,
    source: LandmarkSource,
    save_every: int = SAVE_EVERY,
) -> tuple[LandmarkTable, dict]:
    """Fill a landmark table, keeping its rows of unchanged files.

    Args:
        folder (Path): The data root.
        out (Path): The table; saved on the way and at the end.
        source (LandmarkSource): A detector or an annotation.
        save_every (int): Images between two saves.

    Returns:
        tuple: The table, and the reason by file of each failure.

    Raises:
        OSError: If ``out`` cannot be written, before any work.
        ValueError: If ``out`` holds points of another scheme.
    """
    for path in (out, failures_path(out)):
        require_writable(path, 'name another one by --out')
    known = _known_rows(out, source.scheme)
    rows: Rows = {}
    failures: dict[str, str] = {}
    files = list_images(folder, unread=True)
    for count, file in enumerate(tqdm(files, unit='image'), 1):
        try:
            rows[file] = _row(folder / file, file, source, known)
        except BadSampleError as error:
            failures[file] = error.reason
        if count % save_every == 0:
            # not yet visited rows stay, so that they are not found again
            _save(out, {**known, **rows}, source.scheme, failures)
    return _save(out, rows, source.scheme, failures), failures


def _known_rows(out: Path, scheme: str) -> Rows:
    """Rows of a table written before."""
    if not out.exists():
        return {}
    table = LandmarkTable.load(out)
    if table.scheme != scheme:
        raise ValueError(
            f'Expected {scheme} points in {printable(out)}, got '
            f'{table.scheme}; choose another --out.'
        )
    columns = zip(
        table.file.tolist(),
        map(FaceLandmarks, table.points, table.box, table.score.tolist()),
        table.sha256.tolist(),
        map(tuple, table.size.tolist()),
        strict=True,
    )
    return {file: Row(*row) for file, *row in columns}


def _row(path: Path, file: str, source: LandmarkSource, known: Rows) -> Row:
    """Landmarks, hash and size of one image, looked up or found."""
    sha256 = hashlib.sha256(read_image_bytes(path)).hexdigest()
    before = known.get(file)
    if before is None or before.sha256 != sha256:
        image = read_image(path)
        return Row(source.find(file, image), sha256, image.shape[:2])
    if before.size == UNKNOWN_SIZE:  # of an older table
        return before._replace(size=read_image(path).shape[:2])
    return before


def _save(
    out: Path, rows: Rows, scheme: str, failures: dict[str, str]
) -> LandmarkTable:
    """Write the table and the list of failures beside it."""
    files = sorted(rows)
    faces = [rows[file].face for file in files]
    num = NUM_POINTS[scheme]
    table = LandmarkTable(
        file=np.array(files, dtype=np.str_),
        points=_stacked([face.points for face in faces], (num, 2)),
        box=_stacked([face.box for face in faces], (4,)),
        score=_stacked([face.score for face in faces], ()),
        sha256=np.array([rows[file].sha256 for file in files], dtype=np.str_),
        size=np.array([rows[file].size for file in files], np.int32).reshape(
            -1, 2
        ),
        scheme=scheme,
    )
    table.save(out)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('file', 'reason'))
    writer.writerows(sorted(failures.items()))
    write_atomic(failures_path(out), os.fsencode(text.getvalue()))
    return table


def _stacked(values: list, shape: tuple) -> np.ndarray:
    """Values of one row each -> (N, *shape) float32, also for N = 0."""
    return np.array(values, np.float32).reshape(len(values), *shape)


def failures_path(out: Path) -> Path:
    """The list of failures beside a table."""
    return out.with_suffix('.failures.csv')


def build_source(
    backend: str, folder: Path, annotation: Path | None
) -> LandmarkSource:
    """Make the detector or reader of that name.

    Args:
        backend (str): One of ``BACKENDS``.
        folder (Path): The data root; ``.pts`` files lie there by default.
        annotation (Path, optional): The annotation file or folder.

    Returns:
        LandmarkSource: Ready for use.
    """
    if backend == 'mediapipe':
        return MediaPipeDetector()
    if backend == 'face-alignment':
        return FaceAlignmentDetector()
    if backend == 'csv':
        return CSVAnnotation(annotation)
    if backend == 'celeba5':
        return CelebAAnnotation(annotation)
    if backend == 'pts':
        return PTSAnnotation(annotation or folder)
    raise ValueError(f'Expected a backend of {BACKENDS}, got {backend!r}.')


def main() -> int:
    """Run the command line.

    Returns:
        int: 0, or 1 if no image has landmarks or an argument is wrong.
    """
    args = parse_args()
    try:
        source = build_source(args.backend, args.folder, args.annotation)
        out = args.out or args.folder / _default_name(source.scheme)
        table, failures = extract(args.folder, out, source)
    except (ImportError, OSError, ValueError) as error:
        print_log(f'{error}', 'current', level=40)
        return 1
    summarize(table, failures, out)
    return 0 if len(table) else 1


def summarize(
    table: LandmarkTable, failures: dict[str, str], out: Path
) -> None:
    """Say what was written, and what is missing and why."""
    print_log(
        f'{len(table)} images with {table.scheme} landmarks in '
        f'{printable(out)}',
        'current',
    )
    if failures:
        print_log(
            f'{len(failures)} images without landmarks, see '
            f'{printable(failures_path(out))}:',
            'current',
            level=logging.WARNING,
        )
        for file, reason in sorted(failures.items())[:SHOWN_FAILURES]:
            text = f'  {printable(file)}: {reason}'
            print_log(text, 'current', logging.WARNING)


def _default_name(scheme: str) -> str:
    """landmarks68.npz or landmarks5.npz."""
    return f'landmarks{NUM_POINTS[scheme]}.npz'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('folder', type=Path, help='the data root')
    parser.add_argument(
        '--out',
        type=Path,
        help='the table (default: landmarks68.npz or landmarks5.npz in '
        'the folder)',
    )
    parser.add_argument(
        '--backend',
        choices=BACKENDS,
        default='mediapipe',
        help='detector, or format of an annotation (default: mediapipe)',
    )
    parser.add_argument(
        '--annotation',
        type=Path,
        help='file for the backends csv and celeba5; for pts the folder of '
        'the .pts files (default: beside the images)',
    )
    args = parser.parse_args()
    if args.backend in NEED_ANNOTATION and args.annotation is None:
        parser.error(f'--backend {args.backend} needs --annotation FILE')
    return args


if __name__ == '__main__':
    run(lambda: sys.exit(main()))
