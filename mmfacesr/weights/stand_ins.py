# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What torch's restricted unpickler is given besides its own list.

NumPy's numbers, and what older versions of torch leave out. NumPy's own
constructors stay out of reach: the functions here stand under their names.
"""

import re
import threading
from _codecs import encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn

NUMBER_FORMAT = re.compile(r'b1|[iu][1248]|f[248]|c8|c16')
BYTE_ORDERS = ('<', '>', '|', '=')
_LOCK = threading.RLock()


class _NumberFormat:
    """The NumPy dtype of a number; its byte order comes later.

    Args:
        code (str): As in 'f8'.
    """

    def __init__(self, code: str) -> None:
        if not NUMBER_FORMAT.fullmatch(code):
            raise ValueError(f'a NumPy value of type {code}, no number')
        self.dtype = np.dtype(code)

    def set_state(self, state: tuple) -> None:
        """Take the byte order, as in (3, '<', None, None, None, -1, -1, 0)."""
        order, *parts = state[1:5]
        if order not in BYTE_ORDERS or parts != [None] * 3:
            raise ValueError('a NumPy value with parts, no number')
        self.dtype = self.dtype.newbyteorder(order)


def _dtype(code: str, *_: bool) -> nn.Parameter:
    """Stand in for `numpy.dtype`.

    A parameter, because torch 2.1 sets the state of nothing else; the
    unpickler looks `__setstate__` up on the instance.
    """
    made = nn.Parameter(torch.empty(0), requires_grad=False)
    made.number_format = _NumberFormat(code)
    made.__setstate__ = made.number_format.set_state
    return made


def _scalar(dtype: nn.Parameter, data: bytes) -> bool | int | float | complex:
    """Stand in for NumPy's ``scalar``, giving a number of Python."""
    (number,) = np.frombuffer(data, dtype.number_format.dtype)
    return number.item()


STAND_INS = {
    'numpy.dtype': _dtype,
    'numpy.core.multiarray.scalar': _scalar,
    'numpy._core.multiarray.scalar': _scalar,
    '_codecs.encode': encode,
    'torch.device': torch.device,
    'collections.Counter': Counter,
} | {
    f'{module}.{kind.__name__}': kind
    for module in ('builtins', '__builtin__')
    for kind in (set, bytearray, complex)
}
DTYPES = {
    str(dtype): dtype for dtype in (torch.bool, torch.uint8, torch.bfloat16)
}


def _alias(function: Callable, path: str) -> Callable:
    """Wrap a function so that torch knows it under another name."""

    def alias(*args: Any) -> Any:
        return function(*args)

    alias.__module__, _, alias.__name__ = path.rpartition('.')
    alias.__qualname__ = alias.__name__
    return alias


_ALIASES = [_alias(function, path) for path, function in STAND_INS.items()]


@contextmanager
def stand_ins() -> Iterator[None]:
    """Let torch.load with ``weights_only`` know the stand-ins meanwhile."""
    with _LOCK:
        # torch 2.4 brought a way to register functions.
        if hasattr(torch.serialization, 'add_safe_globals'):
            yield from _registered()
        else:
            yield from _inserted()


def _registered() -> Iterator[None]:
    """Register the stand-ins instead of others under their names."""
    rivals = [
        known
        for known in torch.serialization.get_safe_globals()
        if _path(known) in STAND_INS
    ]
    _exchange(rivals, _ALIASES)
    try:
        yield
    finally:
        _exchange(_ALIASES, rivals)


def _path(known: Any) -> str:
    """Return the name under which torch knows something registered."""
    if isinstance(known, tuple):
        return known[1]
    return f'{known.__module__}.{known.__qualname__}'


def _exchange(old: list, new: list) -> None:
    """Replace registered functions; 2.4 cannot take single ones out."""
    kept = [
        known
        for known in torch.serialization.get_safe_globals()
        if known not in old
    ]
    torch.serialization.clear_safe_globals()
    torch.serialization.add_safe_globals(kept + new)


def _inserted() -> Iterator[None]:
    """Insert the stand-ins into the list that torch 2.1 to 2.3 keep."""
    listed = torch._weights_only_unpickler._get_allowed_globals()
    new = {k: v for k, v in (STAND_INS | DTYPES).items() if k not in listed}
    listed.update(new)
    try:
        yield
    finally:
        for name in new:
            del listed[name]
