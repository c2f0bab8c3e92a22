# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command ``mmfacesr``: restoring, evaluating, published weights.

The commands import torch and mmengine where they need them; a list is there
at once.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Optional

from mmfacesr.apis import published_weights
from mmfacesr.apis.comparing import command as comparing
from mmfacesr.apis.evaluating import command as evaluating
from mmfacesr.apis.launch import add_weights_dir, clear_errors
from mmfacesr.apis.lr_images import command as lr_images
from mmfacesr.apis.reporting import command as reporting
from mmfacesr.apis.restoring import arguments, command
from mmfacesr.apis.robustness import command as robust
from mmfacesr.apis.videos import command as videos
from mmfacesr.apis.web import command as web
from mmfacesr.version import __version__


def make_parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog='mmfacesr',
        description='Restore faces in pictures, in videos and on a page, '
        'measure results, list and download weights.',
    )
    parser.add_argument('--version', action='version', version=__version__)
    commands = parser.add_subparsers(
        dest='command', required=True, metavar='COMMAND'
    )
    for name, short, text, add_arguments, run in COMMANDS:
        added = commands.add_parser(
            name,
            help=short,
            description=text,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run, parser=added)
        add_weights_dir(added)
        add_arguments(added)
    return parser


COMMANDS = (
    (
        'restore',
        'restore the faces in pictures',
        arguments.HELP,
        arguments.add_arguments,
        command.restore,
    ),
    (
        'video',
        'restore the faces in a video',
        videos.HELP,
        videos.add_arguments,
        videos.video,
    ),
    (
        'web',
        'restore faces on a page in the browser',
        web.HELP,
        web.add_arguments,
        web.web,
    ),
    (
        'evaluate',
        'measure a folder of results',
        evaluating.HELP,
        evaluating.add_arguments,
        evaluating.evaluate,
    ),
    (
        'compare',
        'compare evaluations of the same faces',
        comparing.HELP,
        comparing.add_arguments,
        comparing.compare,
    ),
    (
        'report',
        'write a page about evaluations, or check one',
        reporting.HELP,
        reporting.add_arguments,
        reporting.report,
    ),
    (
        'doctor',
        'say what LR files are like',
        lr_images.DOCTOR_HELP,
        lr_images.add_doctor_arguments,
        lr_images.doctor,
    ),
    (
        'fingerprint',
        "find the protocol of a paper's bicubic row",
        lr_images.FINGERPRINT_HELP,
        lr_images.add_fingerprint_arguments,
        lr_images.fingerprint,
    ),
    (
        'robustness',
        'measure a model under changes of its faces',
        robust.HELP,
        robust.add_arguments,
        robust.robustness,
    ),
    (
        'models',
        'list the published weights',
        published_weights.MODELS_HELP,
        published_weights.add_models_arguments,
        published_weights.models,
    ),
    (
        'download',
        'download weights',
        published_weights.DOWNLOAD_HELP,
        published_weights.add_download_arguments,
        published_weights.download,
    ),
)
"""Name, what it does, help, what adds its arguments, what runs it."""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run a command and return the exit status."""
    args = make_parser().parse_args(argv)
    with clear_errors():
        return args.run(args)


if __name__ == '__main__':
    sys.exit(main())
