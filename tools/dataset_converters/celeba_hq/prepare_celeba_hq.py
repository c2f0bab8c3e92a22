# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make CelebA-HQ a data root; see the README here."""

from pathlib import Path

from mmfacesr.datasets.conversion import (
    add_allow_incomplete,
    argument_parser,
    divide_train_val,
    find_file,
    list_in_place,
    read_celeba_partition,
    require_counts,
    run,
    stop_or_warn,
)
from mmfacesr.datasets.data_root import SPLITS
from mmfacesr.utils import printable, read_lines
from mmfacesr.utils.image_folders import list_images

# CelebA's partition carried over by the mapping file; sums up to 30000.
OFFICIAL_COUNTS = dict(train=24183, val=2993, test=2824)
MAPPING_FILE = 'CelebA-HQ-to-CelebA-mapping.txt'
MMAGIC_FOLDERS = dict(train='train_256/all_256', test='test_256/all_256')


def read_mapping(path: Path) -> dict[int, str]:
    """Read which image of CelebA each one of CelebA-HQ comes from.

    Args:
        path (Path): A head line, then lines ``0 119613 119614.jpg``.

    Returns:
        dict[int, str]: CelebA's file name by the number in CelebA-HQ.

    Raises:
        ValueError: If a line is of another form.
    """
    mapping = {}
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split()
        if not fields or fields[0] == 'idx':
            continue
        if len(fields) != 3 or not fields[0].isdecimal():
            raise ValueError(
                f'Expected lines "0 119613 119614.jpg" in '
                f'{printable(path)}, got {line!r} in line {number}; fetch the '
                'file again.'
            )
        mapping[int(fields[0])] = fields[2]
    return mapping


def divide_official(
    root: Path, images: str, partition: Path | None, allow_incomplete: bool
) -> dict[str, list[str]]:
    """Divide by CelebA's partition through the mapping.

    Raises:
        FileNotFoundError: If one of the two text files is missing.
        ValueError: If the counts differ or an image is not in the mapping.
    """
    mapping = read_mapping(find_file(root, [MAPPING_FILE], [images]))
    split_of = read_celeba_partition(
        partition
        or find_file(
            root,
            ['list_eval_partition.txt', 'list_eval_partition.csv'],
            [images],
        )
    )
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    unknown = []
    for name in list_images(root / images):
        stem = Path(name).stem
        original = mapping.get(int(stem)) if stem.isdecimal() else None
        if original in split_of:
            splits[split_of[original]].append((Path(images) / name).as_posix())
        else:
            unknown.append(name)
    if unknown:
        stop_or_warn(
            f'Expected the images to be named by their number (0.jpg to '
            f'29999.jpg) in the mapping and partition, got {len(unknown)} '
            f'others, first {printable(unknown[0])}.',
            allow_incomplete,
        )
    require_counts(splits, OFFICIAL_COUNTS, allow_incomplete)
    return splits


def divide_mmagic(root: Path) -> dict[str, list[str]]:
    """Take MMagic's folders; a tenth of its training images is val."""
    files = {
        split: [f'{folder}/{name}' for name in list_images(root / folder)]
        for split, folder in MMAGIC_FOLDERS.items()
    }
    return dict(divide_train_val(files['train']), test=files['test'])


def main() -> None:
    """Prepare CelebA-HQ from the command line."""
    parser = argument_parser(__doc__)
    parser.add_argument(
        '--layout', choices=['official', 'mmagic'], default='official'
    )
    parser.add_argument(
        '--images',
        default='CelebA-HQ-img',
        help='folder of the images below ROOT (default: %(default)s)',
    )
    parser.add_argument(
        '--partition',
        type=Path,
        help="CelebA's list_eval_partition.txt (default: in ROOT)",
    )
    add_allow_incomplete(parser)
    args = parser.parse_args()
    if args.layout == 'mmagic':
        splits = divide_mmagic(args.root)
        source = "CelebA-HQ, MMagic's folders; val is held out of training"
    else:
        splits = divide_official(
            args.root, args.images, args.partition, args.allow_incomplete
        )
        source = "CelebA-HQ, CelebA's partition by the mapping file"
    list_in_place(args.root, 'celeba-hq', splits, None, source, args.workers)


if __name__ == '__main__':
    run(main)
