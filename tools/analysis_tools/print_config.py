# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
r"""Print the config that the tools work with: bases and options merged.

    python tools/analysis_tools/print_config.py CONFIG
    python tools/analysis_tools/print_config.py CONFIG \
        --cfg-options data_root=my/faces train_dataloader.batch_size=4
    python tools/analysis_tools/print_config.py CONFIG --out whole_config.py

It builds nothing and reads no data.
"""

import argparse
import sys

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options, clear_errors
from mmfacesr.utils import output_file, write_atomic


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    add_cfg_options(parser)
    parser.add_argument(
        '--out',
        type=output_file('.py'),
        metavar='FILE.py',
        help='also write the config to a file, which is a config itself',
    )
    return parser.parse_args()


def main() -> None:
    """Print the config."""
    args = parse_args()
    with clear_errors():
        # Nothing is built: what the config would register is not needed.
        cfg = load_config(args.config, args.cfg_options, import_modules=False)
        sys.stdout.write(f'{cfg.pretty_text}\n')
        if args.out:
            write_atomic(args.out, cfg.pretty_text.encode())


if __name__ == '__main__':
    main()
