# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Finding a module's weights in a checkpoint."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from mmfacesr.weights import WeightsError, say
from mmfacesr.weights.layouts import Layout, Weights, layouts_of

# Buffers that a module makes itself; old files lack them.
DERIVABLE = ('num_batches_tracked',)
# Buffers that counters of FLOPs add to every module and leave there.
FLOP_COUNTERS = ('total_ops', 'total_params')
# Names of parts that hold averaged weights: `generator_ema`, `params_ema`.
AVERAGED = re.compile(r'(.+_)?ema')
# mmengine's EMAHook stores the averaged weights under `state_dict` and the
# plain ones here, so that this part is never what one wants.
IGNORED = frozenset({'ema_state_dict', 'optimizer'})
NUM_LISTED = 10
MAX_NAME = 1000  # many keys with a longer beginning would fill the memory


class MismatchError(WeightsError):
    """No part of a checkpoint is what a module needs."""


def find_weights(
    module: nn.Module, content: Mapping
) -> tuple[Layout, dict[str, Tensor]]:
    """Find the weights of a module anywhere in a checkpoint.

    All keys below one prefix must be the module's, in one of the known
    layouts; what lies beside the prefix (a discriminator, an optimizer) is
    left alone. Of several parts that fit, the one under a name that is or ends
    in ``ema`` is taken. Two parts of one rank are refused, and so are plain
    weights whose average is there and does not fit.

    Args:
        module (nn.Module): Gives keys and shapes; it is not changed.
        content (Mapping): State dict, or a checkpoint with some in it.

    Returns:
        tuple[Layout, dict[str, Tensor]]: The layout found and the weights
        under the module's keys, complete, finite and of the right shapes.

    Raises:
        MismatchError: If no part of the checkpoint fits; its message lists
            what is missing, unknown or of another shape.
        WeightsError: If more than one part fits, or a value is NaN or
            infinite.
    """
    tensors = flat_tensors(content)
    layout, prefix, part = _match(module, tensors)
    if counted := [key for key in tensors if is_flop_counter(key)]:
        say(f'{_list(counted, "keys of a FLOP counter")} are left out.')
    check_finite({prefix + key: value for key, value in part.items()})
    own = module.state_dict()
    ours = {layout.key(key): key for key in own}
    return layout, own | {
        ours[key]: layout.value(ours[key], value)
        for key, value in part.items()
    }


def fits(module: nn.Module, tensors: Mapping[str, Tensor]) -> bool:
    """Say whether weights of a module are among those of `flat_tensors`."""
    try:
        _match(module, tensors)
    except WeightsError:
        return False
    return True


def flat_tensors(content: Mapping, prefix: str = '') -> dict[str, Tensor]:
    """Return every tensor in nested mappings by its dotted key.

    Raises:
        WeightsError: If a key is too long, or is there twice.
    """
    tensors = {}
    for key, value in content.items():
        name = f'{prefix}{key}'
        if not isinstance(value, (Tensor, Mapping)) or key in IGNORED:
            continue
        if len(name) > MAX_NAME:
            raise WeightsError(
                f'Expected keys of at most {MAX_NAME} characters, got '
                f'{name[:60]!r}... of {len(name)}; rename it.'
            )
        is_tensor = isinstance(value, Tensor)
        found = {name: value} if is_tensor else flat_tensors(value, f'{name}.')
        if twice := [name for name in found if name in tensors]:
            raise WeightsError(
                f'Expected one tensor of each name, got two named '
                f'{twice[0]!r}; leave one of them out.'
            )
        tensors |= found
    return tensors


def is_flop_counter(key: str) -> bool:
    """Say whether a key is one that counting FLOPs has left behind."""
    return key.rpartition('.')[2] in FLOP_COUNTERS


def check_finite(weights: Mapping[str, Tensor]) -> None:
    """Refuse weights of a training that diverged, or of a damaged file.

    Raises:
        WeightsError: If a floating value is NaN or infinite.
    """
    bad = [key for key, value in weights.items() if not _is_finite(value)]
    if bad:
        raise WeightsError(
            f'Expected finite weights, got NaN or infinity in '
            f'{_list(bad, "tensors")}; the training diverged before they '
            'were saved: take an earlier checkpoint.'
        )


def _is_finite(value: Tensor) -> bool:
    """Say whether no element is NaN or infinite; without memory, none is."""
    if value.is_meta or not value.is_floating_point():
        return True
    if value.dtype.itemsize == 1:  # has no sum
        value = value.float()
    # Ten times as fast, and without a copy; a sum may overflow, though.
    return bool(value.sum().isfinite() or value.isfinite().all())


def faults_of(module: nn.Module, weights: Mapping) -> str:
    """Say what keeps a state dict from being a module's, if anything."""
    own = module.state_dict()
    return '; '.join(_faults(weights, {key: key for key in own}, own))


def _match(
    module: nn.Module, tensors: Mapping
) -> tuple[Layout, str, dict[str, Tensor]]:
    """Find the part of some tensors that fits, under the keys of its layout.

    Returns:
        tuple[Layout, str, dict[str, Tensor]]: The layout, the prefix of the
        part and the part.
    """
    tensors = {k: v for k, v in tensors.items() if not is_flop_counter(k)}
    own = module.state_dict()
    own = {k: v for k, v in own.items() if not is_flop_counter(k)}
    keys = sorted(tensors)
    fitting, prefixes, tried = {}, set(), []
    best = 0, _list(keys, 'foreign')  # known keys, what is wrong with them
    for layout in layouts_of(module):
        theirs = {layout.key(key): key for key in own}
        if theirs in tried:
            continue
        tried.append(theirs)
        counts = _prefixes(keys, theirs)
        prefixes |= counts.keys()
        for prefix in _candidates(counts, theirs):
            part = {
                key[len(prefix) :]: tensors[key]
                for key in _below(keys, prefix)
                if layout.uses(key[len(prefix) :])
            }
            faults = _take_out_constants(part, layout, module)
            faults += _faults(part, theirs, own)
            if not faults:
                fitting.setdefault(prefix, (layout, prefix, part))
            elif counts[prefix] > best[0]:
                where = f'part {prefix!r}, layout {layout.name}: '
                best = counts[prefix], where + '; '.join(faults)
    if not fitting:
        raise MismatchError(
            f'Expected the weights of a {type(module).__name__}, '
            f'{len(own)} tensors, got {best[1]}. Nothing was loaded.'
        )
    return fitting[_choose(list(fitting), prefixes)]


def _take_out_constants(
    part: Weights, layout: Layout, module: nn.Module
) -> list[str]:
    """Remove what files must hold as it is; say what differs."""
    wrong = [
        key
        for key, value in layout.constants(module).items()
        if layout.uses(key)
        and key in part
        and not torch.equal(part.pop(key), value)
    ]
    what = 'not the constants that they must be'
    return [_list(wrong, what)] if wrong else []


def _prefixes(keys: Sequence[str], known: Mapping) -> Counter:
    """Count the known keys below every prefix that has some."""
    counts = Counter()
    depth = max((key.count('.') for key in known), default=0)
    for key in keys:
        parts = key.rsplit('.', depth + 1)[-depth - 1 :]
        for i in range(len(parts)):
            name = '.'.join(parts[i:])
            if name in known:
                counts[key[: len(key) - len(name)]] += 1
    return counts


def _candidates(counts: Counter, known: Mapping) -> list[str]:
    """List the prefixes below which nothing is missing, else the best one."""
    needed = sum(not key.endswith(DERIVABLE) for key in known)
    whole = [prefix for prefix, count in counts.items() if count >= needed]
    return whole or [prefix for prefix, _ in counts.most_common(1)]


def _below(keys: Sequence[str], prefix: str) -> Sequence[str]:
    """Return the keys below a prefix, of all keys in order."""
    # Nothing comes between the last key below 'a.' and the first of 'a/'.
    end = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else None
    stop = bisect_left(keys, end) if end else len(keys)
    return keys[bisect_left(keys, prefix) : stop]


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


def _choose(fitting: list[str], prefixes: Collection[str]) -> str:
    """Return the one fitting part, or the one with averaged weights.

    Parts are told by their prefixes; ``prefixes`` are of all that resembles.
    """
    averaged = [prefix for prefix in fitting if _is_averaged(prefix)]
    chosen = averaged or fitting
    if len(chosen) > 1:
        raise WeightsError(
            'Expected one part of the checkpoint to fit, got '
            f'{_list(chosen, "fitting")}; give the state dict of one of them.'
        )
    plain = _plain_name(chosen[0])
    odd = [p for p in prefixes if _is_averaged(p) and _plain_name(p) == plain]
    if odd and not averaged:
        raise WeightsError(
            f'Expected averaged weights that fit beside {chosen[0]!r}, got '
            f'{_list(odd, "that does not")}; give the state dict of one.'
        )
    return chosen[0]


def _is_averaged(prefix: str) -> bool:
    """Say whether averaged weights stand below a prefix."""
    return any(map(AVERAGED.fullmatch, prefix.split('.')))


def _plain_name(prefix: str) -> str:
    """Return the prefix of the plain weights whose average is here."""
    parts = (part for part in prefix.split('.') if part != 'module')
    return '.'.join(part.removesuffix('_ema') for part in parts)


def _list(names: Collection[str], what: str) -> str:
    """Count names and show the first few."""
    shown = ', '.join(list(names)[:NUM_LISTED])
    more = ', ...' if len(names) > NUM_LISTED else ''
    return f'{len(names)} {what} ({shown}{more})'
