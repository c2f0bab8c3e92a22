# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr report``: a page about evaluations, and their check."""

import argparse
import sys
from pathlib import Path

from mmfacesr.apis.launch import positive
from mmfacesr.utils import printable
from mmfacesr.utils.native_messages import without_native_messages

VERIFY = 'verify'
HELP = """\
Write one page about evaluations, or check one.

  mmfacesr report results/mine --out results/mine
  mmfacesr report results/a results/b --out a_and_b.html
  mmfacesr report results/a results/b --by rgb/SSIM --faces 24 --out page.html
  mmfacesr report verify results/mine
  mmfacesr report verify results/mine --images 100 --seed 1

EVALUATION is a folder that `mmfacesr evaluate` or `tools/test.py --report`
has written; several are of the same faces. The page is a single file that
opens without a network: values with intervals, distributions, the best,
median and worst faces beside their ground truth, error maps, differences
between methods, all faces in a table, and how all of it was made.

`report verify` computes the hashes of all files and the means anew, measures
some of the faces again, and says what differs. The exit status is 0 if
nothing does, else 1. A folder that is itself called verify is ./verify.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr report`` takes."""
    parser.usage = (
        'mmfacesr report EVALUATION [EVALUATION ...] --out PLACE '
        '[options]\n       mmfacesr report verify EVALUATION '
        '[--images K] [--seed S]'
    )
    parser.add_argument(
        'evaluations',
        nargs='+',
        metavar='EVALUATION',
        help='folders of evaluations',
    )
    page = parser.add_argument_group('the page')
    page.add_argument(
        '--out',
        type=Path,
        metavar='PLACE',
        help='file that ends in .html, or folder for report.html',
    )
    page.add_argument(
        '--by',
        metavar='VALUE',
        help='value that faces are chosen by, such as rgb/SSIM (default: the '
        'first one)',
    )
    page.add_argument(
        '--faces',
        type=positive,
        metavar='N',
        help='faces shown at full size, a third each the best, the median '
        'and the worst (default: 12)',
    )
    page.add_argument(
        '--reference',
        metavar='NAME',
        help='method that the others are compared with (default: the first)',
    )
    page.add_argument(
        '--landmarks',
        action='store_true',
        help='find landmarks in these faces and draw them; takes MediaPipe, '
        'the extra `landmarks`',
    )
    check = parser.add_argument_group('report verify')
    check.add_argument(
        '--images',
        type=positive,
        metavar='K',
        help='faces that are measured anew (default: 10)',
    )
    check.add_argument(
        '--seed',
        type=int,
        metavar='S',
        help='chooses them (default: 0)',
    )


def report(args: argparse.Namespace) -> int:
    """Write the page, or check an evaluation."""
    if args.evaluations[0] == VERIFY:
        return _verify(args)
    _refuse(args, 'report verify', 'images', 'seed')
    if args.out is None:
        args.parser.error('say where the page goes: --out PLACE')
    from mmfacesr.apis.reporting.page import write_report

    given = dict(count=args.faces, by=args.by, reference=args.reference)
    with without_native_messages():  # MediaPipe's notes at its start
        out = write_report(
            args.evaluations,
            args.out,
            landmarks=args.landmarks,
            **{k: value for k, value in given.items() if value is not None},
        )
    sys.stderr.write(f'Written: {printable(out)}\n')
    return 0


def _verify(args: argparse.Namespace) -> int:
    """Check an evaluation; the exit status says whether it is right."""
    _refuse(args, 'the page', 'out', 'by', 'faces', 'reference', 'landmarks')
    if len(args.evaluations) != 2:
        args.parser.error('report verify takes one EVALUATION')
    from mmfacesr.apis.reporting.verifying import text_of, verify

    given = dict(images=args.images, seed=args.seed)
    with without_native_messages():
        checks, notes = verify(
            args.evaluations[1],
            **{k: value for k, value in given.items() if value is not None},
        )
    sys.stdout.write(text_of(checks, notes))
    return int(any(check.faults for check in checks))


def _refuse(args: argparse.Namespace, whose: str, *names: str) -> None:
    """End the program if options were given that would have no effect."""
    for name in names:
        if getattr(args, name):
            args.parser.error(f'--{name} is an option of {whose}')
