# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Write weights in another layout.

    python tools/model_converters/convert.py CONFIG SOURCE TARGET
    python tools/model_converters/convert.py CONFIG SOURCE dic.safetensors
    python tools/model_converters/convert.py CONFIG SOURCE A.pth --to LAYOUT

SOURCE may have any layout that mmfacesr reads; it is recognized. The ending
of TARGET sets the format: .pth, .pt, .ckpt or .safetensors. The file is read
back and compared bit by bit before it gets its name.
"""

import argparse
import os

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_source_and_target, clear_errors
from mmfacesr.utils import printable


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    from mmfacesr.apis.convert_weights import layout_names
    from mmfacesr.apis.networks import PARTS
    from mmfacesr.weights.layouts import OURS

    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    add_source_and_target(parser)
    parser.add_argument(
        '--to',
        metavar='LAYOUT',
        default=OURS.name,
        help=f'{", ".join(layout_names())} (default: {OURS.name}); README.md '
        'beside this file says which networks each one is for',
    )
    parser.add_argument(
        '--part',
        choices=PARTS,
        help='write only this network (default: the generator, and the '
        'discriminator if config, source and layout have one)',
    )
    return parser.parse_args()


def convert(args: argparse.Namespace) -> None:
    """Convert, and say what was read and written."""
    from mmfacesr.apis.convert_weights import convert_weights

    done = convert_weights(
        load_config(args.config, import_modules=False),
        args.source,
        args.target,
        layout=args.to,
        part=args.part,
        sha256=args.sha256,
        force=args.force,
    )
    print(f'read     {printable(done.source.source)}')
    print(f'         sha256 {done.source.hashes.sha256}')
    for part, layout in done.read.items():
        print(f'         {part}: layout {layout}')
    for part, reason in done.left_out.items():
        print(f'no {part} was written: {reason}')
    size = os.path.getsize(done.path)
    print(f'written  layout {done.layout}: {printable(done.path)}')
    print(f'         sha256 {done.hashes.sha256}, {size:,} bytes')


def main() -> None:
    """Convert."""
    args = parse_args()
    with clear_errors():
        convert(args)


if __name__ == '__main__':
    main()
