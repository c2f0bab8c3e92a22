# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make CelebA, aligned or in-the-wild, a data root; see the README here."""

from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from mmfacesr.datasets.conversion import (
    MIN_SIZE,
    Row,
    add_allow_incomplete,
    argument_parser,
    convert_all,
    existing_names,
    find_file,
    finish,
    list_in_place,
    read_celeba_partition,
    require_counts,
    run,
    save_points,
    stop_or_warn,
)
from mmfacesr.datasets.data_root import SPLITS
from mmfacesr.faces.framing import crop_square
from mmfacesr.utils import output_folder, printable, read_lines
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import read_image, write_image

OFFICIAL_COUNTS = dict(train=162770, val=19867, test=19962)
# The 1000 test images of FSRNet, inside the official test split.
FSRNET_TEST_IDS = range(201600, 202600)
HEAD_LINES = 2
ALIGNED_FACE_SIZE = 178  # of 178x218
FOLDERS = ('Img', 'Eval', 'Anno')  # as CelebA is distributed


def read_splits(path: Path) -> dict[str, list[str]]:
    """Group the files of the official partition by their split."""
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    for file, split in read_celeba_partition(path).items():
        splits[split].append(file)
    return splits


def select_fsrnet(splits: dict[str, list[str]]) -> dict[str, list[str]]:
    """Keep of the official test split the 1000 images of FSRNet."""
    test = [
        file
        for file in splits['test']
        if Path(file).stem.isdecimal()
        and int(Path(file).stem) in FSRNET_TEST_IDS
    ]
    return dict(splits, test=test)


def read_numbers(path: Path, count: int) -> dict[str, np.ndarray]:
    """Read an annotation file of CelebA: file name, then integers.

    Args:
        path (Path): Two head lines, or one in Kaggle's CSV, then one line
            per image.
        count (int): Numbers on a line.

    Returns:
        dict[str, np.ndarray]: (count,) float64 of each file.

    Raises:
        ValueError: If a line is of another form.
    """
    table = {}
    for line_number, line in enumerate(read_lines(path), 1):
        name, *numbers = line.replace(',', ' ').split() or ['']
        if not name or ('.' not in name and line_number <= HEAD_LINES):
            continue
        try:
            table[name] = np.array(numbers, np.float64).reshape(count)
        except ValueError as error:
            raise ValueError(
                f'Expected a file name and {count} numbers on each line of '
                f'{printable(path)}, got {line!r} in line {line_number}.'
            ) from error
    return table


def crop_face(
    name: str,
    images: Path,
    boxes: dict[str, np.ndarray],
    points: dict[str, np.ndarray],
    out: Path,
    size: int | None,
) -> list[Row]:
    """Cut one face out of an in-the-wild image; its points follow.

    Raises:
        BadSampleError: If the box is missing or too small, or the image
            cannot be read.
    """
    if name not in boxes or boxes[name][2:].max() < MIN_SIZE:
        raise BadSampleError(
            name, f'has no box of at least {MIN_SIZE}x{MIN_SIZE} pixels'
        )
    image = read_image(images / name, MIN_SIZE)
    crop, corner = crop_square(image, tuple(boxes[name]))
    scale = 1.0
    if size is not None:
        scale = size / len(crop)
        crop = np.array(
            Image.fromarray(crop).resize((size, size), Image.BICUBIC)
        )
    row = dict(file=f'crops/{Path(name).stem}.png')
    write_image(out / row['file'], crop)
    if name in points:
        moved = points[name].reshape(5, 2) - corner
        row['points'] = ((moved + 0.5) * scale - 0.5).tolist()
    return [row]


def prepare_aligned(
    root: Path, splits: dict[str, list[str]], source: str, workers: int
) -> None:
    """Write the lists beside the aligned images."""
    images = find_images(root, 'img_align_celeba').relative_to(root)
    named = {
        split: [(images / file).as_posix() for file in files]
        for split, files in splits.items()
    }
    list_in_place(root, 'celeba', named, ALIGNED_FACE_SIZE, source, workers)


def prepare_wild(
    root: Path,
    splits: dict[str, list[str]],
    source: str,
    workers: int,
    out: Path,
    size: int | None,
) -> None:
    """Crop the boxes of the in-the-wild images."""
    boxes = read_numbers(
        find_file(
            root, ['list_bbox_celeba.txt', 'list_bbox_celeba.csv'], FOLDERS
        ),
        4,
    )
    try:
        points = read_numbers(
            find_file(root, ['list_landmarks_celeba.txt'], FOLDERS), 10
        )
    except FileNotFoundError:
        points = {}
    images = find_images(root, 'img_celeba')
    work = partial(
        crop_face,
        images=images,
        boxes=boxes,
        points=points,
        out=out,
        size=size,
    )
    names = [file for split in SPLITS for file in splits[split]]
    good = convert_all(
        names,
        work,
        out,
        dict(converter='celeba in-the-wild', size=size),
        workers,
        images,
    )
    kept = {
        split: [row['file'] for file in files for row in good.get(file, [])]
        for split, files in splits.items()
    }
    rows = [row for rows in good.values() for row in rows if 'points' in row]
    if rows:
        save_points(out / 'landmarks5.npz', rows, 'celeba5')
    finish(
        out,
        'celeba-in-the-wild',
        kept,
        None,
        source,
        'celeba5' if rows else None,
    )


def find_images(root: Path, name: str) -> Path:
    """Find the image folder; Kaggle's has one of the same name inside."""
    folder = find_file(root, [name], FOLDERS)
    return folder / name if (folder / name).is_dir() else folder


def main() -> None:
    """Prepare CelebA from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        '--layout', choices=['aligned', 'in-the-wild'], default='aligned'
    )
    parser.add_argument(
        '--split', choices=['official', 'fsrnet'], default='official'
    )
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        help='data root for the crops of in-the-wild images '
        '(default: ROOT/celeba_crops)',
    )
    parser.add_argument(
        '--size',
        type=int,
        help='resize the in-the-wild crops to this many pixels by Pillow '
        'bicubic (default: keep the size in the photograph)',
    )
    add_allow_incomplete(parser)
    args = parser.parse_args()
    wild = args.layout == 'in-the-wild'
    if not wild and (args.out or args.size):
        parser.error(
            '--out and --size belong to --layout in-the-wild; '
            'aligned images stay where they are'
        )
    splits = read_splits(
        find_file(
            args.root,
            ['list_eval_partition.txt', 'list_eval_partition.csv'],
            FOLDERS,
        )
    )
    require_counts(splits, OFFICIAL_COUNTS, args.allow_incomplete)
    source = 'CelebA, official partition'
    if args.split == 'fsrnet':
        splits = select_fsrnet(splits)
        source += ', of test the 1000 images 201600-202599 of FSRNet'
        if len(splits['test']) != len(FSRNET_TEST_IDS):
            stop_or_warn(
                f'Expected the {len(FSRNET_TEST_IDS)} test images '
                f'201600-202599, got {len(splits["test"])}.',
                args.allow_incomplete,
            )
    images = find_images(
        args.root, 'img_celeba' if wild else 'img_align_celeba'
    )
    splits = {
        split: existing_names(files, images, args.allow_incomplete)
        for split, files in splits.items()
    }
    if wild:
        prepare_wild(
            args.root,
            splits,
            source,
            args.workers,
            args.out or args.root / 'celeba_crops',
            args.size,
        )
    else:
        prepare_aligned(args.root, splits, source, args.workers)


if __name__ == '__main__':
    run(main)
