# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restore the faces in one picture, by the inferencer.

    python demo/face_sr_demo.py family.jpg --out restored.jpg --upscale 4

The command `mmfacesr restore` does the same for folders, with reports.
"""

import argparse

from mmfacesr.apis import FaceSRInferencer
from mmfacesr.apis.launch import clear_errors
from mmfacesr.utils import output_file


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('picture', help='path or URL')
    parser.add_argument(
        'model',
        nargs='?',
        help='name or config of a model, see `mmfacesr models` (default: the '
        'one whose weights come with mmfacesr)',
    )
    parser.add_argument(
        'weights',
        nargs='?',
        help='file, URL or name (default: those published for the model)',
    )
    parser.add_argument(
        '--out',
        type=output_file(),
        default='restored.png',
        metavar='FILE',
        help='where the result goes (default: %(default)s)',
    )
    parser.add_argument(
        '--mode',
        choices=('photo', 'aligned', 'lr'),
        default='photo',
        help='photo: find the faces and put them back; aligned: the picture '
        'is one framed face; lr: it is what the model enlarges '
        '(default: %(default)s)',
    )
    parser.add_argument(
        '--upscale',
        type=int,
        default=1,
        metavar='N',
        help='enlarge the whole picture (default: %(default)s)',
    )
    parser.add_argument(
        '--force', action='store_true', help='restore faces of any size'
    )
    parser.add_argument('--device', help='such as cuda:0 (default: the CPU)')
    return parser.parse_args()


def main() -> None:
    """Restore, and say what was done to whom."""
    args = parse_args()
    with clear_errors():
        restore = FaceSRInferencer(
            args.model, args.weights, args.device, show_progress=False
        )
        (result,) = restore(
            args.picture,
            mode=args.mode,
            upscale=args.upscale,
            force=args.force,
        )
        result.save(args.out)
        for face in result.faces:
            done = face.reason or 'restored'
            print(f'face of {face.size:.0f} pixels: {done}')
        print(f'{len(result.faces)} faces; {args.out}')


if __name__ == '__main__':
    main()
