# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What tools and benchmarks that measure share."""

import argparse
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.apis.report import commit_of_clone
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.images import read_image

BATCH_SIZE = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, its weights and the faces."""
    parser.add_argument('model', help='name or config of a model')
    parser.add_argument('weights', help='a file, a URL or a name')
    add_faces(parser)


def add_faces(
    parser: argparse.ArgumentParser, default: str | None = None
) -> None:
    """Add the faces.

    Args:
        parser (ArgumentParser): Or a group of its arguments.
        default (str | None): What is taken without a folder. Defaults to
            None: a folder is required.
    """
    said = f' (default: {default})' if default else ''
    parser.add_argument(
        '--data',
        required=not default,
        type=Path,
        metavar='FOLDER',
        help=f'HR faces, framed as the model expects{said}',
    )
    parser.add_argument(
        '--crop-size',
        type=int,
        metavar='PX',
        help='side of the central square that is the face (default: all)',
    )
    parser.add_argument(
        '--limit', type=int, metavar='N', help='use the first N faces alone'
    )


def resize(image: np.ndarray, side: int) -> np.ndarray:
    """Resize (h, w, 3) uint8 to a square by Pillow bicubic in 8 bit."""
    return np.array(Image.fromarray(image).resize((side, side), Image.BICUBIC))


def load_faces(
    args: argparse.Namespace, size: int
) -> tuple[list[str], list[np.ndarray]]:
    """Read the HR faces.

    Args:
        args (Namespace): Of :func:`add_faces`.
        size (int): Their side.

    Returns:
        tuple: Names below the folder, and faces (size, size, 3) uint8 RGB.
    """
    names, faces = list_images(args.data)[: args.limit], []
    for name in names:
        image = read_image(args.data / name)
        side = args.crop_size or min(image.shape[:2])
        top, left = ((length - side) // 2 for length in image.shape[:2])
        faces.append(resize(image[top : top + side, left : left + side], size))
    return names, faces


def restore_all(
    network: FaceNetwork, lr: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Restore LR faces in batches; see :meth:`FaceNetwork.restore`."""
    inputs, restored = [network.input_of(face) for face in lr], []
    for start in range(0, len(inputs), BATCH_SIZE):
        restored += network.restore(inputs[start : start + BATCH_SIZE])
    return restored


def conditions(*more: str) -> str:
    """Say what a measurement stands on: day, commit, machine and versions.

    Args:
        *more (str): Versions, repetitions and the like.
    """
    import torch

    return ', '.join(
        [
            f'{date.today()}',
            f'commit {commit_of_clone()}',
            platform.processor() or platform.machine(),
            f'torch {torch.__version__}',
            *more,
        ]
    )


def spread(values: np.ndarray, digits: int) -> str:
    """Median of some values, the least and the largest."""
    parts = np.median(values), values.min(), values.max()
    middle, low, high = (f'{value:.{digits}f}' for value in parts)
    return f'{middle} [{low}, {high}]'
