# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr evaluate``: two folders, every protocol."""

import argparse
import sys
from pathlib import Path

from mmfacesr.apis.evaluating.named_sets import NAMED_SETS
from mmfacesr.apis.launch import positive
from mmfacesr.utils import output_folder, printable
from mmfacesr.utils.native_messages import without_native_messages

HELP = """\
Measure the results of any program against their ground truth.

  mmfacesr evaluate SR HR --out results/mine
  mmfacesr evaluate SR HR --lr LR --protocol all --out results/mine
  mmfacesr evaluate SR HR --metrics lpips-alex nme --out results/mine

SR and HR are folders of images. They are paired by their names without
endings, below sub-folders too. A face that is missing on one side, or of
another size, is an error: there is no value of half a set. Written are

  OUT/summary.json    every value with its interval, and what it was made of
  OUT/per_image.csv   every value of every face, and the hashes of its files
  OUT/report.html     a page to look at, which opens without a network

docs/metrics.md says what each protocol compares. Interrupted, the same
command goes on where it was stopped. Then compare two such folders by
`mmfacesr compare`.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr evaluate`` takes."""
    parser.add_argument(
        'sr', type=Path, metavar='SR', help='folder of results'
    )
    parser.add_argument(
        'hr', type=Path, metavar='HR', help='folder of ground truth'
    )
    parser.add_argument(
        '--lr', type=Path, metavar='LR', help='folder of inputs'
    )
    parser.add_argument(
        '--out',
        type=output_folder,
        required=True,
        metavar='DIR',
        help='folder for the evaluation',
    )
    parser.add_argument(
        '--protocol',
        nargs='+',
        default=['rgb'],
        metavar='NAME',
        help='protocols by name, or all (default: rgb)',
    )
    parser.add_argument(
        '--metrics',
        nargs='+',
        default=[],
        metavar='NAME[=FILE]',
        help='further metrics by name, such as nme, or lpips-alex=FILE with '
        'its weights; a wrong one lists them',
    )
    parser.add_argument(
        '--name',
        metavar='TEXT',
        help='what the method is called (default: the name of SR)',
    )
    parser.add_argument(
        '--crop-border',
        type=int,
        default=8,
        metavar='PX',
        help='pixels that the protocol rgb cuts off each side, as many as '
        'the scale (default: %(default)s)',
    )
    parser.add_argument(
        '--set',
        dest='named_set',
        choices=list(NAMED_SETS),
        help='refuse faces that are not this test set of papers: '
        + '; '.join(f'{k}: {v.about}' for k, v in NAMED_SETS.items()),
    )
    parser.add_argument(
        '--suffix',
        default='',
        metavar='TEXT',
        help='what stands behind the names of results, such as _sr',
    )
    parser.add_argument(
        '--workers',
        type=positive,
        default=1,
        metavar='N',
        help='processes; the values do not depend on it (default: 1)',
    )
    parser.add_argument(
        '--no-report', action='store_true', help='do not write report.html'
    )


def evaluate(args: argparse.Namespace) -> int:
    """Evaluate, write, and print the means."""
    from mmfacesr.apis.evaluating.folders import evaluate_folders
    from mmfacesr.apis.reporting.page import PAGE, write_report

    # MediaPipe's notes at its start
    with without_native_messages():
        found = evaluate_folders(
            args.sr,
            args.hr,
            args.out,
            args.lr,
            args.protocol,
            args.metrics,
            method=args.name,
            crop_border=args.crop_border,
            suffix=args.suffix,
            workers=args.workers,
            named_set=args.named_set,
        )
    sys.stdout.write(text_of(found.summary))
    if not args.no_report:
        write_report([args.out], Path(args.out, PAGE))
    sys.stderr.write(f'Written: {printable(args.out)}\n')
    return 0


def text_of(summary: dict) -> str:
    """The values as lines for a person."""
    lines = [f'{summary["method"]}: {summary["images"]} images']
    if of_paper := summary.get('set'):
        lines.append(f'  {of_paper["name"]}: {of_paper["about"]}')
    for name, value in summary['values'].items():
        mean, interval = value['mean'], value.get('interval')
        said = 'without a value' if mean is None else f'{mean:.4f}'
        if interval:
            said += f'  [{interval[0]:.4f}, {interval[1]:.4f}]'
            said += f'  {value["detectable"]:.4f}'
        elif value['pooled']:
            said += '  (one value of the set)'
        lines.append(f'  {name:<24}{said}')
    lines.append(
        'Mean [95 % interval], and the smallest difference to a method of '
        'other images\nthat so many could show; on the same images, '
        '`mmfacesr compare` shows smaller ones.'
    )
    if summary['identical']:
        lines.append(
            f'{len(summary["identical"])} results equal their ground truth '
            'and are left out of the mean of PSNR.'
        )
    return '\n'.join(lines) + '\n'
