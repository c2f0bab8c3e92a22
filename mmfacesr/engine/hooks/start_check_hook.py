# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What can be known before the first iteration is checked before it."""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_world_size, master_only
from mmengine.evaluator import BaseMetric
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch.utils.data import DataLoader, Dataset

from mmfacesr.datasets.transforms import LoadLandmarks
from mmfacesr.faces.checks import are_of_a_face
from mmfacesr.registry import HOOKS
from mmfacesr.utils import first_few
from mmfacesr.utils.bad_samples import BadSampleError

SECONDS_OF_READING = 1.0
"""Time for validation images; of a few hundred small ones all are read."""
MOST_BAD = 0.5
"""Part of the training faces that may have useless landmarks."""


@HOOKS.register_module()
class StartCheckHook(Hook):
    """Refuse a training that would end, or be for nothing, much later.

    An epoch must have batches, the validation a possible interval and images
    that can be read, ``save_best`` must name a value of the validation, and
    landmarks must be those of faces. It takes about a second; of a large set
    a sample of the images is read. Random numbers are drawn as without it.
    """

    @master_only
    def before_train(self, runner: Runner) -> None:
        """Check everything.

        Raises:
            ValueError: Saying what was expected, what is there and which
                setting to change.
        """
        check_length(runner)
        check_landmarks(runner.train_dataloader.dataset, 'training')
        if runner.val_loop is None:
            return
        check_interval(runner)
        check_save_best(runner)
        for loader in all_of(runner.val_loop, 'dataloader'):
            check_batches(loader, 'val_dataloader')
            check_landmarks(loader.dataset, 'validation')
            with fixed_random_numbers():
                check_images(loader.dataset)


def all_of(loop: object, name: str) -> list:
    """The dataloaders, or evaluators, of a loop of MMagic or mmengine."""
    return getattr(loop, f'{name}s', None) or [getattr(loop, name)]


def check_length(runner: Runner) -> None:
    """Refuse a training of no iterations."""
    check_batches(runner.train_dataloader, 'train_dataloader')
    by_epoch = isinstance(runner.train_loop, EpochBasedTrainLoop)
    name = 'max_epochs' if by_epoch else 'max_iters'
    length = getattr(runner.train_loop, name)
    if length < 1:
        raise ValueError(
            f'Expected train_cfg.{name} of at least 1, got {length}.'
        )


def check_batches(loader: DataLoader, name: str) -> None:
    """Refuse a loader that gives no batch."""
    images = len(loader.dataset)
    # An infinite sampler goes round until a batch is full.
    if len(loader) and images or isinstance(loader.sampler, InfiniteSampler):
        return
    processes = get_world_size()
    each = len(loader.sampler)
    raise ValueError(
        f'Expected at least one batch of {name}, got none: {images} images '
        f'on {processes} process(es) are {each} each, fewer than '
        f'batch_size={loader.batch_size}, and drop_last=True leaves out what '
        f'fills no batch. Set {name}.batch_size to at most {each}, set '
        f'{name}.drop_last=False, or give more images.'
    )


def check_interval(runner: Runner) -> None:
    """Refuse validations that never come."""
    loop = runner.train_loop
    by_epoch = isinstance(loop, EpochBasedTrainLoop)
    last = loop.max_epochs if by_epoch else loop.max_iters
    if loop.val_interval < 1:
        raise ValueError(
            'Expected train_cfg.val_interval of at least 1, got '
            f'{loop.val_interval}; to train without validation set '
            'val_cfg, val_dataloader and val_evaluator to None.'
        )
    if loop.val_begin > last:
        raise ValueError(
            f'Expected train_cfg.val_begin of at most {last}, the length of '
            f'the training, got {loop.val_begin}: it would never validate.'
        )


def check_save_best(runner: Runner) -> None:
    """Refuse a best checkpoint by a value that no validation has."""
    hooks = [
        hook
        for hook in runner.hooks
        if isinstance(hook, CheckpointHook) and hook.save_best
    ]
    evaluators = all_of(runner.val_loop, 'evaluator')
    metrics = [m for evaluator in evaluators for m in evaluator.metrics or []]
    names = [names_of(metric) for metric in metrics]
    known = sorted({name for some in names for name in some or []})
    for hook in hooks:
        unknown = sorted(set(hook.save_best) - {'auto', *known})
        if unknown and None not in names:
            raise ValueError(
                'Expected default_hooks.checkpoint.save_best to name a value '
                f'of the validation, one of {known}, got {unknown}; name '
                'another, or add its metric to val_evaluator.'
            )


def names_of(metric: BaseMetric) -> list[str] | None:
    """Names of what a metric measures; None where it does not say."""
    # Imported here: it takes seconds, unless a model has done it before.
    from mmfacesr.compat.mmagic_base import BaseSampleWiseMetric

    names = getattr(metric, 'value_names', None)
    inherited = BaseSampleWiseMetric.compute_metrics
    if names is None and type(metric).compute_metrics is inherited:
        names = [metric.metric]
    if names is None:
        return None
    prefix = f'{metric.prefix}/' if metric.prefix else ''
    return [prefix + name for name in names]


def check_landmarks(dataset: Dataset, what: str) -> None:
    """Refuse a landmark table that is not of faces, where one is read."""
    while hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    steps = getattr(getattr(dataset, 'pipeline', None), 'transforms', [])
    loading = [step for step in steps if isinstance(step, LoadLandmarks)]
    table = loading and loading[0]._table(dataset.get_data_info(0))
    if not table:
        return
    bad = table.file[~are_of_a_face(table.points, table.box)].tolist()
    allowed = 0 if dataset.test_mode else MOST_BAD * len(table)
    if bad and dataset.test_mode:
        names = {
            dataset.get_data_info(index)['file']
            for index in range(len(dataset))
        }
        bad = [name for name in bad if name in names]
    if not bad:
        return
    text = (
        f'{len(bad)} have landmarks that are all in one place, far outside '
        'any image, outside the box of the face, or not finite: '
        f'{first_few(bad)}'
    )
    if len(bad) > allowed:
        raise ValueError(
            f'Expected landmarks of faces for the {what}, but of '
            f'{len(table)} images in the table {text}. Make the table again '
            'by tools/dataset_converters/extract_landmarks.py, or remove '
            'these images.'
        )
    print_log(
        f'Of {len(table)} images in the landmark table {text}. They are not '
        'trained on.',
        'current',
        logging.WARNING,
    )


def check_images(dataset: Dataset) -> None:
    """Read validation images for a second, spread over the set.

    A bad one would end the training at its first validation.
    """
    end = time.monotonic() + SECONDS_OF_READING
    for index in np.random.permutation(len(dataset)):
        try:
            dataset[int(index)]
        except BadSampleError as error:
            raise ValueError(
                'Expected validation images that can be read, got one that '
                f'cannot, {error}. Every validation would end here.'
            ) from error
        if time.monotonic() > end:
            break


@contextmanager
def fixed_random_numbers() -> Iterator[None]:
    """Draw numbers from 0, then go on as if none had been drawn."""
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
