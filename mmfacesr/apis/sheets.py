# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Sheets that a drawing makes of the faces of a folder or of a dataset."""

import os.path as osp
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmfacesr.apis.config import datasets_of
from mmfacesr.apis.restore_folder import batches, find_inputs
from mmfacesr.registry import DATASETS
from mmfacesr.utils import printable
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.images import write_image

SHEET_ROWS = 8
"""Faces on a sheet."""

DrawSheet = Callable[[list[dict]], np.ndarray]
"""Packed samples, each with its ``file`` -> sheet (H, W, 3) uint8 RGB."""
Read = Callable[[dict[str, str], tqdm], Iterable[list[dict]]]
"""Where to note bad files, and their bar -> batches of packed samples."""


def draw_folder(
    cfg: Config, folder: str, limit: int, draw_sheet: DrawSheet, prefix: str
) -> int:
    """Draw the first images of a folder.

    Args:
        cfg (Config): Its ``inference_pipeline`` makes the network's input.
        folder (str): Folder of faces.
        limit (int): Most faces drawn.
        draw_sheet (DrawSheet): Makes the sheet of a batch.
        prefix (str): Path of the sheets without ``_000.png`` and so on.

    Returns:
        int: How many sheets there are.

    Raises:
        ValueError: If the sheets would come among the faces.
    """
    files, bad = find_inputs(folder, osp.dirname(prefix) or osp.curdir)
    files = files[:limit]
    read = partial(batches, cfg, folder, files, SHEET_ROWS)
    return _draw(read, len(files), draw_sheet, prefix, bad)


def draw_split(
    cfg: Config, split: str, limit: int, draw_sheet: DrawSheet, prefix: str
) -> int:
    """Draw the first faces of 'val' or 'test'; see :func:`draw_folder`."""
    dataset = build_dataset(cfg, split)
    indices = range(min(limit, len(dataset)))
    read = partial(_dataset_batches, dataset, indices)
    return _draw(read, len(indices), draw_sheet, prefix, {})


def build_dataset(cfg: Config, split: str) -> BaseDataset:
    """Build the dataset of a split; the first one if there are several."""
    init_default_scope(cfg.get('default_scope', 'mmagic'))
    return DATASETS.build(next(datasets_of(cfg, [f'{split}_dataloader'])))


def _dataset_batches(
    dataset: BaseDataset, indices: range, bad: dict[str, str], bar: tqdm
) -> Iterator[list[dict]]:
    """Take samples from a dataset; note the bad ones in ``bad``."""
    batch: list[dict] = []
    for index in indices:
        file = dataset.get_data_info(index)['file']
        try:
            batch.append(dict(dataset[index], file=file))
        except BadSampleError as error:
            bad[file] = error.reason
            bar.update()
        if len(batch) == SHEET_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _draw(
    read: Read,
    total: int,
    draw_sheet: DrawSheet,
    prefix: str,
    bad: dict[str, str],
) -> int:
    """Write the sheets and name what was left out, now or before (``bad``)."""
    count = 0
    with tqdm(total=total, unit='face', desc='drawing') as bar:
        for batch in read(bad, bar):
            faces = len(batch)
            write_image(f'{prefix}_{count:03d}.png', draw_sheet(batch))
            count += 1
            bar.update(faces)
    for file, reason in bad.items():
        print_log(
            f'Left out: {printable(file)}: {printable(reason)}', 'current'
        )
    print_log(f'{count} sheets: {printable(prefix)}_*.png', 'current')
    return count
