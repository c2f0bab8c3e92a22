# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""torchrun, which a signal ends as it ends the tools: see dist_run.sh.

torchrun passes a signal on to its processes, which save a checkpoint. Then it
ends with a traceback and the status 1, by which a scheduler cannot tell an
interrupted training from a failed one.
"""

import sys

from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.run import main as torchrun

from mmfacesr.utils.signals import Stopped, ending_of, status_of


def main() -> None:
    """Start the processes; exit with 130 or 143 after a signal."""
    try:
        torchrun()
    except SignalException as error:
        stop = Stopped(error.sigval)
        sys.stderr.write(f'\n{ending_of(stop)}; see above what was saved.\n')
        sys.exit(status_of(stop))


if __name__ == '__main__':
    main()
