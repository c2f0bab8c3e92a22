# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Draw where a network looks: its attention maps over faces.

    python tools/analysis_tools/draw_attention.py CONFIG CHECKPOINT
        --input FACES --save-dir SHEETS

For networks with attention maps (SPARNet). Each row is a face: the input, the
output, then the map of every unit from first to last, blue where it is low
and red where it is high. If a unit has one map for each channel, their mean is
shown. Each map is stretched to its own range; with --absolute, 0 is blue and 1
is red.
"""

import argparse
import os.path as osp
import sys

import numpy as np
from torch import Tensor, nn

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options, clear_errors
from mmfacesr.utils import output_folder


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--input', metavar='FOLDER', required=True, help='folder of faces'
    )
    parser.add_argument(
        '--save-dir',
        type=output_folder,
        metavar='FOLDER',
        required=True,
        help='folder for the sheets, attention_000.png and so on',
    )
    parser.add_argument(
        '--units',
        nargs='+',
        metavar='NAME',
        help='units, for example encoder.1 res_layers.0 (default: all)',
    )
    parser.add_argument(
        '--absolute',
        action='store_true',
        help='use the range 0 to 1 for all maps, not the range of each',
    )
    parser.add_argument(
        '--limit', type=int, default=32, help='maximum number of faces (32)'
    )
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.limit < 1:
        parser.error('--limit must be at least 1')
    return args


def to_level(maps: Tensor, absolute: bool) -> np.ndarray:
    """(C, h, w) attention to (h, w) in [0, 1] for drawing."""
    level = maps.float().mean(dim=0).cpu().numpy()
    if absolute:
        return level
    return (level - level.min()) / max(np.ptp(level), 1e-6)


def choose(maps: dict[str, Tensor], units: list[str] | None) -> dict:
    """Keep the maps that were asked for.

    Raises:
        ValueError: If there is no such unit; names those there are.
    """
    unknown = set(units or ()) - set(maps)
    if unknown:
        raise ValueError(
            f'Expected --units from {list(maps)}, got {sorted(unknown)}.'
        )
    return {name: maps[name] for name in units or maps}


def draw_sheet(
    model: nn.Module, batch: list[dict], args: argparse.Namespace
) -> np.ndarray:
    """Draw the sheet of a batch of samples, (H, W, 3) uint8 RGB."""
    from mmengine.dataset import pseudo_collate

    from mmfacesr.apis.restore_folder import predict
    from mmfacesr.utils.visualization import comparison_sheet, overlay_map

    samples = [{k: v for k, v in s.items() if k != 'file'} for s in batch]
    inputs = model.data_preprocessor(pseudo_collate(samples))['inputs']
    maps = choose(model.generator.attention_maps(inputs), args.units)
    # packed as (3, H, W) RGB
    images = [s['inputs'].permute(1, 2, 0).byte().numpy() for s in batch]
    restored = [image for _, image in predict(model, batch)]
    columns = {'input': images, 'SR': restored}
    for name, values in maps.items():
        columns[name] = [
            overlay_map(image, to_level(value, args.absolute))
            for image, value in zip(images, values)
        ]
    return comparison_sheet(columns)


def draw(args: argparse.Namespace) -> int:
    """Draw the sheets; the exit status says whether there are any."""
    from mmfacesr.apis.networks import folders_with
    from mmfacesr.apis.restore_folder import load_model
    from mmfacesr.apis.sheets import draw_folder

    cfg = load_config(args.config, args.cfg_options)
    model = load_model(cfg, args.checkpoint)
    if not hasattr(model.generator, 'attention_maps'):
        raise ValueError(
            'Expected a network with attention maps, got a '
            f'{type(model.generator).__name__}; give a config of '
            f'{folders_with("attention_maps")}.'
        )
    count = draw_folder(
        cfg,
        args.input,
        args.limit,
        lambda batch: draw_sheet(model, batch, args),
        osp.join(args.save_dir, 'attention'),
    )
    return 0 if count else 1


def main() -> None:
    """Draw."""
    args = parse_args()
    with clear_errors():
        sys.exit(draw(args))


if __name__ == '__main__':
    main()
