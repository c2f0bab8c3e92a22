# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The arguments of ``mmfacesr restore``."""

import argparse
from functools import partial
from pathlib import Path

from mmfacesr.apis.launch import add_speed
from mmfacesr.utils import output_folder

HELP = """\
Restore the faces in pictures: find them, restore those that the method makes
better, and put them back. Everything else of a picture stays as it is.

  mmfacesr restore family.jpg -o out --upscale 4
  mmfacesr restore photos -o out                 a folder, its tree kept
  mmfacesr restore 'photos/*.png' -o out --dry-run             say to whom
  mmfacesr restore faces -o out --aligned        pictures of one face each
  mmfacesr restore photos -o out -m MODEL        by other weights
  find . -name '*.jpg' | mmfacesr restore - -o out

In OUT: restored/ with the pictures, faces/ with what each network was given
and made, preds/ with a report on every picture, and summary.json. Run the same
command again after an interruption: what is done is kept.

Exit status: 0 all done, 1 nothing could be done, 2 wrong arguments, 3 some
pictures failed (they are named), 130 interrupted.
"""
ENDINGS = ('auto', 'png', 'jpg', 'webp', 'tif', 'bmp')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr restore`` takes."""
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='picture, folder, pattern or URL; - reads a list of these from '
        'the standard input',
    )
    parser.add_argument(
        '-o',
        '--out',
        required=True,
        type=partial(output_folder, kind=Path),
        metavar='OUT',
        help='folder for the results, outside of the inputs',
    )
    add_model(parser)
    _add_choices(parser)
    _add_results(parser)
    parser.add_argument(
        '--device', help='such as cuda:0 (default: a GPU if there is one)'
    )
    add_speed(parser, batch_size='16')


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add what restores."""
    parser.add_argument(
        '-m',
        '--model',
        help='name or config of a model; `mmfacesr models` lists those with '
        'published weights (default: the one whose weights come with '
        'mmfacesr)',
    )
    parser.add_argument(
        '--weights',
        help='weights of the model: a file, a URL or a name (default: those '
        'published for it)',
    )


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """Add what chooses faces."""
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        '--aligned',
        action='store_true',
        help='each picture is one face, framed as in the training of the '
        'model, of any size',
    )
    mode.add_argument(
        '--lr',
        action='store_true',
        help='each picture is exactly what the model enlarges, such as a face '
        'of 16x16 pixels',
    )
    parser.add_argument(
        '--only-center-face',
        action='store_true',
        help='restore the face nearest to the center alone',
    )
    add_faces(parser)


def add_faces(parser: argparse.ArgumentParser) -> None:
    """Add which faces of pictures, or of a video, are restored, and how."""
    for name, what in (('min', 'smaller'), ('max', 'larger')):
        parser.add_argument(
            f'--{name}-face',
            type=float,
            metavar='PX',
            help=f'leave faces alone whose square is {what} than this '
            '(default: what the model declares)',
        )
    parser.add_argument(
        '--force',
        action='store_true',
        help='restore faces of any size; with --no-back-project large ones '
        'are invented anew',
    )
    parser.add_argument(
        '--no-back-project',
        dest='back_project',
        action='store_false',
        help='take the faces as the network makes them, even where '
        'they disagree with what was there',
    )
    parser.add_argument(
        '--upscale',
        type=int,
        default=1,
        metavar='N',
        help='enlarge the whole picture by a whole number, by Lanczos where '
        'there is no face (default: %(default)s)',
    )
    parser.add_argument(
        '--boxes',
        choices=('mediapipe', 'yunet'),
        default='mediapipe',
        help='what finds faces; yunet is downloaded (default: %(default)s)',
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    """Add what is said of the results."""
    parser.add_argument(
        '--ext',
        choices=ENDINGS,
        default='auto',
        help='format of the results (default: that of the input)',
    )
    parser.add_argument(
        '--suffix',
        default='',
        metavar='TEXT',
        help='put behind the names of results, such as _sr',
    )
    parser.add_argument(
        '--quality',
        type=int,
        choices=range(1, 101),
        metavar='1-100',
        help='of JPEG and WebP (default: as the input)',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='make every result again, and replace other files of the names',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='say what would be done, and write nothing',
    )
    parser.add_argument(
        '--json',
        action='store_true',
        help='print the summary to the standard output',
    )
