# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Unpickling tensors and plain values; of everything else nothing is made.

Python's own unpickler follows the opcodes. A name in a file leads to an
:class:`Inert`. Calling it calls a function of `BUILDERS`, or gives another
`Inert`: no class or function of a file is looked for.
"""

import pickle
import re
import sys
from _compat_pickle import IMPORT_MAPPING
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor, nn

from mmfacesr.utils import printable

SAVE_PLAINLY = (
    'save the weights alone, as a state dict, with the defaults of torch.save'
)
FETCH_AGAIN = 'it is damaged: fetch it again and compare its hash'
DISTRUST = (
    'such a file can do harm and is never loaded here: do not load it '
    'elsewhere either, get the weights from their authors'
)
MAX_TEXT = 300
MAX_OPCODES = 2_000_000  # some seconds; a thousand tensors need 40,000
# A dict finds smaller integers fast, whichever somebody chooses.
MAX_KEY = 1 << 63
# What torch.save writes, in protocols 2 and 3. Others allocate what they
# claim, or hash what is nested without an end.
OPCODES = b'\x80.}])(NKMJGUX\x88\x89\x8a\x85\x86\x87taeqrhjcQsuRb\x81'
DTYPES = {
    f'torch.{name}': getattr(torch, name)
    for name in (
        *('bool', 'uint8', 'int8', 'int16', 'int32', 'int64', 'float16'),
        *('bfloat16', 'float32', 'float64', 'complex64', 'complex128'),
    )
}
# 'torch.FloatStorage', whose tensors are of the type 'torch.FloatTensor'.
STORAGES = {
    torch.empty(0, dtype=dtype).type().replace('Tensor', 'Storage'): dtype
    for dtype in DTYPES.values()
}
NUMBER = re.compile(r'b1|[iu][1248]|f[248]|c8|c16')
# Names of Python's library that stand beside weights in checkpoints of
# training. Another one is a sign of bad intent.
HARMLESS = re.compile(
    r'(argparse|collections|datetime|pathlib)\.\w+|functools\.partial'
    r'|_codecs\.encode|builtins\.(bool|bytearray|bytes|complex|dict|float'
    r'|frozenset|getattr|int|list|long|object|set|str|tuple|unicode)'
)
SIZED = (str, bytes, tuple, list, dict)
MAX_ARGS = 8  # that a function here looks at


class FormatError(Exception):
    """A file is not what was expected; becomes a `WeightsError`.

    Args:
        found (str): What it is or holds instead, as in 'an image'.
        remedy (str): What to do. Defaults to fetching it again.
    """

    def __init__(self, found: str, remedy: str = FETCH_AGAIN) -> None:
        # Names in a file could steer a terminal, and be endless.
        shown = found if len(found) <= MAX_TEXT else f'{found[:MAX_TEXT]}...'
        super().__init__(printable(shown))
        self.remedy = remedy


@dataclass(eq=False)
class Inert:
    """What a name in a file leads to, or what a call of it would give.

    Args:
        name (str): 'module.name', or what else it is.
        args (tuple): What the call was given. Defaults to nothing.
        state (Any): What the file sets of the object. Defaults to nothing.
    """

    name: str
    args: tuple = ()
    state: Any = None

    def append(self, item: Any) -> None:
        """Take an entry, as a list of somebody's would, and forget it."""


class Unpickler(pickle._Unpickler):
    """Reads one pickle from a stream, which stands behind it afterwards.

    The unpickler in Python, because the one in C allocates what a file claims
    and can be made to crash.

    Args:
        stream (BinaryIO): Where it stands.
        size (int): Bytes of the file, to which work is kept in proportion.
        find (Callable): Gives the elements, in one row, of the storage of a
            key, dtype and number of elements.

    Raises:
        FormatError: From ``load``, for what is refused. A broken pickle
            raises nearly anything.
    """

    def __init__(self, stream: BinaryIO, size: int, find: Callable) -> None:
        super().__init__(stream, encoding='utf-8')
        self.dispatch = _Handlers(self.handlers)
        self.find, self.size, self.left = find, size, 4 * size + MAX_OPCODES

    def find_class(self, module: str, name: str) -> Inert | torch.dtype:
        """Return what stands for a name, of Python 2 or 3."""
        name = f'{IMPORT_MAPPING.get(module, module)}.{name}'
        return DTYPES.get(name) or Inert(checked(name))

    def persistent_load(self, pid: tuple) -> Inert:
        """Return the storage, or what stands for the class, of a reference."""
        if pid[0] == 'module':  # a class, with its code
            return pid[1]
        # Before PyTorch 0.4 there is a sixth entry, None but for views.
        what, kind, key, _, numel, *view = pid
        is_known = what == 'storage' and type(key) is str and not any(view)
        if not is_known or type(numel) is not int:
            raise FormatError('a pickle with an external reference')
        if not 0 <= numel <= self.size:
            raise FormatError('a storage larger than the file, or negative')
        if kind.name not in STORAGES:
            return kind
        dtype = STORAGES[kind.name]
        elements = self.find(key, dtype, numel)
        if (elements.dtype, len(elements)) != (dtype, numel):
            raise FormatError('a storage of two sizes')
        return Inert('a storage', (elements,))

    def _call(self) -> None:
        args, function = self.stack.pop(), self.stack.pop()
        if type(function) is not Inert or type(args) is not tuple:
            raise FormatError('a pickle with a call of no function')
        # One long text may be given to many calls.
        sized = (arg for arg in args[:MAX_ARGS] if isinstance(arg, SIZED))
        self.left -= len(args) + sum(map(len, sized))
        if self.left < 0:
            raise FormatError('a pickle that repeats its arguments')
        build = BUILDERS.get(function.name)
        self.append(build(*args) if build else Inert(function.name, args))

    def _build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        if isinstance(target, Inert):
            target.state = state
        elif type(target) is nn.Parameter:
            _set_old_state(target, state)
        elif type(target) is OrderedDict:
            target._metadata = state.get('_metadata')
        else:
            raise FormatError(f'a state of a {type(target).__name__}')

    def _set_items(self, items: list) -> None:
        target = self.stack[-1]
        if isinstance(target, dict):
            for key, value in zip(items[::2], items[1::2], strict=True):
                target[_fast_key(key)] = value
        elif type(target) is not Inert:
            raise FormatError('a pickle with keys of no dict')

    handlers = {code: pickle._Unpickler.dispatch[code] for code in OPCODES} | {
        pickle.REDUCE[0]: _call,
        pickle.NEWOBJ[0]: _call,
        pickle.BUILD[0]: _build,
        pickle.SETITEM[0]: lambda self: self._set_items(
            [self.stack.pop(-2), self.stack.pop()]
        ),
        pickle.SETITEMS[0]: lambda self: self._set_items(self.pop_mark()),
    }


class _Handlers(dict):
    """What each opcode does; counts how many are followed."""

    count = 0

    def __getitem__(self, code: int) -> Callable:
        self.count += 1
        if self.count > MAX_OPCODES or code not in self:
            what = f'more than {MAX_OPCODES} opcodes or the opcode {code:#x}'
            raise FormatError(f'a pickle with {what}', SAVE_PLAINLY)
        return super().__getitem__(code)


def checked(name: str) -> str:
    """Refuse names of Python's library that make no plain object."""
    is_of_python = name.partition('.')[0] in sys.stdlib_module_names
    if is_of_python and not HARMLESS.fullmatch(name):
        raise FormatError(f'calls of Python code ({name})', DISTRUST)
    return name


def _fast_key(key: Any) -> Any:
    """Return a key that is fast to find; another one is not made."""
    is_small = type(key) is int and abs(key) < MAX_KEY
    if is_small or type(key) in (str, bool, type(None)):
        return key
    return Inert(f'a key of type {type(key).__name__}')


def _tensor(storage: Inert, offset: int, *sizes: Any) -> Tensor:
    """A tensor of shape and strides; torch keeps it within its storage."""
    return storage.args[0].as_strided(*sizes[:2], offset)


def _parameter(data: Tensor, requires_grad: bool = True, *_: Any) -> Any:
    """A parameter around a tensor."""
    is_inert = type(data) is Inert
    return data if is_inert else nn.Parameter(data, requires_grad is True)


def _set_old_state(parameter: nn.Parameter, state: tuple) -> None:
    """Set requires_grad, volatile, hooks, as pickled before PyTorch 0.4.

    In its first versions: data, gradient, hooks, requires_grad, volatile.
    """
    if len(state) == 5:
        parameter.data, _, _, *state = state
    parameter.requires_grad = state[0] is True


def _ordered(pairs: Iterable = ()) -> OrderedDict:
    """An OrderedDict; Python 2 gives its items as a list of lists."""
    return OrderedDict((_fast_key(k), value) for k, value in _listed(pairs))


def _listed(items: Any) -> list | tuple:
    """Return what may be gone through: not a tensor, number by number."""
    if type(items) not in (list, tuple):
        raise FormatError(f'a pickle with entries in a {type(items).__name__}')
    return items


def _bytes(text: str | bytes = b'', codec: str = 'latin1') -> bytes:
    """Bytes written as text, each as one character, or as they are."""
    if codec not in ('latin1', 'latin-1'):
        raise FormatError(f'a pickle with the codec {codec}')
    return text if type(text) is bytes else text.encode('latin1')


def _number(dtype: Inert, data: bytes) -> Any:
    """A number of NumPy becomes Python's; nothing else of it is made."""
    code = dtype.args[0]
    # As in (3, '<', None, None, None, -1, -1, 0).
    order, *parts = dtype.state[1:5] if dtype.state else '='
    if not NUMBER.fullmatch(code) or any(part is not None for part in parts):
        return Inert('numpy.scalar', (code,))
    dtype = np.dtype(code).newbyteorder(order)
    return np.frombuffer(data, dtype).reshape(()).item()


BUILDERS: dict[str, Callable] = {
    'collections.OrderedDict': _ordered,
    'collections.Counter': lambda counts={}: Counter({**counts}),  # noqa: B006
    'torch._utils._rebuild_tensor': _tensor,
    'torch._utils._rebuild_tensor_v2': _tensor,
    'torch._utils._rebuild_parameter': _parameter,
    'torch.nn.parameter.Parameter': _parameter,
    'torch.Size': lambda sizes: torch.Size(_listed(sizes)),
    'torch.device': torch.device,
    '_codecs.encode': _bytes,
    'numpy.core.multiarray.scalar': _number,
    'numpy._core.multiarray.scalar': _number,
    # A method, as of a log history, is pickled with its object.
    'builtins.getattr': lambda of, name: Inert(checked(f'{of.name}.{name}')),
    'builtins.set': lambda items=(): set(map(_fast_key, _listed(items))),
    'builtins.complex': lambda real, imag: complex(real, imag),
    'builtins.bytearray': lambda *args: bytearray(_bytes(*args)),
}
"""Functions that check what a file gives them."""
