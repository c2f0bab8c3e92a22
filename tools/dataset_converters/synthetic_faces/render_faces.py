# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Draw the synthetic faces: portraits with exact 68 landmarks, no download."""

import argparse
from functools import partial
from pathlib import Path

import cv2

from mmfacesr.datasets.conversion.command_line import run
from mmfacesr.datasets.synthetic_faces import (
    contact_sheet,
    face_seeds,
    render_group,
    write_faces,
)
from mmfacesr.utils import output_file, output_folder
from mmfacesr.utils.images import write_image

SHEET_COLUMNS, SHEET_ROWS = 9, 4
EXAMPLES = """examples:
  a data root for a short training (about a minute or two):
    python tools/dataset_converters/synthetic_faces/render_faces.py \\
        --out data/synthetic_faces --train 400 --val 32 --test 64
  one picture that shows a sheet of them:
    python tools/dataset_converters/synthetic_faces/render_faces.py \\
        --sheet faces.png
  a group photo of five persons, 640x426, to try a whole picture with:
    python tools/dataset_converters/synthetic_faces/render_faces.py \\
        --group group.png --seed 3

Any config can then train on them: DATA_ROOT=data/synthetic_faces python
tools/train.py CONFIG. The same seed and size always give the same faces, and
the splits never share a person. After an interruption, run the command again:
it continues where it stopped."""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        metavar='DIR',
        help='data root to write: train/ val/ test/ with PNG '
        'files, their lists, dataset.json, landmarks68.npz',
    )
    for split, count in (('train', 400), ('val', 32), ('test', 64)):
        parser.add_argument(
            f'--{split}',
            type=int,
            default=count,
            metavar='N',
            help=f'faces in the {split} split (default: %(default)s)',
        )
    parser.add_argument(
        '--size',
        type=int,
        default=160,
        metavar='PX',
        help='side of a picture, 64 to 1024; the face fills '
        'its central 80 %% (default: %(default)s)',
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        metavar='S',
        help='0 or more; another value gives other persons '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--sheet',
        type=output_file('.png', kind=Path),
        metavar='FILE',
        help='write one picture of '
        f'{SHEET_COLUMNS * SHEET_ROWS} test faces; the last '
        'row shows the landmarks',
    )
    parser.add_argument(
        '--group',
        type=output_file('.png', kind=Path),
        metavar='FILE',
        help='write one group photo, 640x426: five persons near and far, '
        'their faces 16 to 64 pixels wide; --seed chooses the photo',
    )
    args = parser.parse_args()
    if args.out is None and args.sheet is None and args.group is None:
        parser.error(
            'say where to write: --out DIR for a data root, '
            '--sheet FILE for a sheet of faces, --group FILE for a '
            'group photo, or several of them'
        )
    return args


def main() -> None:
    """Write what was asked for."""
    args = parse_args()
    cv2.setNumThreads(1)  # the pictures are small: threads only cost
    try:
        if args.out is not None:
            splits = dict(train=args.train, val=args.val, test=args.test)
            write_faces(args.out, splits, args.size, args.seed)
        if args.sheet is not None:
            seeds = face_seeds('test', SHEET_COLUMNS * SHEET_ROWS, args.seed)
            write_image(
                args.sheet,
                contact_sheet(seeds, SHEET_COLUMNS, 96, marked=SHEET_COLUMNS),
            )
        if args.group is not None:
            write_image(args.group, render_group(args.seed)[0])
    except (OSError, ValueError) as error:
        raise SystemExit(f'error: {error}') from None


if __name__ == '__main__':
    run(main)
