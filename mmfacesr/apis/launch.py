# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the command-line tools share: arguments, messages, the runner.

mmengine is imported where it is used: not every command needs it, and it
takes half a second.
"""

import argparse
import os
import os.path as osp
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Optional

from mmfacesr.utils import output_file, output_folder
from mmfacesr.utils.files import FULL, MAKE_ROOM
from mmfacesr.utils.signals import (
    ending_of,
    handling,
    interruption_behind,
    status_of,
)

if TYPE_CHECKING:
    from mmengine.config import Config

EXPECTED_ERRORS = (
    OSError,
    ValueError,
    KeyError,
    ImportError,
    TypeError,
    AssertionError,
    RuntimeError,
)
BUILDING = re.compile(r'class `\w+` in \S+: ')
"""What mmengine's registries put before the reason, once for each level."""
DEBUG = 'MMFACESR_TRACEBACK'
"""Environment variable that asks for the full traceback."""
BACKENDS = ('auto', 'torch', 'compile', 'onnxruntime', 'openvino')
"""Ways to run a network, as commands offer them."""
WEIGHTS_DIR = 'MMFACESR_WEIGHTS_DIR'
"""Environment variable with the folder of downloaded weights."""


class SetWeightsDir(argparse.Action):
    """Hands the folder to whatever looks for weights, in child processes too.

    It acts while the command line is read, so that no tool and no mode of
    one can forget it.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence,
        option_string: Optional[str] = None,
    ) -> None:
        """Put the absolute folder into the environment."""
        if not values:
            parser.error(f'{option_string} needs the name of a folder')
        folder = osp.abspath(osp.expanduser(values))
        os.environ[WEIGHTS_DIR] = folder
        setattr(namespace, self.dest, folder)


def add_weights_dir(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the folder of downloaded weights."""
    parser.add_argument(
        '--weights-dir',
        action=SetWeightsDir,
        metavar='FOLDER',
        help='folder for downloaded weights (default: $MMFACESR_WEIGHTS_DIR, '
        'else $MMFACESR_HOME/weights, else ~/.cache/mmfacesr/weights)',
    )


def add_source_and_target(parser: argparse.ArgumentParser) -> None:
    """Add what tools take that turn one file of weights into another."""
    parser.add_argument(
        'source',
        help='weights: a file, a URL, or a name that `mmfacesr models` lists',
    )
    parser.add_argument(
        'target',
        type=output_file(),
        help='file to write; its ending sets the format: .pth, .pt, .ckpt or '
        '.safetensors',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace TARGET if it exists'
    )
    parser.add_argument(
        '--sha256',
        metavar='DIGITS',
        help='hash that SOURCE must have, or at least its first 8 digits',
    )
    add_weights_dir(parser)


def key_and_text(word: str) -> tuple[str, str]:
    """Split KEY=VALUE; what the text means is the config's matter."""
    key, sign, text = word.partition('=')
    if not sign or not key:
        raise argparse.ArgumentTypeError(f'expected KEY=VALUE, got {word!r}')
    return key, text


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that changes settings of a config."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action='extend',
        type=key_and_text,
        default=[],
        metavar='KEY=VALUE',
        help='change settings of the config, for example data_root=FOLDER '
        'train_dataloader.batch_size=4 tensorboard=True; a path is read as '
        'you type it, and KEY= with nothing behind it means no path',
    )


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share with MMagic's tools."""
    parser.add_argument(
        '--work-dir',
        type=output_folder,
        help='folder for logs, pictures and checkpoints (default: '
        './work_dirs/NAME_OF_THE_CONFIG)',
    )
    add_cfg_options(parser)
    add_weights_dir(parser)
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what starts several processes (default: none; dist_*.sh and '
        'slurm_*.sh set it)',
    )
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help=argparse.SUPPRESS,
    )


def positive(text: str) -> int:
    """Read a number of the command line, at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'expected at least 1, got {value}')
    return value


def add_speed(parser: argparse.ArgumentParser, batch_size: str) -> None:
    """Add how the network is run.

    Args:
        parser (ArgumentParser): Receives the options.
        batch_size (str): What it is by default, for people.
    """
    parser.add_argument(
        '--batch-size',
        type=positive,
        metavar='N',
        help=f'faces at a time (default: {batch_size}; with --fast the size '
        'that is fastest)',
    )
    parser.add_argument(
        '--fast',
        dest='backend',
        action='store_const',
        const='auto',
        help='run the network in the way that is fastest here: ways that '
        'restore the same are timed once and remembered; also --backend auto',
    )
    parser.add_argument(
        '--backend',
        choices=BACKENDS,
        help='way to run the network (default: as it was trained)',
    )
    parser.add_argument(
        '--explain',
        action='store_true',
        help='with --fast or --backend, measure anew and print the table',
    )


def prepare(cfg: 'Config', args: argparse.Namespace) -> None:
    """Carry the common arguments into the config."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg.launcher = args.launcher
    name = osp.splitext(osp.basename(args.config))[0]
    cfg.work_dir = (
        args.work_dir or cfg.get('work_dir') or osp.join('work_dirs', name)
    )


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn expected failures into one message and the exit status 1.

    Ctrl-C ends in one line and the exit status 130, SIGTERM and SIGHUP in one
    line and 143. The traceback of a failure is shown when
    ``MMFACESR_TRACEBACK=1`` is set.
    """
    try:
        with handling():
            yield
    except (Exception, KeyboardInterrupt) as error:
        stop = interruption_behind(error)
        if stop is not None:
            said = f'{ending_of(stop)}. {stop}'.rstrip()
            sys.stderr.write(f'\n{said}\n')
            sys.exit(status_of(stop))
        if not isinstance(error, EXPECTED_ERRORS) or os.environ.get(DEBUG):
            raise
        sys.stderr.write(
            f'\nError: {explain(error)}\n'
            f'(set {DEBUG}=1 for the full traceback)\n'
        )
        sys.exit(1)


def explain(error: BaseException) -> str:
    """One message from an exception, without what mmengine puts before it."""
    is_key = isinstance(error, KeyError) and error.args
    text = BUILDING.sub('', str(error.args[0] if is_key else error))
    if 'is not in the' in text and 'registry' in text:
        text += (
            '\nCheck the spelling of `type` in the config, and that its '
            '`custom_imports` names the module that registers it (those of '
            'mmfacesr are listed in _base_/default_runtime.py).'
        )
    full = isinstance(error, OSError) and error.errno in FULL
    if full and MAKE_ROOM not in text:  # written by another package
        text += f'. {MAKE_ROOM}.'
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or isinstance(error, (OSError, ValueError)):
        return text
    last = frames[-1]
    return f'{text} [{osp.basename(last.filename)}:{last.lineno}]'
