# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""How the authors of PFSRNet wrap weights; they name them as we do."""

from mmfacesr.weights.layouts import (
    Layout,
    Weights,
    as_state_dict,
    with_prefix,
)

# As after the published training: with fewer iterations in the last step a
# training that goes on would fade it in once more.
STATE = dict(step=3, alpha=1, iteration=100_000)


def _wrap(parts: dict[str, Weights]) -> dict:
    """Make a file of a training on one GPU."""
    return dict(**STATE, model_state_dict=as_state_dict(parts))


def _wrap_distributed(parts: dict[str, Weights]) -> dict:
    """Make a file of a training on several GPUs."""
    return _wrap({'': with_prefix('module.', as_state_dict(parts))})


PFSRNET_AUTHORS = Layout('pfsrnet-authors', wrap=_wrap)
PFSRNET_AUTHORS_DISTRIBUTED = Layout(
    'pfsrnet-authors-distributed', wrap=_wrap_distributed
)
