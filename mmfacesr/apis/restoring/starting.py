# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What commands that restore have in common: the restorer, as asked for."""

import argparse
import sys
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from mmfacesr.apis.restoring.inferencer import FaceSRInferencer

PACKAGED_NOTE = """\
By the weights in the package ({name}, {license}), which have seen drawn faces
only. Weights that were trained on photographs restore better: take one by
-m NAME of those that `mmfacesr models` lists with their licenses."""


def start_restorer(
    args: argparse.Namespace,
) -> 'tuple[FaceSRInferencer, int]':
    """Build what restores as asked; return it and its batch size."""
    from mmengine.device import get_device

    from mmfacesr.apis.restoring.inferencer import (
        BATCH_SIZE,
        FaceSRInferencer,
    )

    restorer = FaceSRInferencer(
        args.model,
        args.weights,
        device=args.device or get_device(),
        boxes=args.boxes,
    )
    if args.model is None and args.weights is None:
        facts = restorer.model.facts
        note = PACKAGED_NOTE.format(
            name=facts.name, license=facts.weights_license
        )
        sys.stderr.write(f'{note}\n')
    if args.backend:
        return restorer, _speed_up(restorer, args)
    return restorer, args.batch_size or BATCH_SIZE


def made_by(
    restorer: 'FaceSRInferencer', args: argparse.Namespace
) -> dict[str, Optional[str]]:
    """Say what restores, for reports."""
    from mmfacesr.apis.results import hash_weights
    from mmfacesr.version import __version__

    return dict(
        mmfacesr=__version__,
        model=restorer.model.facts.name,
        weights=hash_weights(restorer.model),
        boxes=args.boxes,
        backend=args.backend,
    )


def _speed_up(restorer: 'FaceSRInferencer', args: argparse.Namespace) -> int:
    """Let the network be run in a faster way; return the batch size."""
    from mmfacesr.deploy.commands import optimize_as_asked

    found = optimize_as_asked(restorer.model, args)
    restorer.use_network(found)
    return args.batch_size or found.batch_size
