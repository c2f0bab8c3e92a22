# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
r"""Export a model as one file that runs without mmfacesr.

    python tools/deployment/export.py NAME --out face.onnx
    python tools/deployment/export.py CONFIG CHECKPOINT --out face.onnx
    python tools/deployment/export.py NAME --out face.onnx --dynamic-batch
    python tools/deployment/export.py NAME --out face.onnx --dtype fp16
    python tools/deployment/export.py NAME --out face.onnx --dtype int8 \
        --data FACES --keep-float auto
    python tools/deployment/export.py NAME --format torch --out face.pt

The file is run on 32 drawn faces, and its outputs are compared with those of
the model. Nothing is written if they differ.

int8 is calibrated on one half of the HR faces of --data, reduced as in the
training, and judged by the other half: at most 0.2 dB PSNR against the ground
truth may be lost in the mean and 0.5 dB in a face, and landmarks must stay
where they are. Else nothing is written, and the layers that cost most are
named.
"""

import argparse
from typing import TYPE_CHECKING

from mmfacesr.apis.launch import add_weights_dir, clear_errors
from mmfacesr.apis.measuring import add_faces, load_faces
from mmfacesr.utils import output_file

if TYPE_CHECKING:
    from mmfacesr.deploy import Int8


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='name or config of a model')
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='weights: a file, a URL or a name (default: those published for '
        'the model)',
    )
    parser.add_argument(
        '--format',
        choices=['onnx', 'torch'],
        default='onnx',
        help='onnx, or torch for TorchScript (default: onnx)',
    )
    parser.add_argument(
        '--dtype',
        choices=['fp32', 'fp16', 'int8'],
        default='fp32',
        help='of weights and computation, for onnx; fp16: at least 50 dB '
        'from fp32; int8: see above (default: fp32)',
    )
    parser.add_argument(
        '--dynamic-batch',
        action='store_true',
        help='take batches of any size (default: one face)',
    )
    parser.add_argument(
        '--exporter',
        choices=['auto', 'dynamo', 'torchscript'],
        default='auto',
        help="torch's newer or older exporter of onnx (default: the first "
        'that can)',
    )
    group = parser.add_argument_group('int8')
    group.add_argument(
        '--calibration',
        choices=['minmax', 'entropy'],
        help='of the ranges of activations: all values, or clipped where the '
        'Kullback-Leibler divergence is least (default: minmax)',
    )
    add_faces(group, 'drawn faces')
    group.add_argument(
        '--keep-float',
        nargs='+',
        metavar='LAYER',
        help='layers that stay in float32: names or patterns such as '
        "'*/head/*'; auto: those that cost most, as many as it needs",
    )
    parser.add_argument(
        '--out', required=True, type=output_file(), help='file to write'
    )
    parser.add_argument(
        '--force', action='store_true', help='replace the file if it exists'
    )
    add_weights_dir(parser)
    return parser.parse_args()


INT8_ONLY = ('calibration', 'data', 'crop_size', 'limit', 'keep_float')


def int8_of(args: argparse.Namespace, side: int) -> 'Int8 | None':
    """Read the settings of int8.

    Args:
        args (Namespace): The command line.
        side (int): Of the HR faces.

    Raises:
        ValueError: If there are some for another dtype.
    """
    from mmfacesr.deploy import Int8

    if args.dtype == 'int8':
        return Int8(
            args.calibration or 'minmax',
            load_faces(args, side)[1] if args.data else None,
            args.keep_float or (),
        )
    given = [name for name in INT8_ONLY if getattr(args, name) is not None]
    if given:
        raise ValueError(
            f'Expected --{given[0].replace("_", "-")} with --dtype int8 '
            f'alone, got {args.dtype}; leave it out.'
        )
    return None


def export(args: argparse.Namespace) -> None:
    """Export, and say how well the file agrees with the model."""
    from mmfacesr.apis import get_model
    from mmfacesr.deploy import export_model

    model = get_model(args.config, args.checkpoint or True)
    if model.facts is None:
        raise ValueError(
            f'Expected a model that restores faces, got {args.config}; '
            'choose another one.'
        )
    done = export_model(
        model,
        args.out,
        format=args.format,
        dtype=args.dtype,
        dynamic_batch=args.dynamic_batch,
        exporter=args.exporter,
        force=args.force,
        int8=int8_of(args, model.facts.gt_size),
    )
    is_half = args.dtype == 'fp16'
    agreement = (
        f'{done.agreement:.1f} dB PSNR against float32'
        if is_half
        else f'a difference of {done.agreement:.2g} of the range'
    )
    print(f'Exporter: {done.exporter}')
    if done.cost is None:
        print(f'Worst of 32 faces: {agreement}')
    else:
        print(f'Against float32: {done.cost.text()}')
        print(f'Layers in float: {", ".join(done.kept_float) or "none"}')
    print(f'Written: {done.path}')


def main() -> None:
    """Export."""
    args = parse_args()
    with clear_errors():
        export(args)


if __name__ == '__main__':
    main()
