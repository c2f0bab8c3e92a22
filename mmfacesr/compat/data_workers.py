# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Workers of data loaders that die: the run ends with a message.

PyTorch hands every tensor of a batch over by a file handle. A worker that has
none left drops the batch, or never answers, and goes on; the process that
waits for it waits for ever. Other failures end in messages that do not help
("received 0 items of ancdata", "Connection reset by peer").
"""

import multiprocessing.queues
import os
import resource
import sys
from collections.abc import Callable
from multiprocessing import resource_sharer
from typing import Any, NoReturn

from torch.utils.data import get_worker_info
from torch.utils.data._utils import signal_handling
from torch.utils.data.dataloader import _MultiProcessingDataLoaderIter

from mmfacesr.compat.seam import wrap_once

ENOUGH_FILES = 65_536


def mend_data_workers() -> None:
    """Allow as many files as the system lets us; wait for no dead worker."""
    _allow_files()
    wrap_once(
        multiprocessing.queues.Queue, '_on_queue_feeder_error', _not_dropping
    )
    wrap_once(resource_sharer._ResourceSharer, '_start', _answering)
    wrap_once(_MultiProcessingDataLoaderIter, '_get_data', _naming_remedy)
    # Called whenever a child of this process ends.
    wrap_once(signal_handling, '_error_if_any_worker_fails', _naming_remedy)


def _allow_files() -> None:
    """Raise the usual limit of 1024 files, too few for batches of 64."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY or most > ENOUGH_FILES:
        wanted = ENOUGH_FILES
    else:
        wanted = most
    if now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _not_dropping(tell: Callable) -> Callable:
    """A worker that cannot hand a batch over ends; its parent notices."""

    def mended(*args: Any) -> None:
        *_, error, batch = args  # a static method, bound or not
        if get_worker_info() is not None:
            _end_worker(error)
        tell(error, batch)

    return mended


def _answering(start: Callable) -> Callable:
    """A worker that cannot answer its parent ends, instead of retrying."""

    def mended(self: Any) -> None:
        start(self)
        accept = self._listener.accept

        def accept_or_end() -> Any:
            try:
                return accept()
            except OSError as error:
                if get_worker_info() is not None:
                    _end_worker(error)
                raise

        self._listener.accept = accept_or_end

    return mended


def _end_worker(error: BaseException) -> NoReturn:
    """End a worker from one of its threads."""
    sys.stderr.write(f'\nA data worker ends: {error}\n')
    sys.stderr.flush()
    os._exit(1)


def _naming_remedy(function: Callable) -> Callable:
    """Say what usually kills a worker, and what to do."""

    def mended(*args: Any) -> Any:
        try:
            return function(*args)
        except ChildProcessError:  # said already, by the signal's handler
            raise
        except (OSError, EOFError, RuntimeError) as error:
            files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            raise ChildProcessError(
                'Expected data from the workers of a data loader, but one '
                f'ended or could not hand it over: {error}\n'
                'Usual reasons: too little memory (the system kills a '
                'process), too little shared memory (containers: --shm-size), '
                f'too few file handles (`ulimit -n`, here {files}). Give more '
                'of it, or set a smaller num_workers or batch_size of that '
                'data loader; num_workers=0 reads without workers.'
            ) from error

    return mended
