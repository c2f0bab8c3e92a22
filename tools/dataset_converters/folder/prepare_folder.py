# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make any folder of photographs a data root; see the README here."""

import argparse
from functools import lru_cache, partial
from pathlib import Path

from mmengine.logging import print_log

from mmfacesr.datasets.conversion import (
    MIN_SIZE,
    Row,
    argument_parser,
    convert_all,
    finish,
    list_in_place,
    require_outside,
    result_name,
    run,
    save_points,
)
from mmfacesr.datasets.dividing import divide_folder
from mmfacesr.datasets.folder_names import refuse_low_resolution
from mmfacesr.faces.finder import FaceFinder
from mmfacesr.faces.framing import FACE_SIZE, align_face, map_points, scale_of
from mmfacesr.utils import output_folder, printable
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image, write_image

MAX_ENLARGEMENT = 1.0  # an enlarged face is no sharp ground truth
# Built once in each process, where it is first used.
face_finder = lru_cache(maxsize=1)(FaceFinder)


def convert_photo(
    name: str, root: Path, out: Path, max_enlargement: float
) -> list[Row]:
    """Cut every face of a photograph out, aligned; its points follow.

    Raises:
        BadSampleError: If the photograph cannot be read or shows no face.
    """
    image = read_image(root / name, MIN_SIZE)
    faces = face_finder().find(image)
    if not faces:
        raise BadSampleError(name, 'no face found')
    rows: list[Row] = []
    for index, points in enumerate(faces):
        crop, matrix = align_face(image, points)
        scale = round(scale_of(matrix), 3)
        if scale > max_enlargement:
            rows.append(
                dict(
                    reason=f'face {index} is too small: it would be enlarged '
                    f'{scale:.2f} times, allowed is {max_enlargement:g}'
                )
            )
            continue
        file = result_name(f'faces/{name}', f'.{index}.png')
        write_image(out / file, crop)
        rows.append(
            dict(file=file, points=map_points(matrix, points).tolist())
        )
    return rows


def prepare_faces(
    root: Path, out: Path, max_enlargement: float, workers: int
) -> None:
    """Find, align and list the faces of all photographs.

    Raises:
        ValueError: If no face is found at all.
    """
    settings = dict(converter='folder', max_enlargement=max_enlargement)
    work = partial(
        convert_photo, root=root, out=out, max_enlargement=max_enlargement
    )
    photos = list_images(root, unread=True)
    divide_folder(root, photos)  # refuses what is not clear, before the work
    good = convert_all(photos, work, out, settings, workers, root)
    rows = [row for photo in good.values() for row in photo]
    if not rows:
        raise ValueError(
            f'Expected faces in the photographs of {printable(root)}, found '
            f'none that can be used; see {printable(out)}/bad_files.csv. If '
            'they are cropped faces already, use --whole.'
        )
    with_faces = [photo for photo in photos if good.get(photo)]
    split, num_copies = divide_folder(root, with_faces)
    say_copies(num_copies)
    splits = {
        split: sorted(row['file'] for photo in names for row in good[photo])
        for split, names in split.items()
    }
    save_points(out / 'landmarks68.npz', rows, 'ibug68')
    finish(
        out,
        root.resolve().name,
        splits,
        FACE_SIZE,
        'faces found in photographs, divided by folder or photograph',
        'ibug68',
    )


def say_copies(count: int) -> None:
    """Say how many images stay in one split because they are equal."""
    if count:
        print_log(
            f'{count} images have the content of another one and are kept in '
            'its split.'
        )


def main() -> None:
    """Prepare a folder from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        '--out',
        type=partial(output_folder, kind=Path),
        help='data root for the faces, outside ROOT',
    )
    parser.add_argument(
        '--whole',
        action='store_true',
        help='the images are already cropped faces: only write lists beside '
        'them',
    )
    parser.add_argument(
        '--max-enlargement',
        type=float,
        default=MAX_ENLARGEMENT,
        help='leave out faces that the crop would enlarge by more than this '
        '(default: %(default)s)',
    )
    args = parser.parse_args()
    _check_arguments(parser, args)
    if args.whole:
        names = list_images(args.root)
        refuse_low_resolution(args.root, names)
        splits, num_copies = divide_folder(args.root, names)
        say_copies(num_copies)
        list_in_place(
            args.root,
            args.root.resolve().name,
            splits,
            None,
            'cropped faces, divided by folder or name',
            args.workers,
        )
    else:
        prepare_faces(args.root, args.out, args.max_enlargement, args.workers)


def _check_arguments(
    parser: argparse.ArgumentParser, args: argparse.Namespace
) -> None:
    """Refuse options that do not belong together."""
    if args.whole == (args.out is not None):
        parser.error(
            'give --out for the found faces, or --whole if the '
            'images are cropped faces already'
        )
    if args.out is not None:
        require_outside(parser, args.root, args.out)


if __name__ == '__main__':
    run(main)
