# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Finding a module's weights in a checkpoint."""

import re
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from mmfacesr.utils import first_few
from mmfacesr.weights import WeightsError, say
from mmfacesr.weights.layouts import Layout, Weights, layouts_of, with_prefix

# Buffers that a module makes itself; old files lack them.
DERIVABLE = ('num_batches_tracked',)
# Buffers that counters of FLOPs add to every module and leave there.
FLOP_COUNTERS = ('total_ops', 'total_params')
# Names of parts that hold averaged weights: `generator_ema`, `params_ema`.
AVERAGED = re.compile(r'(.+_)?ema')
# mmengine's EMAHook stores the averaged weights under `state_dict` and the
# plain ones here, so that this part is never what one wants.
IGNORED = frozenset({'ema_state_dict', 'optimizer'})
MAX_NAME = 1000  # many keys with a longer beginning would fill the memory
LAST = chr(sys.maxunicode)  # stands behind every other letter


class MismatchError(WeightsError):
    """No part of a checkpoint is what a module needs."""


def find_weights(
    module: nn.Module, content: Mapping
) -> tuple[Layout, Weights]:
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
        tuple[Layout, Weights]: The layout found and the weights under the
        module's keys, complete, finite and of the right shapes.

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
    check_finite(with_prefix(prefix, part))
    own = module.state_dict()
    ours = {layout.key(key): key for key in own}
    return layout, own | {
        ours[key]: layout.value(ours[key], value)
        for key, value in part.items()
    }


def fits(module: nn.Module, tensors: Weights) -> bool:
    """Say whether weights of a module are among those of `flat_tensors`."""
    try:
        _match(module, tensors)
    except WeightsError:
        return False
    return True


def flat_tensors(content: Mapping) -> Weights:
    """Return every tensor in nested mappings by its dotted key.

    Raises:
        WeightsError: If a key is too long, or is there twice.
    """
    tensors = {}
    for name, value in _flat(content, ''):
        if name in tensors or len(name) > MAX_NAME:
            raise WeightsError(
                f'Expected keys of at most {MAX_NAME} characters, each once, '
                f'got two named {name[:60]!r} or one of {len(name)}; rename '
                'it or leave it out.'
            )
        tensors[name] = value
    return tensors


def _flat(content: Mapping, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """Yield tensors and their keys; the keys may be long, or there twice."""
    for key, value in content.items():
        if isinstance(value, Tensor):
            yield f'{prefix}{key}', value
        elif isinstance(value, Mapping) and key not in IGNORED:
            yield from _flat(value, f'{prefix}{key}.')


def is_flop_counter(key: str) -> bool:
    """Say whether a key is one that counting FLOPs has left behind."""
    return key.rpartition('.')[2] in FLOP_COUNTERS


def check_finite(weights: Weights) -> None:
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


def faults_of(module: nn.Module, weights: Weights) -> str:
    """Say what keeps a state dict from being a module's, if anything."""
    return '; '.join(_faults(weights, module.state_dict()))


def _match(module: nn.Module, tensors: Weights) -> tuple[Layout, str, Weights]:
    """Find the layout, the prefix and the part of some tensors that fits."""
    keys = sorted(key for key in tensors if not is_flop_counter(key))
    own = module.state_dict()
    own = {k: v for k, v in own.items() if not is_flop_counter(k)}
    fitting, prefixes = {}, set()
    best = 0, _list(keys, 'foreign')  # known keys, what is wrong with them
    for layout in layouts_of(module):
        theirs = {layout.key(key): value for key, value in own.items()}
        counts = _prefixes(keys, theirs)
        prefixes |= counts.keys()
        needed = sum(not key.endswith(DERIVABLE) for key in theirs)
        whole = [prefix for prefix in counts if counts[prefix] >= needed]
        for prefix in whole or [each for each, _ in counts.most_common(1)]:
            below = filter(layout.uses, _below(keys, prefix))
            part = {key: tensors[prefix + key] for key in below}
            wrong = [
                key
                for key, value in layout.constants(module).items()
                if key in part and not torch.equal(part.pop(key), value)
            ]
            faults = _faults(part, theirs, wrong)
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


def _prefixes(keys: Sequence[str], known: Mapping) -> Counter:
    """Count the known keys below every prefix that has some."""
    counts = Counter()
    depth = max((key.count('.') for key in known), default=0)
    for key in keys:
        start = len(key)
        for _ in range(depth + 1):
            start = key.rfind('.', 0, max(start - 1, 0)) + 1
            if key[start:] in known:
                counts[key[:start]] += 1
            if not start:
                break
    return counts


def _below(keys: Sequence[str], prefix: str) -> list[str]:
    """Return the rest of each key below a prefix, of all keys in order."""
    first, end = bisect_left(keys, prefix), bisect_left(keys, prefix + LAST)
    return [key[len(prefix) :] for key in keys[first:end]]


def _faults(
    part: Weights, theirs: Weights, wrong: Collection[str] = ()
) -> list[str]:
    """Say what keeps part of a checkpoint from being a module's weights."""
    known = [(key, part[key], theirs[key]) for key in part if key in theirs]
    faults = {
        'missing': [
            key
            for key in theirs
            if key not in part and not key.endswith(DERIVABLE)
        ],
        'unknown': [key for key in part if key not in theirs],
        'of another shape': [
            f'{key} {tuple(found.shape)} for {tuple(value.shape)}'
            for key, found, value in known
            if found.shape != value.shape
        ],
        'of another kind of number': [
            f'{key} {found.dtype} for {value.dtype}'
            for key, found, value in known
            if _kind(found) != _kind(value)
        ],
        'not the constants that they must be': wrong,
    }
    return [_list(keys, what) for what, keys in faults.items() if keys]


def _kind(value: Tensor) -> tuple[bool, bool]:
    """Say what a tensor's numbers are; precision and width do not count."""
    return value.is_floating_point(), value.is_complex()


def _choose(fitting: list[str], prefixes: Collection[str]) -> str:
    """Return the prefix of the one fitting part, or of averaged weights.

    Those that resemble a part are ``prefixes``.
    """
    averaged = [prefix for prefix in fitting if _is_averaged(prefix)]
    chosen, *others = averaged or fitting
    if others:
        raise WeightsError(
            'Expected one part of the checkpoint to fit, got '
            f'{_list([chosen, *others], "fitting")}; give the state dict of '
            'one of them.'
        )
    plain = _plain_name(chosen)
    odd = [p for p in prefixes if _is_averaged(p) and _plain_name(p) == plain]
    if odd and not averaged:
        raise WeightsError(
            f'Expected averaged weights that fit beside {chosen!r}, got '
            f'{_list(odd, "that does not")}; give the state dict of one.'
        )
    return chosen


def _is_averaged(prefix: str) -> bool:
    """Say whether averaged weights stand below a prefix."""
    return any(map(AVERAGED.fullmatch, prefix.split('.')))


def _plain_name(prefix: str) -> str:
    """Return the prefix of the plain weights whose average is here."""
    parts = (part for part in prefix.split('.') if part != 'module')
    return '.'.join(part.removesuffix('_ema') for part in parts)


def _list(names: Collection[str], what: str) -> str:
    """Count names and show the first few."""
    return f'{len(names)} {what} ({first_few(names)})'
