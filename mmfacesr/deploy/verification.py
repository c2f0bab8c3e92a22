# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Comparing another way to run a network, or a file of it, with it."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from mmfacesr.apis.face_network import FaceNetwork
from mmfacesr.datasets.synthetic_faces.render import render_face

BATCH_SIZES = (8, 3, 1)
NUM_FACES = 32  # 8 + 3 + 1 + 8 + 3 + 1 + 8
MOST_DIFFERENCE = 1e-4  # of the range of the outputs, float32
LEAST_DB = 50.0  # PSNR against float32, its peak the range of the outputs


class ExportMismatchError(RuntimeError):
    """What was made of a network computes something else."""


def draw_inputs(faces: FaceNetwork, num_faces: int) -> Tensor:
    """Draw faces, and reduce them as in the training.

    Returns:
        Tensor: (num_faces, 3, input_size, input_size), normalized.
    """
    drawn = (
        render_face(seed, faces.facts.gt_size)[0] for seed in range(num_faces)
    )
    return faces.normalize(
        [faces.input_of(faces.lr_of(face)) for face in drawn]
    )


def batches(num_faces: int, sizes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield start and end of batches whose sizes take turns."""
    start, turn = 0, 0
    while start < num_faces:
        end = min(start + sizes[turn % len(sizes)], num_faces)
        yield start, end
        start, turn = end, turn + 1


@torch.no_grad()
def compare(
    wanted_of: Callable[[Tensor], Tensor],
    got_of: Callable[[Tensor], Tensor],
    inputs: Tensor,
    sizes: Sequence[int],
    dtype: str,
) -> float:
    """Compare outputs; the worst image counts.

    Args:
        wanted_of (Callable): The network, (N, 3, h, w) -> (N, 3, H, W).
        got_of (Callable): What was made of it.
        inputs (Tensor): (N, 3, h, w), normalized.
        sizes (Sequence[int]): Of the batches, in turns.
        dtype (str): 'fp32' or 'fp16'.

    Returns:
        float: fp32: the largest difference over the range of all outputs.
        fp16: the lowest PSNR in dB, its peak that range.

    Raises:
        ExportMismatchError: If that is too far off, or a batch fails.
    """
    wanted, got = [], []
    for start, end in batches(len(inputs), sizes):
        batch = inputs[start:end]
        wanted.append(wanted_of(batch).float())
        got.append(_run(got_of, batch, wanted[-1].shape))
    wanted, got = torch.cat(wanted).numpy(), torch.cat(got).numpy()
    scale = max(float(np.ptp(wanted)), np.finfo(np.float32).tiny)
    errors = np.abs(got - wanted).reshape(len(wanted), -1) / scale
    if dtype == 'fp32':
        worst = errors.max(1)
        index = int(np.argmax(np.nan_to_num(worst, nan=np.inf)))
        value, limit = float(worst[index]), f'at most {MOST_DIFFERENCE:g}'
        said, is_good = f'{value:.3g}', value <= MOST_DIFFERENCE
    else:
        square = np.square(errors).mean(1)
        index = int(np.argmax(np.nan_to_num(square, nan=np.inf)))
        error = float(square[index])
        value = -10 * math.log10(error) if error else math.inf
        limit = f'at least {LEAST_DB:g} dB'
        said, is_good = f'{value:.1f} dB', value >= LEAST_DB
    if is_good:  # NaN is not
        return value
    raise ExportMismatchError(
        f'Expected outputs as of the network, {limit} off their range, got '
        f'{said} for drawn face {index}.'
    )


def _run(
    run: Callable[[Tensor], Tensor], batch: Tensor, shape: Sequence[int]
) -> Tensor:
    """Run it, and tell which batch it cannot take."""
    try:
        output = run(batch)
    except Exception as error:  # of onnxruntime or the interpreter of torch
        reason = str(error).strip().splitlines()[-1]
        raise ExportMismatchError(
            f'Expected to run a batch of {len(batch)}, got {reason}.'
        ) from error
    if output.shape != shape:
        raise ExportMismatchError(
            f'Expected outputs {tuple(shape)}, got {tuple(output.shape)}.'
        )
    return output.float()
