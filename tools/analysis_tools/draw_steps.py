# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Draw how faces grow: the output of every step of a progressive network.

    python tools/analysis_tools/draw_steps.py CONFIG CHECKPOINT
        --save-dir SHEETS
    python tools/analysis_tools/draw_steps.py CONFIG CHECKPOINT
        --input FACES --save-dir SHEETS
    python tools/analysis_tools/draw_steps.py CONFIG END_1 END_2 END_3
        --save-dir SHEETS

For networks that grow (PFSRNet). Each row is a face: the LR input, the output
of each step and, for the test split of the config, the HR face. Small images
are shown with enlarged pixels. The file name is below.

Give a checkpoint from the end of each step to see every output as it was when
its step ended. With one checkpoint, the outputs of earlier steps are not what
they were: their heads are no longer trained, and the layers below change.
"""

import argparse
import inspect
import os.path as osp
import sys

import numpy as np
import torch
from mmengine.config import Config
from torch import nn

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
    parser.add_argument(
        'checkpoints',
        nargs='+',
        metavar='CHECKPOINT',
        help='one checkpoint file for all steps, or one for each',
    )
    parser.add_argument(
        '--input',
        metavar='FOLDER',
        help='folder of faces (default: the test split of the config)',
    )
    parser.add_argument(
        '--save-dir',
        type=output_folder,
        metavar='FOLDER',
        required=True,
        help='folder for the sheets, steps_000.png and so on',
    )
    parser.add_argument(
        '--limit', type=int, default=8, help='maximum number of faces (8)'
    )
    add_cfg_options(parser)
    args = parser.parse_args()
    if args.limit < 1:
        parser.error('--limit must be at least 1')
    return args


def grows(generator: nn.Module) -> bool:
    """Whether a network can be asked for the output of a step."""
    arguments = inspect.signature(generator.forward).parameters
    return hasattr(generator, 'num_steps') and {'step', 'alpha'} <= set(
        arguments
    )


@torch.no_grad()
def draw_sheet(models: list[nn.Module], batch: list[dict]) -> np.ndarray:
    """Draw the sheet of a batch of samples, (H, W, 3) uint8 RGB.

    Args:
        models (list[nn.Module]): The restorer of each step.
        batch (list[dict]): Packed samples, each with its ``file``.
    """
    from mmengine.dataset import pseudo_collate

    from mmfacesr.engine.hooks.comparison_sheet_hook import to_rgb
    from mmfacesr.utils.visualization import comparison_sheet

    files = [sample.pop('file') for sample in batch]
    preprocessor = models[0].data_preprocessor
    data = preprocessor(pseudo_collate(batch))
    inputs, samples = data['inputs'], data['data_samples']
    images = {f'LR {inputs.shape[-1]}': preprocessor.destruct(inputs, samples)}
    for step, model in enumerate(models, start=1):
        output = model.generator(inputs, step=step, alpha=1.0)
        size = output.shape[-1]
        images[f'step {step}: {size}'] = preprocessor.destruct(output, samples)
    # For restoring, the input itself is packed as ground truth.
    if 'gt_img' in samples and samples.gt_img.shape != inputs.shape:
        images[f'HR {samples.gt_img.shape[-1]}'] = samples.gt_img
    columns = {
        title: [to_rgb(image) for image in column]
        for title, column in images.items()
    }
    return comparison_sheet(columns, size, files)


def load_steps(
    cfg: Config, checkpoints: list[str], ground_truth: bool
) -> list[nn.Module]:
    """Load the restorer of each step.

    Raises:
        ValueError: If the network does not grow, or there are neither one
            checkpoint nor as many as steps.
    """
    from mmfacesr.apis.networks import folders_with
    from mmfacesr.apis.restore_folder import load_model

    models = [load_model(cfg, file, ground_truth) for file in checkpoints]
    generator = models[0].generator
    if not grows(generator):
        raise ValueError(
            'Expected a network that grows in steps, got a '
            f'{type(generator).__name__}; give a config of '
            f'{folders_with("stages")}.'
        )
    if len(models) not in (1, generator.num_steps):
        raise ValueError(
            f'Expected one checkpoint, or {generator.num_steps} from the end '
            f'of each step, got {len(models)}.'
        )
    return models * (generator.num_steps // len(models))


def draw(args: argparse.Namespace) -> int:
    """Draw the sheets; the exit status says whether there are any."""
    from mmfacesr.apis.sheets import draw_folder, draw_split

    cfg = load_config(args.config, args.cfg_options)
    models = load_steps(cfg, args.checkpoints, ground_truth=not args.input)
    draw_faces, source = draw_split, 'test'
    if args.input:
        draw_faces, source = draw_folder, args.input
    count = draw_faces(
        cfg,
        source,
        args.limit,
        lambda batch: draw_sheet(models, batch),
        osp.join(args.save_dir, 'steps'),
    )
    return 0 if count else 1


def main() -> None:
    """Draw."""
    args = parse_args()
    with clear_errors():
        sys.exit(draw(args))


if __name__ == '__main__':
    main()
