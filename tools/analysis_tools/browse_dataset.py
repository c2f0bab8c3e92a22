# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
r"""Draw a sheet of what a config's pipeline feeds to the network.

    python tools/analysis_tools/browse_dataset.py CONFIG
    python tools/analysis_tools/browse_dataset.py CONFIG --split val --num 4
    python tools/analysis_tools/browse_dataset.py CONFIG \
        --cfg-options data_root=my/faces --out faces.png

Each row is a face: the LR input (its pixels enlarged), the HR target, and, if
the pipeline has them, the landmarks and the heatmaps over the face, colored by
part of the face. The file name is below. Augmentation is on, so another --seed
shows other faces with other crops and flips.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Optional

import numpy as np
from mmengine.dataset import BaseDataset
from torch import Tensor

from mmfacesr.apis.config import load_config
from mmfacesr.apis.launch import add_cfg_options, clear_errors
from mmfacesr.faces.drawing import mark_points, paint_heatmaps
from mmfacesr.utils import output_file
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import write_image
from mmfacesr.utils.visualization import comparison_sheet, fit

CELL = 256
"""Side in pixels of a picture on the sheet."""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='config file, or the name of one')
    parser.add_argument(
        '--split',
        choices=['train', 'val', 'test'],
        default='train',
        help='dataset of the config, with its pipeline (default: train)',
    )
    parser.add_argument(
        '--num', type=int, default=8, help='number of faces (default: 8)'
    )
    parser.add_argument(
        '--seed',
        type=int,
        default=0,
        help='seed for the choice of faces and the augmentation (default: 0)',
    )
    parser.add_argument(
        '--out',
        type=output_file('.png'),
        metavar='FILE.png',
        default='browse_dataset.png',
        help='the sheet (default: browse_dataset.png)',
    )
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.num < 1:
        parser.error('--num must be at least 1')
    return args


def fed_samples(dataset: BaseDataset, seed: int) -> Iterator[dict]:
    """Run samples through the pipeline in an order drawn by the seed.

    Bad files are named on the way and passed over.

    Yields:
        dict: The packed sample, and ``points`` (K, 2) as they were last, or
        None.
    """
    from mmengine.runner.utils import set_random_seed

    set_random_seed(seed)
    for index in np.random.default_rng(seed).permutation(len(dataset)):
        sample: Optional[dict] = dataset.get_data_info(int(index))
        file, points = sample['file'], None
        try:
            for transform in dataset.pipeline.transforms:
                sample = transform(sample)
                # Packing drops the points.
                points = sample.get('gt_landmark', points)
        except BadSampleError as error:
            sys.stderr.write(f'left out: {error}\n')
            continue
        yield dict(sample, points=points, file=file)


def rgb_image(packed: Tensor, order: str) -> np.ndarray:
    """A packed image (3, H, W) in [0, 255] as (H, W, 3) uint8 RGB."""
    pixels = packed.permute(1, 2, 0).numpy().round().clip(0, 255)
    pixels = pixels[..., ::-1] if order.lower() == 'bgr' else pixels
    return np.ascontiguousarray(pixels.astype(np.uint8))


def pictures_of(sample: dict) -> dict[str, np.ndarray]:
    """The pictures of one row by their titles."""
    target = sample['data_samples']
    row = {
        'LR (input)': rgb_image(
            sample['inputs'], target.get('img_channel_order', 'rgb')
        )
    }
    if 'gt_img' not in target:
        return row
    hr = rgb_image(target.gt_img, target.get('gt_channel_order', 'rgb'))
    row['HR (target)'] = hr
    if sample['points'] is not None:
        row['landmarks'] = mark_points(hr, sample['points'], CELL)
    if 'gt_heatmap' in target:
        row['heatmaps'] = paint_heatmaps(hr, target.gt_heatmap.numpy(), CELL)
    return row


def label(sample: dict, row: dict[str, np.ndarray]) -> str:
    """The file and the sizes of what is fed."""
    sizes = [f'LR {row["LR (input)"].shape[1]}x{row["LR (input)"].shape[0]}']
    if 'HR (target)' in row:
        height, width = row['HR (target)'].shape[:2]
        sizes.append(f'HR {width}x{height}')
    heatmap = sample['data_samples'].get('gt_heatmap')
    if heatmap is not None:
        sizes.append(
            f'{heatmap.shape[0]} heatmaps {heatmap.shape[2]}x'
            f'{heatmap.shape[1]}, largest {float(heatmap.max()):.2f}'
        )
    return f'{sample["file"]}: {", ".join(sizes)}'


def rows_of(
    dataset: BaseDataset, num: int, seed: int
) -> dict[str, dict[str, np.ndarray]]:
    """Pictures of the first usable faces by their captions.

    Raises:
        ValueError: If no sample is usable.
    """
    rows = {}
    for sample in fed_samples(dataset, seed):
        row = pictures_of(sample)
        rows[label(sample, row)] = row
        if len(rows) == num:
            break
    if not rows:
        raise ValueError(
            'Expected at least one usable sample, got none of '
            f'{len(dataset)}; the reasons are above.'
        )
    return rows


def draw_sheet(rows: dict[str, dict[str, np.ndarray]]) -> np.ndarray:
    """Put captioned rows of titled pictures on a sheet."""
    titles = next(iter(rows.values()))
    columns = {
        title: [fit(row[title], CELL) for row in rows.values()]
        for title in titles
    }
    return comparison_sheet(columns, CELL, list(rows))


def main() -> None:
    """Draw the sheet and write it."""
    args = parse_args()
    with clear_errors():
        from mmfacesr.apis.sheets import build_dataset

        cfg = load_config(args.config, args.cfg_options)
        dataset = build_dataset(cfg, args.split)
        rows = rows_of(dataset, args.num, args.seed)
        write_image(args.out, draw_sheet(rows))
        sys.stdout.write(
            f'{args.out}: {len(rows)} of {len(dataset)} {args.split} samples '
            f'of {dataset.data_root}\n'
        )


if __name__ == '__main__':
    main()
