# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Training checkpoints of tensors and plain values only."""

import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import Runner

from mmfacesr.registry import HOOKS

_HISTORY_KEYS = {'log_history', 'count_history', 'max_length'}
_PLAIN_TYPES = (
    torch.Tensor,
    str,
    int,
    float,
    complex,
    type(None),
    torch.dtype,
)


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Saves checkpoints that load with ``weights_only=True``, and resumes.

    mmengine saves its log histories as pickled objects, with a reference to
    ``getattr`` inside, and NumPy scalars; a safe loader refuses both. They are
    turned into tensors and Python numbers in the file, and back into
    histories when the file is loaded.
    """

    # after every hook that may add to the checkpoint
    priority = 'LOWEST'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Replace what a safe loader would refuse.

        Args:
            runner (Runner): Not used.
            checkpoint (dict): Changed in place.
        """
        for key in checkpoint:
            checkpoint[key] = to_plain(checkpoint[key], key)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Restore the log histories of a plain checkpoint.

        Args:
            runner (Runner): Not used.
            checkpoint (dict): Changed in place.
        """
        scalars = checkpoint.get('message_hub', {}).get('log_scalars', {})
        for name, value in scalars.items():
            if isinstance(value, dict) and set(value) == _HISTORY_KEYS:
                scalars[name] = HistoryBuffer(
                    value['log_history'].cpu().numpy(),
                    value['count_history'].cpu().numpy(),
                    value['max_length'],
                )


def to_plain(value: Any, where: str) -> Any:
    """Copy nested containers with plain values in place of objects.

    Args:
        value (Any): Containers, tensors, numbers, strings, NumPy values,
            paths and mmengine's HistoryBuffer.
        where (str): Name of the value, for the warning.

    Returns:
        Any: The same content in types that ``weights_only=True`` loads. What
        is of no known type is kept, and a warning names it.
    """
    if isinstance(value, HistoryBuffer):
        log, count = value.data
        return dict(
            log_history=torch.from_numpy(log.astype(np.float64)),
            count_history=torch.from_numpy(count.copy()),
            max_length=value.max_length,
        )
    if isinstance(value, dict):
        return _plain_dict(value, where)
    if isinstance(value, (list, tuple, set)):
        kind = tuple if isinstance(value, tuple) else list
        return kind(to_plain(item, f'{where}[]') for item in value)
    if isinstance(value, (np.generic, np.ndarray)):
        return to_plain(value.tolist(), where)
    if isinstance(value, Path):
        return str(value)
    if not isinstance(value, _PLAIN_TYPES):
        print_log(
            f'The checkpoint holds a {type(value).__name__} at {where}: it '
            'will not load with weights_only=True.',
            logger='current',
            level=logging.WARNING,
        )
    return value


def _plain_dict(value: dict, where: str) -> dict:
    plain = {
        to_plain(key, where): to_plain(item, f'{where}.{key}')
        for key, item in value.items()
    }
    if isinstance(value, OrderedDict):
        plain = OrderedDict(plain)
        # a module's state dict carries the versions of its layers there
        plain.__dict__.update(value.__dict__)
    return plain
