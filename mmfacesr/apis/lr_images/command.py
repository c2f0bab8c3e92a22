# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr doctor`` and ``mmfacesr fingerprint``."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mmfacesr.apis.launch import positive
from mmfacesr.utils import printable

if TYPE_CHECKING:
    import numpy as np

    from mmfacesr.apis.lr_images.fingerprint import Printed

DOCTOR_HELP = """\
Say what LR files are like, what that costs a method, and what to do.

  mmfacesr doctor LR
  mmfacesr doctor LR --hr HR
  mmfacesr doctor LR --hr HR --model NAME

LR and HR are folders of images; an LR file and its HR face have one name but
for the ending. Without HR: size, enlarged copies, format, traces of JPEG,
channels. With HR also channel order for sure, framing, LR kernel, and what the
method loses against LR files of its own recipe. Each finding has a word for
how sure it is: certain, likely, possible or unknown.
"""
FINGERPRINT_HELP = """\
Find which protocol and LR kernel give the bicubic row that a paper prints.

  mmfacesr fingerprint HR --psnr 23.48 --ssim 0.6346
  mmfacesr fingerprint HR --psnr 23.48 --crop-size 128
  mmfacesr fingerprint HR --psnr 23.48 --lr LR
  mmfacesr fingerprint HR --confusion

HR is the folder of the test set that the paper names. Its faces are reduced by
every named kernel, enlarged by bicubic filters, and measured by every
protocol. Write the numbers with the digits of the paper: 23.50, not 23.5. What
rounds to them cannot be told apart, and is marked. --confusion takes each
kernel and protocol as the truth in turn and says what is found.
"""


def add_doctor_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr doctor`` takes."""
    parser.add_argument(
        'lr', type=Path, metavar='LR', help='folder of LR files'
    )
    parser.add_argument(
        '--hr', type=Path, metavar='HR', help='folder of their HR faces'
    )
    parser.add_argument(
        '--model',
        metavar='NAME',
        help='name or config of the method (default: the model whose weights '
        'are in the package)',
    )
    parser.add_argument(
        '--weights',
        metavar='FILE',
        help='its weights: a file, a URL or a name (default: the published '
        'ones)',
    )
    parser.add_argument(
        '--limit',
        type=positive,
        default=100,
        metavar='N',
        help='look at the pixels of N files, evenly spread (default: '
        '%(default)s)',
    )
    parser.add_argument(
        '--json', action='store_true', help='print everything as JSON'
    )


def doctor(args: argparse.Namespace) -> int:
    """Look, and print what is found."""
    from mmfacesr.apis.lr_images.doctor import examine
    from mmfacesr.apis.lr_images.texts import text_of

    if args.hr is None and (args.model or args.weights):
        args.parser.error('--model and --weights need the HR faces: --hr')
    model = None
    if args.hr is not None:
        from mmfacesr.apis.models import get_model

        weights = args.weights or (True if args.model else None)
        model = get_model(args.model, weights)
    found = examine(args.lr, args.hr, model, args.limit)
    if args.json:
        sys.stdout.write(json.dumps(found.to_dict(), indent=2) + '\n')
    else:
        sys.stdout.write(text_of(found))
    return 0


def add_fingerprint_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr fingerprint`` takes."""
    parser.add_argument(
        'hr', type=Path, metavar='HR', help='folder of HR faces'
    )
    parser.add_argument(
        '--psnr', metavar='DB', help='PSNR of the row, as printed'
    )
    parser.add_argument(
        '--ssim', metavar='SSIM', help='SSIM of the row, as printed'
    )
    parser.add_argument(
        '--confusion',
        action='store_true',
        help='say which kernels and protocols can be told apart here',
    )
    parser.add_argument(
        '--scale',
        type=int,
        choices=(4, 8),
        default=8,
        help='factor of the LR faces (default: %(default)s)',
    )
    parser.add_argument(
        '--lr',
        type=Path,
        metavar='LR',
        help='folder of the LR files that the paper has used, in place of '
        'the kernels',
    )
    parser.add_argument(
        '--crop-size',
        type=positive,
        metavar='PX',
        help='side of the central square that is the face (default: all)',
    )
    parser.add_argument(
        '--limit', type=positive, metavar='N', help='use the first N faces'
    )
    parser.add_argument(
        '--tolerance',
        type=float,
        default=0.0,
        metavar='UNITS',
        help='units of the last digit that are forgiven beside the rounding '
        '(default: 0)',
    )


def fingerprint(args: argparse.Namespace) -> int:
    """Measure, and print what fits."""
    from mmfacesr.apis.lr_images import fingerprint as found
    from mmfacesr.apis.lr_images.texts import confusion_text, ranking_text

    row = _row(args)
    if not (row or args.confusion):
        args.parser.error('give --psnr, --ssim or --confusion')
    names, faces = _faces(args)
    lr = _lr_files(args.lr, names) if args.lr else None
    enlargers = ('pillow',) if args.confusion else tuple(found.ENLARGERS)
    candidates = found.measure_candidates(faces, args.scale, enlargers, lr)
    text = f'{len(faces)} faces, x{args.scale}\n'
    if args.confusion:
        pairs = found.confusions(candidates, args.tolerance)
        text += confusion_text(pairs)
    if row:
        text += ranking_text(found.rank(candidates, row, args.tolerance), row)
    sys.stdout.write(text)
    return 0


def _row(args: argparse.Namespace) -> dict[str, 'Printed']:
    """The printed numbers that are given."""
    from mmfacesr.apis.lr_images.fingerprint import Printed

    given = dict(PSNR=args.psnr, SSIM=args.ssim)
    return {name: Printed.read(text) for name, text in given.items() if text}


def _faces(
    args: argparse.Namespace,
) -> tuple[list[str], list['np.ndarray']]:
    """Names and central squares of the HR faces.

    Raises:
        ValueError: If they have not one size, which the scale divides.
    """
    import numpy as np

    from mmfacesr.utils.image_folders import list_images
    from mmfacesr.utils.images import read_image

    names, faces = list_images(args.hr)[: args.limit], []
    for name in names:
        image = read_image(args.hr / name)
        side = args.crop_size or min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        part = image[max(0, top) : top + side, max(0, left) : left + side]
        if part.shape[:2] != (side, side) or side % args.scale:
            raise ValueError(
                f'Expected faces of at least {side}x{side} pixels, a '
                f'multiple of {args.scale}, got {image.shape[1]}x'
                f'{image.shape[0]} in {printable(name)}; give --crop-size.'
            )
        faces.append(np.ascontiguousarray(part))
    return names, faces


def _lr_files(folder: Path, names: list[str]) -> list['np.ndarray']:
    """The LR files of faces, by their names without endings."""
    from mmfacesr.datasets.lr_pairs import find_partners
    from mmfacesr.utils.images import read_image

    return [read_image(folder / name) for name in find_partners(names, folder)]
