# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make Helen a data root; see the README here."""

from functools import partial
from pathlib import Path

import numpy as np

from mmfacesr.datasets.conversion import (
    MIN_SIZE,
    Row,
    add_allow_incomplete,
    argument_parser,
    convert_all,
    divide_train_val,
    finish,
    list_in_place,
    require_outside,
    result_name,
    run,
    save_points,
    stop_or_warn,
)
from mmfacesr.datasets.data_root import read_list
from mmfacesr.faces.framing import crop_square, square_around
from mmfacesr.faces.table import LandmarkTable
from mmfacesr.utils import output_folder
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image, write_image

TEST_COUNT = 50  # of FSRNet


def read_test_stems(path: Path) -> set[str]:
    """Read the test images from a list or a folder, by their stems."""
    names = list_images(path) if path.is_dir() else read_list(path)
    return {Path(name.strip()).stem for name in names}


def divide(
    names: list[str], test_stems: set[str], allow_incomplete: bool
) -> dict[str, list[str]]:
    """Divide the images; a tenth of those not in the test is val.

    Raises:
        ValueError: If not exactly the 50 test images are found.
    """
    test = [name for name in names if Path(name).stem in test_stems]
    if not len(test) == len(test_stems) == TEST_COUNT:
        stop_or_warn(
            f'Expected the {TEST_COUNT} test images of FSRNet, got '
            f'{len(test_stems)} names of which {len(test)} images are there.',
            allow_incomplete,
        )
    rest = [name for name in names if Path(name).stem not in test_stems]
    return dict(divide_train_val(rest), test=test)


def crop_face(
    name: str, root: Path, table: LandmarkTable, out: Path
) -> list[Row]:
    """Cut the annotated face out of a photograph; its points follow.

    Raises:
        BadSampleError: If the image or its points cannot be used.
    """
    points = table.points_of(name).astype(np.float64)
    image = read_image(root / name, MIN_SIZE)
    crop, corner = crop_square(image, square_around(points))
    row = dict(
        file=result_name(f'crops/{name}', '.png'),
        points=(points - corner).tolist(),
    )
    write_image(out / row['file'], crop)
    return [row]


def prepare_crops(
    root: Path,
    splits: dict[str, list[str]],
    table_file: Path,
    out: Path,
    source: str,
    workers: int,
) -> None:
    """Crop all faces into a data root of their own."""
    table = LandmarkTable.load(table_file)
    if table.scheme != 'ibug68':
        raise ValueError(
            f'Expected 68 points in {table_file}, got '
            f'{table.scheme}; use extract_landmarks.py.'
        )
    names = [name for files in splits.values() for name in files]
    work = partial(crop_face, root=root, table=table, out=out)
    good = convert_all(
        names, work, out, dict(converter='helen crops'), workers, root
    )
    kept = {
        split: [row['file'] for name in files for row in good.get(name, [])]
        for split, files in splits.items()
    }
    rows = [row for rows in good.values() for row in rows]
    if rows:
        save_points(out / 'landmarks68.npz', rows, 'ibug68')
    finish(out, 'helen', kept, None, source, 'ibug68')


def main() -> None:
    """Prepare Helen from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        '--test',
        type=Path,
        required=True,
        help='list or folder of the 50 test images of FSRNet',
    )
    parser.add_argument(
        '--landmarks',
        type=Path,
        help='landmark table of the photographs (see extract_landmarks.py), '
        'to crop the faces; without it the images must be crops already',
    )
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        help='data root for the crops, outside ROOT (needs --landmarks)',
    )
    add_allow_incomplete(parser)
    args = parser.parse_args()
    if (args.landmarks is None) != (args.out is None):
        parser.error('--landmarks and --out go together')
    if args.out is not None:
        require_outside(parser, args.root, args.out)
    splits = divide(
        list_images(args.root),
        read_test_stems(args.test),
        args.allow_incomplete,
    )
    source = 'Helen, test images as given; val is held out of the others'
    if args.out is None:
        list_in_place(args.root, 'helen', splits, None, source, args.workers)
    else:
        prepare_crops(
            args.root, splits, args.landmarks, args.out, source, args.workers
        )


if __name__ == '__main__':
    run(main)
