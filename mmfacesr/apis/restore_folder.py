# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring a folder of low-resolution faces."""

import os.path as osp
from collections import Counter
from collections.abc import Iterator

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from torch import nn
from tqdm import tqdm

from mmfacesr.checkpoint import load_weights
from mmfacesr.engine.hooks.comparison_sheet_hook import to_rgb
from mmfacesr.image_io import BadSampleError, list_images, write_image
from mmfacesr.registry import MODELS, TRANSFORMS
from mmfacesr.utils import write_atomic


def restore_folder(
    cfg: Config, checkpoint: str, source: str, target: str, batch_size: int = 8
) -> tuple[int, dict[str, str]]:
    """Restore every image of a folder; there is no ground truth.

    Results are PNG files under the names of the inputs, in the same
    sub-folders. Files that are there already are kept, so that an
    interrupted run goes on; unreadable inputs are left out and named.

    Args:
        cfg (Config): Its ``inference_pipeline`` makes the network's input.
        checkpoint (str): Weights in a layout that :func:`load_weights` knows.
        source (str): Folder of faces.
        target (str): Folder of the results; made if missing.
        batch_size (int): Faces at a time. Defaults to 8.

    Returns:
        tuple[int, dict[str, str]]: How many were restored now, and the
        reason for each input left out.

    Raises:
        ValueError: If the config has no inference pipeline, or ``target`` is
            ``source``.
    """
    if osp.realpath(source) == osp.realpath(target):
        raise ValueError(
            'Expected another folder for the results than that '
            f'of the inputs, got {target!r} for both.'
        )
    if 'inference_pipeline' not in cfg:
        raise ValueError(
            'Expected a config with an inference_pipeline, got '
            f'{osp.basename(str(cfg.filename))} without one.'
        )
    names = result_names(source)
    todo = [
        file for file in names if not osp.exists(osp.join(target, names[file]))
    ]
    model = load_model(cfg, checkpoint, ground_truth=False)
    bad: dict[str, str] = {}
    done = 0
    with tqdm(total=len(todo), unit='face', desc='restoring') as bar:
        for batch in batches(cfg, source, todo, batch_size, bad, bar):
            for file, image in predict(model, batch):
                write_image(osp.join(target, names[file]), image)
                done += 1
                bar.update()
    if len(todo) < len(names):
        print_log(
            f'{len(names) - len(todo)} results were there already and '
            'were kept.',
            'current',
        )
    return done, bad


def result_names(folder: str) -> dict[str, str]:
    """Name of the result of every image: its own, as PNG.

    Inputs that differ in their suffix alone keep it in the name.

    Returns:
        dict[str, str]: Input -> result, relative to their folders.
    """
    files = list_images(folder)
    stems = Counter(osp.splitext(file)[0].lower() for file in files)
    alike = {
        file for file in files if stems[osp.splitext(file)[0].lower()] > 1
    }
    taken = {f'{file}.png'.lower() for file in alike}

    def name(file: str) -> str:
        short = osp.splitext(file)[0] + '.png'
        clash = file in alike or short.lower() in taken
        return f'{file}.png' if clash else short

    return {file: name(file) for file in files}


def load_model(
    cfg: Config, checkpoint: str, ground_truth: bool = True
) -> nn.Module:
    """Build the restorer and load its generator, ready to predict.

    Args:
        cfg (Config): A config with a ``generator``.
        checkpoint (str): Weights in a layout that :func:`load_weights` knows.
        ground_truth (bool): Whether there is ground truth to prepare; the
            preprocessor warns of what it misses. Defaults to True.
    """
    init_default_scope(cfg.get('default_scope', 'mmagic'))
    model = MODELS.build(cfg.model)
    if not ground_truth:
        model.data_preprocessor.data_keys = []
    record = load_weights(model.generator, checkpoint)
    print_log(f'Weights: {record.source} ({record.layout}).', 'current')
    return model.to(get_device()).eval()


def batches(
    cfg: Config,
    source: str,
    files: list[str],
    batch_size: int,
    bad: dict[str, str],
    bar: tqdm,
) -> Iterator[list[dict]]:
    """Read the inputs in batches; note the bad ones in ``bad``."""
    pipeline = Compose([TRANSFORMS.build(t) for t in cfg.inference_pipeline])
    batch: list[dict] = []
    for file in files:
        try:
            sample = pipeline(
                dict(gt_path=osp.join(source, file), file=file, crop_size=None)
            )
            sample['file'] = file
            batch.append(sample)
        except BadSampleError as error:
            bad[file] = error.reason
            bar.update()
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


@torch.no_grad()
def predict(model: nn.Module, batch: list[dict]) -> Iterator[tuple]:
    """Restore a batch: pairs of file name and (H, W, 3) uint8 RGB."""
    files = [sample.pop('file') for sample in batch]
    for file, sample in zip(files, model.test_step(pseudo_collate(batch))):
        yield file, to_rgb(sample.output.pred_img)


def write_bad_list(bad: dict[str, str], target: str) -> str:
    """Write the inputs that were left out, one a line with its reason."""
    path = osp.join(target, 'left_out.txt')
    lines = (f'{name}: {reason}\n' for name, reason in bad.items())
    write_atomic(path, ''.join(lines).encode())
    return path
