# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a method of a config is compared with."""

import logging
from typing import Optional

import numpy as np
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope
from tqdm import tqdm

from mmfacesr.apis.config import datasets_of
from mmfacesr.registry import DATASETS
from mmfacesr.utils.bad_samples import BadSampleError

BICUBIC = 'bicubic (Pillow, 8 bit)'
MAX_FACES = 2000
"""Training faces of the mean shape; all of CelebA would take an hour."""


def baseline_of(cfg: Config) -> tuple[dict, str]:
    """Choose the baseline of a config.

    Args:
        cfg (Config): Of a method that restores or finds landmarks.

    Returns:
        tuple[dict, str]: Config of the model, and what a report calls it:
        the mean shape of training faces for a ``HeatmapRegressor``, else
        Pillow bicubic.

    Raises:
        ValueError: As :func:`mean_shape`.
    """
    preprocessor = cfg.model.data_preprocessor
    if cfg.model.type != 'HeatmapRegressor':
        model = dict(type='BicubicBaseline', data_preprocessor=preprocessor)
        return model, BICUBIC
    points, num_faces = mean_shape(cfg)
    model = dict(
        type='MeanShapeBaseline',
        points=points.tolist(),
        data_preprocessor=preprocessor,
    )
    return model, f'mean shape of {num_faces} training faces'


def mean_shape(
    cfg: Config, max_faces: int = MAX_FACES
) -> tuple[np.ndarray, int]:
    """Average the landmarks of training faces, framed as in a test.

    The faces are those of ``train_dataloader``, evenly spread over its list.
    They go through the pipeline of ``test_dataloader``, which augments
    nothing. Faces that it refuses, say without landmarks, are left out.

    Args:
        cfg (Config): Its test pipeline packs ``gt_landmark``.
        max_faces (int): The most faces that are read. Defaults to 2000.

    Returns:
        tuple[np.ndarray, int]: (K, 2) float64 x, y in pixels of the framed
        face, and how many faces it is of.

    Raises:
        ValueError: If the config has no training split, its test pipeline
            packs no landmarks, or no face is left.
    """
    dataset = _framed_training_split(cfg)
    chosen = evenly_spread(len(dataset), max_faces)
    shapes, reason = [], None
    for index in tqdm(chosen, unit='face', desc='mean shape'):
        try:
            shape = _landmarks_of(dataset.prepare_data(int(index)))
        except BadSampleError as error:
            reason = error
        else:
            shapes.append(shape)
    if not shapes:
        raise ValueError(
            'Expected faces with landmarks in the training split '
            f'of {dataset.data_root}, got none of {len(chosen)}'
            + (f'; the last reason: {reason}.' if reason else '.')
        )
    if len(shapes) < len(chosen):
        print_log(
            f'{len(chosen) - len(shapes)} of {len(chosen)} faces were left '
            f'out of the mean shape; the last: {reason}',
            'current',
            logging.WARNING,
        )
    return np.mean(shapes, axis=0, dtype=np.float64), len(shapes)


def evenly_spread(length: int, most: int) -> np.ndarray:
    """At most so many indices of a list, from its first to its last."""
    return np.linspace(0, length - 1, min(length, most)).round().astype(int)


def _framed_training_split(cfg: Config) -> object:
    """The training dataset with the pipeline of the test."""
    split = next(datasets_of(cfg, ['train_dataloader']), None)
    if split is None:
        raise ValueError(
            'Expected a config with a train_dataloader, whose landmarks the '
            'mean shape is of, got none.'
        )
    init_default_scope(cfg.get('default_scope', 'mmagic'))
    pipeline = next(datasets_of(cfg, ['test_dataloader'])).pipeline
    # In test mode a bad sample is an error and not replaced by another one.
    return DATASETS.build(dict(split, pipeline=pipeline, test_mode=True))


def _landmarks_of(sample: dict) -> np.ndarray:
    """(K, 2) points of a packed sample."""
    shape: Optional[np.ndarray] = sample['data_samples'].get('gt_landmark')
    if shape is None:
        raise ValueError(
            'Expected gt_landmark from the test pipeline, got none; it needs '
            "LoadLandmarks and PackInputs(meta_keys=['gt_landmark'])."
        )
    return shape
