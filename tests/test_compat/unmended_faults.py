# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Script: tries what mmengine gets wrong, without our mends.

Prints a JSON object, name of the fault -> how it shows, or null when it has
gone. Run in a fresh process; it must not import mmfacesr.
"""

import json
import os
import pickle
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Optional
from unittest import mock

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dist import init_dist
from mmengine.model import MMDistributedDataParallel, PretrainedInit
from mmengine.optim import AmpOptimWrapper
from mmengine.runner import save_checkpoint
from toy import ToyModel, make_runner

MARK = 'pickle was run'


class Foreign:
    """Its pickle runs code."""

    def __reduce__(self) -> tuple:
        return os.putenv, ('MMFACESR_TEST', MARK)


def launcher_without_gpu() -> None:
    os.environ.update(
        RANK='0',
        LOCAL_RANK='0',
        WORLD_SIZE='1',
        MASTER_ADDR='127.0.0.1',
        MASTER_PORT='0',
    )
    init_dist('pytorch', backend='gloo')


def ddp_on_cpu() -> None:
    store = torch.distributed.HashStore()
    torch.distributed.init_process_group(
        'gloo', store=store, rank=0, world_size=1
    )
    MMDistributedDataParallel(module=torch.nn.Linear(1, 1), device_ids=[0])


def sync_bn_on_cpu() -> None:
    torch.nn.SyncBatchNorm(3)(torch.rand(4, 3))


def amp_on_cpu() -> None:
    AmpOptimWrapper(optimizer=torch.optim.SGD(ToyModel().parameters(), 1))


def own_checkpoint_is_plain() -> None:
    with tempfile.TemporaryDirectory() as folder:
        runner = make_runner(Path(folder) / 'run', ToyModel(), 2)
        runner.train()
        torch.load(Path(folder) / 'run/iter_2.pth', weights_only=True)


def foreign_pickle_refused() -> None:
    """A fault before torch 2.6 only: mmengine leaves it to torch."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'foreign.pth'
        torch.save(Foreign(), path)
        try:
            from mmengine.runner import CheckpointLoader

            CheckpointLoader.load_checkpoint(str(path))
        except pickle.UnpicklingError:
            return
    raise RuntimeError(MARK)


def misfit_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'other.pth'
        torch.save(dict(state_dict=dict(other=torch.ones(1))), path)
        runner = make_runner(Path(folder) / 'run', ToyModel(), 2)
        try:
            runner.load_checkpoint(str(path))
        except (RuntimeError, ValueError):
            return
    raise RuntimeError('weights that do not fit were taken')


def misfit_of_init_cfg_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'other.pth'
        torch.save(dict(other=torch.ones(1)), path)
        try:
            PretrainedInit(str(path))(ToyModel())
        except (RuntimeError, ValueError):
            return
    raise RuntimeError('weights that do not fit were taken')


def killed_save_keeps_old_file() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'a.pth'
        save_checkpoint(dict(a=1), str(path))
        if os.fork() == 0:
            die_after_bytes(10)
            save_checkpoint(dict(a=2), str(path))
        os.wait()
        torch.load(path)


def die_after_bytes(size: int) -> None:
    """Let the system kill this process when a file grows beyond size."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def config_package() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'a.py'
        path.write_text("_base_ = 'mmfacesr::_base_/default_runtime.py'")
        Config.fromfile(path)


def config_formatted_once() -> None:
    with mock.patch('mmengine.config.config.FormatCode') as format_code:
        format_code.return_value = ('', True)
        cfg = Config(dict(a=1))
        if cfg.pretty_text == cfg.pretty_text and format_code.call_count > 1:
            raise RuntimeError('formatted again')


def numpy_bool8() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        np.bool8  # noqa: B018


def how_it_shows(attempt: Callable[[], None]) -> Optional[str]:
    try:
        attempt()
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        return f'{type(error).__name__}: {error} [{frames[-1].name}]'
    return None


if __name__ == '__main__':
    FAULTS = (
        launcher_without_gpu,
        ddp_on_cpu,
        sync_bn_on_cpu,
        amp_on_cpu,
        own_checkpoint_is_plain,
        foreign_pickle_refused,
        misfit_is_refused,
        misfit_of_init_cfg_is_refused,
        killed_save_keeps_old_file,
        config_package,
        config_formatted_once,
        numpy_bool8,
    )
    shown = {fault.__name__: how_it_shows(fault) for fault in FAULTS}
    assert 'mmfacesr' not in sys.modules
    sys.stdout.write('\n' + json.dumps(shown) + '\n')
