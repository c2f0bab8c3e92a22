# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Take the tensors out of a file with pickled objects, running none of it.

    python tools/model_converters/extract.py SOURCE weights.pth
    python tools/model_converters/extract.py distilled-fan_pickled fan.pth
    python tools/model_converters/extract.py SOURCE weights.safetensors

For files that every tool of mmfacesr refuses: modules that were pickled whole
(torch.save(model, ...)), and checkpoints with objects beside the tensors, as
mmengine writes without mmfacesr. The classes need not be there. Tensors keep
their names, of modules the state dict is put together; all else is left out.
"""

import argparse
import os

from mmfacesr.apis.launch import add_source_and_target, clear_errors

NUM_SHOWN = 3


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_and_target(parser)
    return parser.parse_args()


def extract(args: argparse.Namespace) -> None:
    """Extract, and say what was found."""
    from mmfacesr.apis.extract_weights import extract_weights

    done = extract_weights(
        args.source, args.target, sha256=args.sha256, force=args.force
    )
    shown = ', '.join(done.keys[:NUM_SHOWN])
    shown += ', ...' if len(done.keys) > NUM_SHOWN else ''
    fits = ', '.join(done.configs) or 'no config of mmfacesr'
    print(f'read     {done.source.source}')
    print(f'         sha256 {done.source.hashes.sha256}')
    print(f'found    {len(done.keys)} tensors: {shown}')
    print(f'fits     {fits}')
    print(f'written  {done.path}')
    size = os.path.getsize(done.path)
    print(f'         sha256 {done.hashes.sha256}, {size:,} bytes')


def main() -> None:
    """Extract."""
    args = parse_args()
    with clear_errors():
        extract(args)


if __name__ == '__main__':
    main()
