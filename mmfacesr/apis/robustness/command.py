# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr robustness``: a model under changes of the face and the LR."""

import argparse
import sys
from pathlib import Path

from mmfacesr.apis.launch import positive
from mmfacesr.utils import output_folder, printable
from mmfacesr.utils.native_messages import without_native_messages

NAMES = ('shift', 'rotation', 'scale', 'blur', 'noise', 'jpeg', 'kernel')
HELP = """\
Measure how the results of a model depend on what was not so in its training.

  mmfacesr robustness --data FACES --crop-size 128 --out results/robustness
  mmfacesr robustness MODEL --data FACES --changes shift rotation
  mmfacesr robustness MODEL WEIGHTS --data FACES --limit 50 --nme

FACES are HR faces. Their frame is shifted, turned and scaled, and the ground
truth with it; or the LR face is made of a blurred face, gets noise, becomes a
JPEG, or is made by another recipe. PSNR and SSIM are those of the protocol
rgb, beside those of the same LR face enlarged by Pillow bicubic.

Frames move within the files: with --crop-size 128 and files of 160 pixels
there are 16 on each side. No border is invented. Strengths for which some
file has no room are left out and named. Written are

  OUT/robustness.csv   mean, 95 % interval and number of faces of every value
  OUT/robustness.json  what was measured
  OUT/robustness.png   PSNR, a panel each change; also as .svg, and a picture
                       for each other value

Rows that are there are kept: interrupted, the same command goes on, and other
--changes are added. Another model or other faces begin anew.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr robustness`` takes."""
    parser.add_argument(
        'model',
        nargs='?',
        metavar='MODEL',
        help='name or config of a model (default: the one whose weights come '
        'with mmfacesr)',
    )
    parser.add_argument(
        'weights',
        nargs='?',
        metavar='WEIGHTS',
        help='a file, a URL or a name (default: those published for MODEL)',
    )
    parser.add_argument(
        '--data',
        required=True,
        type=Path,
        metavar='FACES',
        help='folder of HR faces, framed as the model expects',
    )
    parser.add_argument(
        '--crop-size',
        type=positive,
        metavar='PX',
        help='side of the central square that is the face (default: all, '
        'which leaves the frame no room)',
    )
    parser.add_argument(
        '--limit', type=positive, metavar='N', help='the first N faces alone'
    )
    parser.add_argument(
        '--changes',
        nargs='+',
        choices=NAMES,
        default=NAMES,
        metavar='NAME',
        help=f'of {", ".join(NAMES)} (default: all)',
    )
    parser.add_argument(
        '--nme',
        action='store_true',
        help='also look for landmarks by MediaPipe in results and ground '
        'truth: their distance, and the share of faces not found any more',
    )
    parser.add_argument(
        '--out',
        type=output_folder,
        default='robustness',
        metavar='DIR',
        help='folder for table and pictures (default: ./robustness)',
    )


def robustness(args: argparse.Namespace) -> int:
    """Measure, write, draw, and print the table."""
    from mmfacesr.apis.robustness.running import run

    with without_native_messages():  # MediaPipe warns of itself
        results = run(
            args.data,
            args.out,
            args.model,
            args.weights,
            args.changes,
            crop_size=args.crop_size,
            limit=args.limit,
            nme=args.nme,
        )
    sys.stdout.write(results.table())
    sys.stderr.write(f'Written: {printable(args.out)}\n')
    return 0
