# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The network that defines FID, and what it sees of an image."""

from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmfacesr.evaluation.functional.image_quality import PEAK
from mmfacesr.weights import WeightsError
from mmfacesr.weights.reading import read_weights_file

INCEPTION_SIZE = 299
NUM_FEATURES = 2048
WHAT = 'the Inception weights of FID'


def as_input(image: np.ndarray, device: torch.device) -> Tensor:
    """(H, W, 3) in [0, 255], rounded to 8 bit, to (1, 3, 299, 299) in [0, 1].

    Each image is resized on its own, so that their sizes may differ.
    """
    whole = np.rint(np.clip(image, 0, PEAK)).astype(np.float32)
    pixels = torch.from_numpy(whole).to(device).permute(2, 0, 1)[None] / PEAK
    return F.interpolate(
        pixels,
        (INCEPTION_SIZE, INCEPTION_SIZE),
        mode='bilinear',
        align_corners=False,
    )


def inception_url() -> str:
    """Where pytorch-fid has its weights."""
    from pytorch_fid import inception

    return inception.FID_WEIGHTS_URL


def build_inception(path: Path) -> nn.Module:
    """pytorch-fid's network up to the last pooling.

    Args:
        path (Path): File of its weights.

    Returns:
        nn.Module: Frozen; takes (N, 3, 299, 299) RGB in [0, 1], gives a list
        of one (N, 2048, 1, 1).

    Raises:
        WeightsError: If the weights do not fit.
    """
    from pytorch_fid import inception

    content = read_weights_file(path)
    # The constructor downloads, unpickles and draws random weights: it gets
    # what was read safely, and a generator of its own.
    with (
        torch.random.fork_rng(devices=[]),
        patch.object(
            inception, 'load_state_dict_from_url', lambda *_, **__: content
        ),
    ):
        try:
            network = inception.InceptionV3(resize_input=False)
        except RuntimeError as error:
            raise WeightsError(
                f'Expected {path} to hold the Inception weights of '
                f'pytorch-fid, got {str(error)[:200]}; fetch '
                f'{inception.FID_WEIGHTS_URL}'
            ) from error
    return network.eval()


def pooled(network: nn.Module, inputs: Tensor) -> Tensor:
    """Features (N, 2048) of what :func:`build_inception` takes."""
    return network(inputs)[0].flatten(1)


@torch.no_grad()
def features_of(
    images: Sequence[np.ndarray],
    network: Callable[[Tensor], Tensor],
    device: torch.device,
) -> np.ndarray:
    """Features (N, 2048) float32 of (H, W, 3) RGB in [0, 255].

    Args:
        images (Sequence[np.ndarray]): Of any sizes.
        network (Callable): (N, 3, 299, 299) in [0, 1] -> (N, 2048).
        device (torch.device): Where it computes.
    """
    inputs = torch.cat([as_input(image, device) for image in images])
    with torch.autocast(device.type, enabled=False):
        return network(inputs).cpu().numpy()
