# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring a folder of low-resolution faces."""

import os.path as osp
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from torch import nn
from tqdm import tqdm

from mmfacesr.apis.models import init_model
from mmfacesr.apis.results import Results
from mmfacesr.apis.stand_in import StandIn
from mmfacesr.engine.hooks.comparison_sheet_hook import to_rgb
from mmfacesr.registry import TRANSFORMS
from mmfacesr.utils import printable, write_atomic
from mmfacesr.utils.background import map_ahead
from mmfacesr.utils.bad_samples import BadSampleError
from mmfacesr.utils.image_folders import find_images

LIST_FILE = 'left_out.txt'
CPU_MEMORY = 'DefaultCPUAllocator'
"""In the message of torch's plain RuntimeError when the memory is full."""


class Restored(NamedTuple):
    """What came of a folder.

    Args:
        done (int): Faces restored now.
        kept (int): Results of an earlier run that are still right.
        left_out (dict[str, str]): The reason for each input left out.
    """

    done: int
    kept: int
    left_out: dict[str, str]


def restore_folder(
    cfg: Config,
    checkpoint: str,
    source: str,
    target: str,
    batch_size: int = 8,
    overwrite: bool = False,
    stand_in: Optional[StandIn] = None,
    backend: Optional[str] = None,
) -> Restored:
    """Restore every image of a folder; there is no ground truth.

    Results are PNG files under the names of the inputs, in the same
    sub-folders. Those of the same inputs, weights and settings are kept, so
    that an interrupted run goes on; all others are made again, and files that
    are no results are not touched. Inputs that are left out are listed with
    the reason in ``left_out.txt``.

    Args:
        cfg (Config): Its ``inference_pipeline`` makes the network's input.
        checkpoint (str): Weights in a layout that :func:`load_weights` knows.
        source (str): Folder of faces.
        target (str): Folder of the results; made if missing.
        batch_size (int): Faces at a time. Defaults to 8.
        overwrite (bool): Make all results again and replace other files of
            their names. Defaults to False.
        stand_in (StandIn | None): Takes the generator's place. Defaults to
            None.
        backend (str | None): What was asked for to run it; results of another
            one are made again. Defaults to None.

    Returns:
        Restored: The counts, and what was left out.

    Raises:
        ValueError: If the config has no inference pipeline, or ``target`` is
            ``source`` or a folder above it.
    """
    if 'inference_pipeline' not in cfg:
        raise ValueError(
            'Expected a config with an inference_pipeline, got '
            f'{osp.basename(str(cfg.filename))} without one.'
        )
    files, left_out = find_inputs(source, target)
    names = result_names(files)
    model = load_model(cfg, checkpoint, ground_truth=False)
    results = Results(target, cfg, model, overwrite, backend)
    if stand_in is not None:
        model.generator = stand_in
    origins: dict[str, str] = {}

    def restored(read: Iterable[list]) -> Iterator[list]:
        for batch in read:
            yield list(predict_or_list(model, batch, left_out))
            bar.update(len(batch))

    def write(faces: list[tuple[str, np.ndarray]]) -> int:
        for file, image in faces:
            results.write(names[file], image, origins[file])
        return len(faces)

    with tqdm(total=len(files), unit='face', desc='restoring') as bar:
        todo = outdated(source, names, results, origins, left_out, bar)
        read = batches(cfg, source, todo, batch_size, left_out, bar)
        # Written while the network restores the next.
        done = sum(map_ahead(write, restored(read)))
    for file in left_out.keys() & names.keys():
        if results.is_ours(names[file]):
            left_out[file] += f'; {names[file]} is of an earlier run'
    write_left_out(left_out, target)
    kept = len(files) - done - len(left_out.keys() & names.keys())
    return Restored(done, kept, left_out)


def find_inputs(source: str, target: str) -> tuple[list[str], dict[str, str]]:
    """Name the images of a folder whose results go to another.

    Links that lead out of ``source`` are not followed, and ``target`` may lie
    in it without becoming an input.

    Returns:
        tuple[list[str], dict[str, str]]: As :func:`find_images`.

    Raises:
        ValueError: If results could replace inputs.
    """
    if Path(osp.realpath(source)).is_relative_to(osp.realpath(target)):
        raise ValueError(
            'Expected another folder for the results than that of the '
            f'inputs, and none above it, got {printable(target)!r} for the '
            f'inputs of {printable(source)!r}.'
        )
    return find_images(source, inside=True, without=target)


def result_names(files: list[str]) -> dict[str, str]:
    """Name of the result of every image: its own, as PNG.

    Inputs that differ in their suffix alone keep it in the name.

    Returns:
        dict[str, str]: Input -> result, relative to their folders.
    """
    stems = Counter(osp.splitext(file)[0].lower() for file in files)
    alike = {
        file for file in files if stems[osp.splitext(file)[0].lower()] > 1
    }
    taken = {f'{file}.png'.lower() for file in alike}
    taken |= {  # folders
        str(folder).lower()
        for file in files
        for folder in PurePosixPath(file).parents
    }

    def name(file: str) -> str:
        short = osp.splitext(file)[0] + '.png'
        clash = file in alike or short.lower() in taken
        return f'{file}.png' if clash else short

    return {file: name(file) for file in files}


def outdated(
    source: str,
    names: dict[str, str],
    results: Results,
    origins: dict[str, str],
    left_out: dict[str, str],
    bar: tqdm,
) -> Iterator[str]:
    """Name the inputs whose result is missing or of another origin.

    Args:
        source (str): Folder of the inputs.
        names (dict[str, str]): Input -> result.
        results (Results): The results that are there.
        origins (dict[str, str]): Receives the origin of each such result.
        left_out (dict[str, str]): Receives the reason where there can be
            none.
        bar (tqdm): Moves on over all others.
    """
    for file, name in names.items():
        try:
            origin = results.origin(osp.join(source, file))
            if not results.is_current(name, origin):
                origins[file] = origin
                yield file
                continue
        except BadSampleError as error:
            left_out[file] = error.reason
        bar.update()


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
    model = init_model(cfg, checkpoint)
    if not ground_truth:
        model.data_preprocessor.data_keys = []
    return model


def batches(
    cfg: Config,
    source: str,
    files: Iterable[str],
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
def predict(
    model: nn.Module, batch: list[dict]
) -> Iterator[tuple[str, np.ndarray]]:
    """Restore a batch: pairs of file name and (H, W, 3) uint8 RGB."""
    files = [sample['file'] for sample in batch]
    inputs = [{k: v for k, v in s.items() if k != 'file'} for s in batch]
    for file, sample in zip(files, model.test_step(pseudo_collate(inputs))):
        yield file, to_rgb(sample.output.pred_img)


def predict_or_list(
    model: nn.Module, batch: list[dict], left_out: dict[str, str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Restore a batch, one by one if it is too large for the memory.

    A face that is too large alone is noted in ``left_out``.
    """
    try:
        restored = list(predict(model, batch))
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        restored = None
    if restored is not None:
        yield from restored
    elif len(batch) == 1:
        left_out[batch[0]['file']] = 'there is too little memory to restore it'
    else:
        for sample in batch:
            yield from predict_or_list(model, [sample], left_out)


def _is_out_of_memory(error: Exception) -> bool:
    """Whether the memory of the machine or of its GPU was too small."""
    kinds = (MemoryError, torch.cuda.OutOfMemoryError)
    return isinstance(error, kinds) or CPU_MEMORY in str(error)


def write_left_out(left_out: dict[str, str], target: str) -> None:
    """List what was left out, one a line; no list if that is nothing."""
    path = Path(target, LIST_FILE)
    if not left_out:
        path.unlink(missing_ok=True)
        return
    lines = (
        f'{printable(name)}: {printable(reason)}\n'
        for name, reason in sorted(left_out.items())
    )
    write_atomic(path, ''.join(lines).encode())
