# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Make a file to publish from a training checkpoint.

    python tools/model_converters/publish.py work_dirs/NAME/iter_150000.pth
    python tools/model_converters/publish.py CHECKPOINT public --config CONFIG
    python tools/model_converters/publish.py CHECKPOINT --half

The file holds only the generator's weights, the averaged ones if there are
any: no optimizer, no discriminator, no logs, no paths, no time. Its name ends
with the first digits of its hash, NAME-0123abcd.pth, so that everyone can
check it after a download.
"""

import argparse

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import clear_errors
from mmfacesr.utils import output_folder


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('checkpoint', help='checkpoint of a training')
    parser.add_argument(
        'out_dir',
        type=output_folder,
        nargs='?',
        default='.',
        help='folder for the new file (default: the current one)',
    )
    parser.add_argument(
        '--config',
        help='config file, or the name of one, whose generator the weights '
        'must fit (default: the config that the checkpoint carries)',
    )
    parser.add_argument(
        '--weights',
        choices=['auto', 'plain', 'ema'],
        default='auto',
        help='the plain weights or their moving average (default: the '
        'average if there is one)',
    )
    parser.add_argument(
        '--format',
        choices=['pth', 'safetensors'],
        default='pth',
        help='format of the file (default: pth)',
    )
    parser.add_argument(
        '--half',
        action='store_true',
        help='round to float16, for a file of half the size',
    )
    parser.add_argument(
        '--name',
        help='beginning of the file name (default: the name of the config)',
    )
    parser.add_argument(
        '--force', action='store_true', help='replace a file with that name'
    )
    return parser.parse_args()


def publish(args: argparse.Namespace) -> None:
    """Publish, and print what goes into a metafile."""
    from mmfacesr.apis.publish_weights import publish_weights

    cfg = args.config and load_config(args.config, import_modules=False)
    done = publish_weights(
        args.checkpoint,
        args.out_dir,
        cfg=cfg or None,
        weights=args.weights,
        suffix=f'.{args.format}',
        name=args.name,
        force=args.force,
        half=args.half,
    )
    fits = f'they fit {done.network}'
    if not done.network:
        fits = f'NOT checked against a network: {done.unchecked}'
    print(f'Weights: {done.chosen}; {fits}')
    print(f'Written: {done.path}')
    print('\nFor the metafile, with your address for HOST/FOLDER:\n')
    print(f'    Weights: https://HOST/FOLDER/{done.path.name}')
    print(f'    Weights SHA256: {done.hashes.sha256}')


def main() -> None:
    """Publish."""
    args = parse_args()
    with clear_errors():
        publish(args)


if __name__ == '__main__':
    main()
