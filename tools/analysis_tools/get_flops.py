# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Count parameters and operations of a config's generator.

    python tools/analysis_tools/get_flops.py CONFIG
    python tools/analysis_tools/get_flops.py CONFIG --shape 24 16

Counts convolutions, transposed convolutions and matrix products for one image,
from the sizes of their tensors; it computes nothing. One multiply-add is one
MAC and two FLOPs. Activations, sums and interpolation are not counted. The
input size is printed too, because papers give operations for different sizes.
"""

import argparse
import inspect
import sys

import torch
from mmengine.config import Config
from torch import nn

from mmfacesr.apis.complexity import count_flops
from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options, clear_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument(
        '--shape',
        type=int,
        nargs=2,
        metavar=('H', 'W'),
        help="size of the network's input (default: the config's LR size, "
        'or its HR size if the network needs that)',
    )
    add_cfg_options(parser)
    return parser.parse_args()


def build_generator(cfg: Config) -> nn.Module:
    """Build the generator without memory for its weights."""
    import mmfacesr.models  # noqa: F401 (registers the networks)
    from mmfacesr.registry import MODELS

    with torch.device('meta'):
        return MODELS.build(cfg.model.generator).eval()


def input_size(cfg: Config, generator: nn.Module) -> tuple[int, int]:
    """Size of the network's input: LR, or HR where LR is refused.

    Raises:
        ValueError: If the config does not say it.
    """
    requirement = getattr(generator, 'size_requirement', None)
    for side in (
        cfg.get('gt_size', 0) // cfg.get('scale', 1),
        cfg.get('gt_size', 0),
    ):
        if side and (requirement is None or requirement.allows(side, side)):
            return side, side
    raise ValueError(
        'Expected a config with gt_size and scale that fit the '
        'network, got none; give --shape H W.'
    )


def count_calls(
    generator: nn.Module, shape: tuple[int, int]
) -> dict[str, int]:
    """FLOPs of every way to call the generator, by its name."""
    if 'image_only' not in inspect.signature(generator.forward).parameters:
        return {'one call': count_flops(generator, shape)}
    return {
        'all outputs, as in training': count_flops(generator, shape),
        'image_only=True, as in testing': count_flops(
            generator, shape, image_only=True
        ),
    }


def main() -> None:
    """Count and print."""
    args = parse_args()
    with clear_errors():
        cfg = load_config(args.config, args.cfg_options, import_modules=False)
        generator = build_generator(cfg)
        shape = tuple(args.shape or input_size(cfg, generator))
        parameters = sum(item.numel() for item in generator.parameters())
        lines = [
            f'network     {type(generator).__name__}',
            f'input       1 x 3 x {shape[0]} x {shape[1]} (N, C, H, W)',
            f'parameters  {parameters:,}',
        ]
        lines += [
            f'operations  {flops / 2e9:.2f} GMACs = {flops / 1e9:.2f} GFLOPs '
            f'({call})'
            for call, flops in count_calls(generator, shape).items()
        ]
        sys.stdout.write('\n'.join(lines) + '\n')


if __name__ == '__main__':
    main()
