# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the command lines of all converters share."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from mmfacesr.utils.signals import ending_of, handling, status_of


def argument_parser(description: str) -> argparse.ArgumentParser:
    """Begin a converter's command line: the root and the common options."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('root', type=Path, help='folder of the dataset')
    parser.add_argument(
        '--workers', type=int, default=1, help='processes (default: 1)'
    )
    return parser


def add_allow_incomplete(parser: argparse.ArgumentParser) -> None:
    """Add the option that turns wrong counts into warnings."""
    parser.add_argument(
        '--allow-incomplete',
        action='store_true',
        help='warn instead of stopping where images of the published dataset '
        'are missing',
    )


def require_outside(
    parser: argparse.ArgumentParser, root: Path, out: Path
) -> None:
    """Refuse an output folder inside the folder that is searched."""
    if out.resolve().is_relative_to(root.resolve()):
        parser.error(
            f'--out must lie outside ROOT, whose images are '
            f'searched; got {out} in {root}'
        )


def run(main: Callable[[], None]) -> None:
    """Run a converter; known faults end it with one line, no traceback."""
    try:
        with handling():
            main()
    except (OSError, ValueError) as error:
        sys.exit(f'Error: {error}')
    except KeyboardInterrupt as stop:
        sys.stderr.write(
            f'\n{ending_of(stop)}; run the same command again to go on.\n'
        )
        sys.exit(status_of(stop))
