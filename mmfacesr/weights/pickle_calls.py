# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The calls that files of tensors make: with what, and what comes of them.

Torch's own functions do not check their arguments, because torch.save gives
them the right ones.
"""

import re
from collections.abc import Callable, Sequence
from math import prod

from mmfacesr.weights.pickle_values import (
    TensorClaim,
    Value,
    require,
    require_key,
    unreadable,
)

# Sizes whose product torch's 64-bit counts hold with ease.
MAX_ELEMENTS = 1 << 48
MAX_DIMS = 64


def call(name: str, args: Sequence[Value]) -> Value:
    """Return what a call makes.

    Args:
        name (str): 'module name', one of `CALLS`.
        args (Sequence[Value]): Its arguments.

    Raises:
        FormatError: If torch.save would not write these arguments.
    """
    pattern, make = CALLS[name]
    kinds = ' '.join(arg.kind for arg in args)
    if not pattern.fullmatch(kinds):
        require(False, f'{name} called with {kinds}')
    return make(args)


def _ordered(args: Sequence[Value]) -> Value:
    """An OrderedDict; Python 2 gives its items as a list of lists."""
    made = Value('ordered')
    pairs = args[0].items if args else ()
    require(
        all(p.kind in ('list', 'tuple') and len(p.items) == 2 for p in pairs),
        'an OrderedDict of no pairs',
    )
    made.set_items([p.items[0] for p in pairs], [p.items[1] for p in pairs])
    return made


def _counter(args: Sequence[Value]) -> Value:
    """A Counter, such as the milestones of a schedule: a dict."""
    return args[0] if args else Value('dict')


def _set(args: Sequence[Value]) -> Value:
    """A set of keys."""
    made = Value('set')
    for value in args[0].items if args else ():
        require_key(value)
        made.hold(value)
    return made


def _size(args: Sequence[Value]) -> Value:
    """A torch.Size."""
    _integers(args[0])
    return args[0]


def _tensor(args: Sequence[Value]) -> Value:
    """A tensor that lies within its storage.

    torch enlarges a storage for a tensor that does not, with whatever was in
    memory there.
    """
    storage, offset = args[:2]
    shape, strides = _integers(args[2]), _integers(args[3])
    require(
        len(shape) == len(strides) <= MAX_DIMS, 'a tensor of unclear shape'
    )
    require(offset.known >= 0, 'a tensor before its storage')
    require(prod(shape) <= MAX_ELEMENTS, 'a tensor of impossible size')
    last = sum((n - 1) * step for n, step in zip(shape, strides))
    require(
        not all(shape) or offset.known + last < storage.known.numel,
        'a tensor that is larger than its storage',
    )
    if any(arg.items for arg in args[5:]):
        raise unreadable('a hook')
    return Value(
        'tensor',
        TensorClaim(storage.known, offset.known, tuple(shape), tuple(strides)),
    )


def _integers(value: Value) -> list[int]:
    """Return the sizes in a tuple, none of them negative."""
    numbers = [item.known for item in value.items]
    require(
        all(i.kind == 'int' for i in value.items)
        and all(n >= 0 for n in numbers),
        'a size that is no count',
    )
    return numbers


def _encoded(args: Sequence[Value]) -> Value:
    """Bytes written as text, each as one character."""
    require(
        args[1].known in ('latin1', 'latin-1'), f'the codec {args[1].known!r}'
    )
    return Value('bytes', args[0].known)


def _parameter(args: Sequence[Value]) -> Value:
    """A parameter around a tensor."""
    if args[2].items:
        raise unreadable('a hook')
    return args[0]


def _old_parameter(args: Sequence[Value]) -> Value:
    """A parameter as before PyTorch 0.4; its state may follow."""
    return Value('parameter', args[0].known)


def set_old_state(parameter: Value, state: Value) -> None:
    """Give an old parameter its state, as ``__setstate__`` of torch does.

    Raises:
        FormatError: If it is none that torch has written, or has hooks.
    """
    kinds = ' '.join(item.kind for item in state.items)
    require(bool(OLD_STATE.fullmatch(kinds)), 'a state of a parameter')
    if state.items[2].items:
        raise unreadable('a hook')
    if state.items[0].kind == 'tensor':
        parameter.known = state.items[0].known


def _made(kind: str) -> Callable[[Sequence[Value]], Value]:
    """Return a rule that makes a fresh value of a kind."""
    return lambda args: Value(kind)


PARAMETER = 'torch.nn.parameter Parameter'
_HOOKS = '(ordered|none)'
# requires_grad, volatile, hooks; or data, gradient, hooks and these two.
OLD_STATE = re.compile(
    f'bool bool {_HOOKS}|tensor (none|tensor) {_HOOKS} bool bool'
)
_TENSOR = 'storage int tuple tuple'
_BYTEARRAY = (
    '(bytes)?|str str',
    lambda args: _encoded(args) if len(args) > 1 else Value('bytes'),
)
# Kinds of the arguments, and what a call with them makes.
_RULES = {
    'collections OrderedDict': ('(list)?', _ordered),
    'collections Counter': ('(dict)?', _counter),
    'torch._utils _rebuild_tensor': (_TENSOR, _tensor),
    'torch._utils _rebuild_tensor_v2': (f'{_TENSOR} bool {_HOOKS}', _tensor),
    'torch._utils _rebuild_parameter': (f'tensor bool {_HOOKS}', _parameter),
    PARAMETER: ('(tensor|parameter)( bool)?', _old_parameter),
    'torch Size': ('tuple', _size),
    'torch device': ('str( int)?', _made('plain')),
    '_codecs encode': ('str str', _encoded),
    'numpy dtype': ('str (bool bool|int int)', _made('format')),
    'numpy.core.multiarray scalar': ('format bytes', _made('number')),
    'numpy._core.multiarray scalar': ('format bytes', _made('number')),
    '__builtin__ set': ('(list)?', _set),
    'builtins set': ('(list)?', _set),
    '__builtin__ complex': ('float float', _made('number')),
    'builtins complex': ('float float', _made('number')),
    '__builtin__ bytearray': _BYTEARRAY,
    'builtins bytearray': _BYTEARRAY,
}
CALLS = {
    name: (re.compile(pattern), make)
    for name, (pattern, make) in _RULES.items()
}
