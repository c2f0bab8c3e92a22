# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr compare``: two or more evaluations of the same faces."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from mmfacesr.utils import printable, write_atomic
from mmfacesr.utils.targets import output_file

HELP = """\
Compare methods on the same faces, from what `mmfacesr evaluate` or
`tools/test.py --report` has written.

  mmfacesr compare results/bicubic results/mine
  mmfacesr compare A B C --values rgb/PSNR 'LPIPS/*' --out table.md
  mmfacesr compare A B C --reference B --out comparison.json

Every pair of methods is compared image by image: mean difference, its 95 %
interval, Wilcoxon's test with the p-values adjusted by Holm for being many.
Two methods are called distinguishable only if the test and the interval both
say so. Below the table stands the smallest difference that so many images
could show: a smaller one is not refuted by "not distinguishable".

The more values, the more tests, and the larger a difference must be: choose
by --values those that matter, before you look. The faces and the ground truth
must be the same; there is no comparison of half a set.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr compare`` takes."""
    parser.add_argument(
        'first',
        type=Path,
        metavar='A',
        help='folder of an evaluation, such as of a baseline',
    )
    parser.add_argument(
        'others',
        type=Path,
        nargs='+',
        metavar='B',
        help='folders of further evaluations of the same faces',
    )
    parser.add_argument(
        '--values',
        nargs='+',
        default=[],
        metavar='NAME',
        help="values by name or pattern, such as rgb/PSNR or 'LPIPS/*' "
        '(default: all that every method has)',
    )
    parser.add_argument(
        '--reference',
        metavar='A',
        help='folder or name of the method to which differences are shown '
        '(default: the first)',
    )
    parser.add_argument(
        '--out',
        type=output_file('.json', '.md', '.tex', '.csv', kind=Path),
        metavar='FILE',
        help='also write it: .md and .tex the tables, .csv all pairs, .json '
        'everything, for tables of documents',
    )


def compare(args: argparse.Namespace) -> int:
    """Compare, print the tables, and write them."""
    from mmfacesr.apis.comparing import comparison, tables
    from mmfacesr.apis.comparing.matching import labels_of
    from mmfacesr.apis.evaluating.evaluation import Evaluation

    folders = [args.first, *args.others]
    evaluations = [Evaluation.read(folder) for folder in folders]
    reference = place_of(args.reference, folders, labels_of(evaluations))
    found = comparison.compare(evaluations, args.values, reference)
    width = shutil.get_terminal_size().columns
    sys.stdout.write(tables.as_text(found, width))
    if args.out:
        text = tables.FORMATS[args.out.suffix.lower()](found)
        write_atomic(args.out, text.encode())
        sys.stderr.write(f'Written: {printable(args.out)}\n')
    return 0


def place_of(
    reference: str | None, folders: Sequence[Path], labels: Sequence[str]
) -> int:
    """Place of the method that a person calls the reference.

    Raises:
        ValueError: If it is none of them.
    """
    if reference is None:
        return 0
    if reference in labels:
        return labels.index(reference)
    if Path(reference) in folders:
        return folders.index(Path(reference))
    raise ValueError(
        f'Expected a reference among {", ".join(labels)}, got '
        f'{printable(reference)}; give its name or its folder.'
    )
