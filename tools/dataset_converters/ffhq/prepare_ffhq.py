# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make FFHQ a data root; see the README here."""

from pathlib import Path

from mmfacesr.datasets.conversion import (
    add_allow_incomplete,
    argument_parser,
    list_in_place,
    require_counts,
    run,
    stop_or_warn,
)
from mmfacesr.utils import printable
from mmfacesr.utils.image_folders import list_images

# FFHQ calls 0-59999 training and 60000-69999 validation; it has no test
# split, so that the second half of its validation images is ours.
RANGES = dict(
    train=range(60000), val=range(60000, 65000), test=range(65000, 70000)
)


def divide(names: list[str], allow_incomplete: bool) -> dict[str, list[str]]:
    """Divide the images by their numbers.

    Args:
        names (list[str]): Names such as ``00000/00012.png``.
        allow_incomplete (bool): Warn of wrong counts instead of stopping.

    Raises:
        ValueError: If a number is unknown or a count differs.
    """
    splits: dict[str, list[str]] = {split: [] for split in RANGES}
    unknown = []
    for name in names:
        stem = Path(name).stem
        number = int(stem) if stem.isdecimal() else -1
        split = next((p for p, ids in RANGES.items() if number in ids), None)
        (unknown if split is None else splits[split]).append(name)
    if unknown:
        stop_or_warn(
            'Expected images named by their number (00000.png to 69999.png), '
            f'got {len(unknown)} others, first {printable(unknown[0])}.',
            allow_incomplete,
        )
    require_counts(
        splits,
        {split: len(ids) for split, ids in RANGES.items()},
        allow_incomplete,
    )
    return splits


def main() -> None:
    """Prepare FFHQ from the command line."""
    parser = argument_parser(__doc__)
    add_allow_incomplete(parser)
    args = parser.parse_args()
    splits = divide(list_images(args.root), args.allow_incomplete)
    list_in_place(
        args.root,
        'ffhq',
        splits,
        None,
        'FFHQ, training 0-59999; its validation halved: val 60000-64999, '
        'test 65000-69999',
        args.workers,
    )


if __name__ == '__main__':
    run(main)
