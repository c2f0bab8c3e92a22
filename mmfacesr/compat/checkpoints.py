# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint files: read without running code, written whole or not at all.

mmengine 0.10.7 leaves ``weights_only`` of ``torch.load`` at torch's default:
unsafe before torch 2.6, and after it unable to read mmengine's own training
checkpoints. Here it is always on; ``PlainCheckpointHook`` makes files that
pass. mmengine also writes into the final file, so that a killed save leaves
half a checkpoint under a good name.
"""

import pickle
import re
from pathlib import Path
from typing import Any, Union

import torch
from mmengine.fileio import LocalBackend
from mmengine.runner import CheckpointLoader

from mmfacesr.image_io import write_atomic

from .seam import wrap_once


class UnsafeCheckpointError(ValueError):
    """A file holds more than tensors and plain values, or is damaged."""


def mend_checkpoint_files() -> None:
    """Load local files with ``weights_only=True``, write them atomically."""
    CheckpointLoader.register_scheme('', load_from_local, force=True)
    wrap_once(LocalBackend, 'put', lambda _: _put_atomically)


def load_plain_file(path: Union[str, Path], map_location: Any = 'cpu') -> Any:
    """Load a file of tensors and plain values; never runs code from it.

    Args:
        path (str or Path): A file written by ``torch.save``.
        map_location (Any): As in ``torch.load``. Defaults to 'cpu'.

    Returns:
        Any: What was saved, usually a dict.

    Raises:
        FileNotFoundError: If there is no such file.
        UnsafeCheckpointError: If it holds pickled objects or is damaged.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f'Expected a checkpoint file, got {path}, '
            'which does not exist; check the path.'
        )
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise UnsafeCheckpointError(
            'Expected a checkpoint of tensors and plain values, got '
            f'{path}, which is damaged or holds pickled objects that could '
            f'run code ({_reason(error)}). Get the file again from its '
            'source; a training run makes safe files with '
            "dict(type='PlainCheckpointHook') in custom_hooks."
        ) from None


def _reason(error: Exception) -> str:
    """Cut torch's text short: it advises to switch the protection off."""
    found = re.search(
        r'Unsupported .*?(?= was not |\n|$)|PytorchStream[^.]*', str(error)
    )
    return found[0] if found else type(error).__name__


def load_from_local(filename: str, map_location: Any) -> Any:
    """Loader of local files for mmengine, which logs its name."""
    return load_plain_file(filename, map_location)


def _put_atomically(
    self: LocalBackend, obj: bytes, filepath: Union[str, Path]
) -> None:
    write_atomic(filepath, obj)
