# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Finding a module's weights in a checkpoint."""

from collections import Counter
from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from mmfacesr.weights.errors import WeightsError
from mmfacesr.weights.layouts import LAYOUTS, Layout

# Buffers that a module makes itself; old files lack them.
DERIVABLE = ('num_batches_tracked',)
# Parts of a checkpoint that hold averaged weights: better than the others.
AVERAGED = frozenset({'generator_ema', 'params_ema', 'g_ema'})
# mmengine's EMAHook stores the averaged weights under `state_dict` and the
# plain ones here, so that this part is never what one wants.
IGNORED = frozenset({'ema_state_dict', 'optimizer'})
NUM_LISTED = 10
# Parts of a checkpoint that are looked at; a file made to have thousands
# would take hours.
MAX_PARTS = 16


class MisfitError(WeightsError):
    """No part of a checkpoint is what a module needs."""


def find_weights(
    module: nn.Module, content: Mapping
) -> tuple[Layout, dict[str, Tensor]]:
    """Find the weights of a module anywhere in a checkpoint.

    All keys below one prefix must be the module's, in one of the known
    layouts; what lies beside the prefix (a discriminator, an optimizer) is
    left alone.

    Args:
        module (nn.Module): Gives keys and shapes; it is not changed.
        content (Mapping): State dict, or a checkpoint with some in it.

    Returns:
        tuple[Layout, dict[str, Tensor]]: The layout found and the weights
        under the module's keys, complete and of the right shapes.

    Raises:
        MisfitError: If no part of the checkpoint fits; its message lists
            what is missing, unknown or of another shape.
        WeightsError: If more than one part fits.
    """
    own = module.state_dict()
    tensors = dict(tensors_of(content))
    best = (0, None)  # number of known keys, what is wrong with them
    for layout in LAYOUTS:
        theirs = {layout.key(key): key for key in own}
        fitting = {}
        for prefix, count in _likely_prefixes(tensors, theirs):
            part = {
                key[len(prefix) :]: value
                for key, value in tensors.items()
                if key.startswith(prefix) and layout.uses(key[len(prefix) :])
            }
            faults = _faults(part, theirs, own)
            if not faults:
                fitting[prefix] = part
            elif count > best[0]:
                best = (
                    count,
                    f'part {prefix!r}, layout {layout.name}: '
                    + '; '.join(faults),
                )
        if fitting:
            part = fitting[_choose(list(fitting))]
            return layout, own | {
                theirs[key]: layout.value(theirs[key], value)
                for key, value in part.items()
            }
    raise MisfitError(
        f'Expected the weights of a {type(module).__name__}, '
        f'{len(own)} tensors, got {best[1] or _list(tensors, "foreign")}. '
        'Nothing was loaded.'
    )


def tensors_of(content: Mapping, prefix: str = '') -> Iterator:
    """Yield dotted key and tensor of every tensor in nested mappings."""
    for key, value in content.items():
        if isinstance(value, Tensor):
            yield f'{prefix}{key}', value
        elif isinstance(value, Mapping) and key not in IGNORED:
            yield from tensors_of(value, f'{prefix}{key}.')


def faults_of(module: nn.Module, weights: Mapping) -> str:
    """Say what keeps a state dict from being a module's; '' if nothing does.

    Args:
        module (nn.Module): Gives keys and shapes.
        weights (Mapping): Under the module's own keys, without a prefix.
    """
    own = module.state_dict()
    return '; '.join(_faults(weights, {key: key for key in own}, own))


def _likely_prefixes(
    tensors: Mapping, known: Mapping
) -> list[tuple[str, int]]:
    """List the prefixes with the most known keys below them, and how many."""
    counts = Counter()
    for key in tensors:
        parts = key.split('.')
        for i in range(len(parts)):
            name = '.'.join(parts[i:])
            if name in known:
                counts[key[: len(key) - len(name)]] += 1
    return counts.most_common(MAX_PARTS)


def _faults(part: Mapping, theirs: Mapping, own: Mapping) -> list[str]:
    """Say what keeps part of a checkpoint from being a module's weights."""
    missing = [
        key
        for key in theirs
        if key not in part and not key.endswith(DERIVABLE)
    ]
    unknown = [key for key in part if key not in theirs]
    known = {key: own[theirs[key]] for key in part if key in theirs}
    shapes = [
        f'{key} {tuple(part[key].shape)} for {tuple(value.shape)}'
        for key, value in known.items()
        if part[key].shape != value.shape
    ]
    numbers = [
        f'{key} {part[key].dtype} for {value.dtype}'
        for key, value in known.items()
        if _kind(part[key]) != _kind(value)
    ]
    return [
        _list(keys, what)
        for keys, what in (
            (missing, 'missing'),
            (unknown, 'unknown'),
            (shapes, 'of another shape'),
            (numbers, 'of another kind of number'),
        )
        if keys
    ]


def _kind(value: Tensor) -> tuple[bool, bool]:
    """Say what a tensor's numbers are; precision and width do not count."""
    return value.is_floating_point(), value.is_complex()


def _choose(prefixes: list[str]) -> str:
    """Return the one fitting part, or the one with averaged weights."""
    averaged = [p for p in prefixes if AVERAGED & set(p.split('.'))]
    chosen = averaged or prefixes
    if len(chosen) > 1:
        raise WeightsError(
            'Expected one part of the checkpoint to fit, got '
            f'{_list(chosen, "fitting")}; give the state dict of one of them.'
        )
    return chosen[0]


def _list(names: Mapping | list[str], what: str) -> str:
    """Count names and show the first few."""
    shown = ', '.join(list(names)[:NUM_LISTED])
    more = ', ...' if len(names) > NUM_LISTED else ''
    return f'{len(names)} {what} ({shown}{more})'
