# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Reading weight files safely."""

from collections.abc import Mapping
from pathlib import Path

import torch

from mmfacesr.weights.errors import WeightsError


def existing_file(path: str | Path) -> Path:
    """Return the path of a file, ``~`` expanded, that is there.

    Raises:
        WeightsError: If there is none.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise WeightsError(
            f'Expected a file of weights at {path}, found '
            'none; check the path.'
        )
    return path


def read_weights_file(path: str | Path) -> Mapping:
    """Read a checkpoint without running any code in it.

    Args:
        path (str | Path): File written by `torch.save`.

    Returns:
        Mapping: The content, tensors on the CPU.

    Raises:
        WeightsError: If the file is missing, is no checkpoint, is damaged or
            holds more than tensors and plain values.
    """
    path = existing_file(path)
    try:
        content = torch.load(path, map_location='cpu', weights_only=True)
    # A damaged or foreign file can raise nearly anything here.
    except Exception as error:
        raise WeightsError(
            f'Expected {path} to be a PyTorch checkpoint of tensors, got '
            f'{type(error).__name__}: {_first_line(error)}. If the file is '
            'whole (compare its size with the source), it holds pickled '
            'objects, which are never run here: on a machine where you trust '
            'it, save its state dict alone with torch.save.'
        ) from error
    if not isinstance(content, Mapping):
        raise WeightsError(
            f'Expected {path} to hold a dict of tensors, got a '
            f'{type(content).__name__}; save the state dict of the model.'
        )
    return content


def _first_line(error: Exception) -> str:
    """Return the first line of an error's message."""
    return (str(error).splitlines() or ['no message'])[0]
