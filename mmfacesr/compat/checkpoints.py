# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Checkpoint files: read without running code, written whole or not at all.

mmengine 0.10.7 leaves ``weights_only`` of ``torch.load`` at torch's default:
unsafe before torch 2.6, and after it unable to read mmengine's own training
checkpoints; it never checks a download by default. Here files are read by
`mmfacesr.weights`; ``PlainCheckpointHook`` makes files that pass. mmengine
also writes into the final file, so that a killed save leaves half a
checkpoint under a good name, and removes the checkpoint that a new one
replaces before the new one is there.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Union
from unittest import mock

from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import CheckpointLoader

from mmfacesr.compat.seam import wrap_once
from mmfacesr.utils import write_atomic
from mmfacesr.weights.reading import read_weights_file
from mmfacesr.weights.sources import local_weights

SCHEMES = ('', 'http://', 'https://')
"""What mmengine's name of a file starts with; '' is every other file."""


def mend_checkpoint_files() -> None:
    """Load files and URLs by `mmfacesr.weights`, write files atomically."""
    CheckpointLoader.register_scheme(
        SCHEMES, load_from_file_or_url, force=True
    )
    wrap_once(LocalBackend, 'put', lambda _: _put_atomically)
    for name in ('_save_checkpoint_with_step', '_save_best_checkpoint'):
        wrap_once(CheckpointHook, name, _removing_afterwards)


def load_from_file_or_url(filename: str, map_location: Any = 'cpu') -> Mapping:
    """Loader for mmengine, which logs the end of its name.

    Args:
        filename (str): Path, http(s) URL, or name in model-index.yml.
        map_location (Any): Not needed: tensors are on the CPU, and the model
            and the optimizer that take them copy them to where they are.

    Returns:
        Mapping: Tensors and plain values.

    Raises:
        WeightsError: If it cannot be had, or not be read safely.
    """
    return read_weights_file(local_weights(filename).path)


def _put_atomically(
    self: LocalBackend, obj: bytes, filepath: Union[str, Path]
) -> None:
    write_atomic(filepath, obj)


def _removing_afterwards(save: Callable) -> Callable:
    """Remove what a checkpoint replaces when the new one is written."""

    def save_first(self: CheckpointHook, *args: Any, **kwargs: Any) -> None:
        replaced: list[str] = []
        with mock.patch.object(self.file_backend, 'remove', replaced.append):
            save(self, *args, **kwargs)
        best = getattr(self, 'best_ckpt_path_dict', {}).values()
        new = {self.last_ckpt, getattr(self, 'best_ckpt_path', None), *best}
        for path in replaced:
            if path not in new:
                self.file_backend.remove(path)

    return save_first
