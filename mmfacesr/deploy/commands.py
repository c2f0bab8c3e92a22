# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What commands share that run networks fast.

Their arguments are of :func:`mmfacesr.apis.launch.add_speed`.
"""

import argparse
import sys

from torch import nn

from mmfacesr.deploy.optimizing import optimize
from mmfacesr.deploy.ways import OptimizedNetwork


def optimize_as_asked(
    network: nn.Module, args: argparse.Namespace
) -> OptimizedNetwork:
    """Find the fastest way as the command line asks for it.

    Args:
        network (nn.Module): As `get_model` returns it.
        args (argparse.Namespace): With ``backend`` and ``explain``.

    Raises:
        ValueError: If the backend that is asked for cannot run it.
    """
    found = optimize(
        network,
        backend=args.backend,
        anew=args.explain,
        show_progress=True,
    )
    if args.explain:
        sys.stderr.write(f'{found.explain()}\n')
    return found
