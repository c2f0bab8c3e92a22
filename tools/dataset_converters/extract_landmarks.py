# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write the landmark table of a folder of face images.

    python tools/dataset_converters/extract_landmarks.py FOLDER

finds 68 points in every image below FOLDER by MediaPipe and writes
FOLDER/landmarks68.npz. Images without a face or that cannot be read are
listed in landmarks68.failures.csv and left out of the table. Run it again
after adding images or an interruption: rows of unchanged files are kept.
docs/landmarks.md describes the backends and how well they do.
"""

import argparse
import csv
import hashlib
import io
import sys
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from tqdm import tqdm

from mmfacesr.conversion.command_line import run
from mmfacesr.image_io import BadSampleError, list_images, read_image
from mmfacesr.landmark_detection import (
    CelebAAnnotation,
    CSVAnnotation,
    FaceAlignmentDetector,
    FaceLandmarks,
    LandmarkSource,
    MediaPipeDetector,
    PTSAnnotation,
)
from mmfacesr.landmark_schemes import NUM_POINTS
from mmfacesr.landmark_table import LandmarkTable
from mmfacesr.utils import write_atomic

SAVE_EVERY = 300  # images
BACKENDS = ('mediapipe', 'face-alignment', 'csv', 'pts', 'celeba5')
NEED_ANNOTATION = ('csv', 'celeba5')
SHOWN_FAILURES = 5

Rows = dict[str, tuple[FaceLandmarks, str]]  # file -> landmarks, sha256


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
        ValueError: If ``out`` holds points of another scheme.
    """
    known = _known_rows(out, source.scheme)
    rows: Rows = {}
    failures: dict[str, str] = {}
    files = list_images(folder)
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
            f'Expected {scheme} points in {out}, got '
            f'{table.scheme}; choose another --out.'
        )
    rows = zip(table.points, table.box, table.score.tolist(), strict=True)
    return {
        file: (FaceLandmarks(*row), sha256)
        for file, row, sha256 in zip(
            table.file.tolist(), rows, table.sha256.tolist(), strict=True
        )
    }


def _row(
    path: Path, file: str, source: LandmarkSource, known: Rows
) -> tuple[FaceLandmarks, str]:
    """Landmarks and hash of one image, looked up or found."""
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadSampleError(file, f'cannot be read: {error}') from error
    if file in known and known[file][1] == sha256:
        return known[file]
    return source.find(file, read_image(path)), sha256


def _save(
    out: Path, rows: Rows, scheme: str, failures: dict[str, str]
) -> LandmarkTable:
    """Write the table and the list of failures beside it."""
    files = sorted(rows)
    faces = [rows[file][0] for file in files]
    num = NUM_POINTS[scheme]
    table = LandmarkTable(
        file=np.array(files, dtype=np.str_),
        points=_stacked([face.points for face in faces], (num, 2)),
        box=_stacked([face.box for face in faces], (4,)),
        score=_stacked([face.score for face in faces], ()),
        sha256=np.array([rows[file][1] for file in files], dtype=np.str_),
        scheme=scheme,
    )
    table.save(out)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(('file', 'reason'))
    writer.writerows(sorted(failures.items()))
    write_atomic(failures_path(out), text.getvalue().encode())
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
    summarise(table, failures, out)
    return 0 if len(table) else 1


def summarise(
    table: LandmarkTable, failures: dict[str, str], out: Path
) -> None:
    """Say what was written, and what is missing and why."""
    print_log(
        f'{len(table)} images with {table.scheme} landmarks in {out}',
        'current',
    )
    if failures:
        print_log(
            f'{len(failures)} images without, see {failures_path(out)}:',
            'current',
            level=30,
        )
        for file, reason in sorted(failures.items())[:SHOWN_FAILURES]:
            print_log(f'  {file}: {reason}', 'current', level=30)


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
    parser.add_argument('--backend', choices=BACKENDS, default='mediapipe')
    parser.add_argument(
        '--annotation',
        type=Path,
        help='file of the backends csv and celeba5; folder of the .pts '
        'files (default: beside the images)',
    )
    args = parser.parse_args()
    if args.backend in NEED_ANNOTATION and args.annotation is None:
        parser.error(f'--backend {args.backend} needs --annotation FILE')
    return args


if __name__ == '__main__':
    run(lambda: sys.exit(main()))
