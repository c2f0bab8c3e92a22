# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""torchrun, which a signal ends as it ends the tools: see dist_run.sh.

torchrun passes a signal on to its processes, which save a checkpoint. Then it
ends with a traceback and the status 1, by which a scheduler cannot tell an
interrupted training from a failed one. After a process that fails it prints
a traceback of its own and a table, and of the others comes what they saw of
it.
"""

import signal
import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

from mmfacesr.utils.signals import Stopped, ending_of, status_of


def main() -> None:
    """Start the processes.

    Exits with 130 or 143 after a signal, and after the failure of a process
    with its status, which is 75 when it ended because another one hung.
    """
    try:
        torchrun()
    except SignalException as error:
        stop = Stopped(error.sigval)
        sys.stderr.write(f'\n{ending_of(stop)}; see above what was saved.\n')
        sys.exit(status_of(stop))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        sys.stderr.write(f'\n{explain(rank, failure.exitcode)}\n')
        sys.exit(max(failure.exitcode, 1))


def explain(rank: int, exitcode: int) -> str:
    """Say which process ended first, how, and what to do.

    Args:
        rank (int): Of the process.
        exitcode (int): Its status; minus a signal that has ended it.
    """
    if exitcode < 0:
        how = (
            f'was ended by {signal.Signals(-exitcode).name}, not by its own '
            'error; the system does so when memory is short (see `dmesg`)'
        )
    else:
        how = f'ended with the status {exitcode}; it says why above'
    return (
        f'Error: process {rank} {how}. The launcher has ended the other '
        'processes of this machine. When the reason is gone, start the same '
        'command again, a training with --resume.'
    )


if __name__ == '__main__':
    main()
