# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Export a model as one file that runs without mmfacesr.

    python tools/deployment/export.py NAME --out face.onnx
    python tools/deployment/export.py CONFIG CHECKPOINT --out face.onnx
    python tools/deployment/export.py NAME --out face.onnx --dynamic-batch
    python tools/deployment/export.py NAME --out face.onnx --dtype fp16
    python tools/deployment/export.py NAME --format torch --out face.pt

The file is run on 32 drawn faces, and its outputs are compared with those of
the model. Nothing is written if they differ.
"""

import argparse

from mmfacesr.apis.launch import add_weights_dir, clear_errors
from mmfacesr.utils import output_file


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
        choices=['fp32', 'fp16'],
        default='fp32',
        help='of weights and computation; fp16 for onnx only, at least 50 dB '
        'from fp32 (default: fp32)',
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
    parser.add_argument(
        '--out', required=True, type=output_file(), help='file to write'
    )
    parser.add_argument(
        '--force', action='store_true', help='replace the file if it exists'
    )
    add_weights_dir(parser)
    return parser.parse_args()


def export(args: argparse.Namespace) -> None:
    """Export, and say how well the file agrees with the model."""
    from mmfacesr.apis import get_model
    from mmfacesr.deploy import export_model

    done = export_model(
        get_model(args.config, args.checkpoint or True),
        args.out,
        format=args.format,
        dtype=args.dtype,
        dynamic_batch=args.dynamic_batch,
        exporter=args.exporter,
        force=args.force,
    )
    is_half = args.dtype == 'fp16'
    agreement = (
        f'{done.agreement:.1f} dB PSNR against float32'
        if is_half
        else f'a difference of {done.agreement:.2g} of the range'
    )
    print(f'Exporter: {done.exporter}')
    print(f'Worst of 32 faces: {agreement}')
    print(f'Written: {done.path}')


def main() -> None:
    """Export."""
    args = parse_args()
    with clear_errors():
        export(args)


if __name__ == '__main__':
    main()
