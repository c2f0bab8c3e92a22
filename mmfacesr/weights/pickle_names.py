# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The names that a file of tensors may use, and why another is refused.

An unpickler gets whatever object a name in the file leads to and calls it,
so that names decide what a file can do. The list is ours: torch's own is
longer and differs between its versions.
"""

import io
import mmap
import sys
from _compat_pickle import IMPORT_MAPPING
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pickletools import genops

import torch

from mmfacesr.weights.file_kinds import SAVE_PLAINLY, FormatError

# Some seconds of reading; a thousand tensors need 40,000.
MAX_OPCODES = 2_000_000
GETS = ('BINGET', 'LONG_BINGET')
PUTS = ('BINPUT', 'LONG_BINPUT')

# What the elements of torch's storages are.
STORAGES = {
    f'torch {name}Storage': dtype
    for name, dtype in (
        ('Bool', torch.bool),
        ('Byte', torch.uint8),
        ('Char', torch.int8),
        ('Short', torch.int16),
        ('Int', torch.int32),
        ('Long', torch.int64),
        ('Half', torch.float16),
        ('BFloat16', torch.bfloat16),
        ('Float', torch.float32),
        ('Double', torch.float64),
        ('ComplexFloat', torch.complex64),
        ('ComplexDouble', torch.complex128),
    )
}
DTYPES = frozenset(str(dtype).replace('.', ' ') for dtype in STORAGES.values())
SPECIAL_TENSORS = frozenset(
    {
        'torch._tensor _rebuild_from_type_v2',
        'torch._utils _rebuild_device_tensor_from_cpu_tensor',
        'torch._utils _rebuild_device_tensor_from_numpy',
        'torch._utils _rebuild_meta_tensor_no_storage',
        'torch._utils _rebuild_nested_tensor',
        'torch._utils _rebuild_parameter_with_state',
        'torch._utils _rebuild_qtensor',
        'torch._utils _rebuild_sparse_csr_tensor',
        'torch._utils _rebuild_sparse_tensor',
        'torch._utils _rebuild_tensor_v3',
        'torch._utils _rebuild_wrapper_subclass',
    }
)
# What these take along.
COMPANIONS = frozenset(
    {
        'torch.serialization _get_layout',
        'torch per_tensor_affine',
        'torch per_channel_affine',
    }
)
# Found beside the weights in checkpoints of training; no sign of bad intent.
EXTRAS = (
    'mmengine.',
    'mmcv.',
    'numpy',
    'argparse ',
    'pathlib ',
    'omegaconf.',
    'collections ',
    'datetime ',
)
BUILTINS = ('builtins', '__builtin__')
# Not functions, or harmless ones, although they are not capitalized.
PARTS = frozenset(
    {'ndarray', 'dtype', '_reconstruct', 'scalar', 'deque', 'defaultdict'}
    | {'datetime', 'date', 'time', 'timedelta', 'timezone'}
)
# Of builtins; a defaultdict(int) names one.
PLAIN_CLASSES = frozenset(
    {'bool', 'bytes', 'bytearray', 'complex', 'dict', 'float', 'frozenset'}
    | {'int', 'list', 'long', 'object', 'set', 'str', 'tuple', 'unicode'}
)
MODULES = 'torch.nn.'
# What pickling a method, such as a HistoryBuffer's, drags along.
HELPERS = frozenset(
    {'__builtin__ getattr', 'builtins getattr', 'functools partial'}
)
NUM_NAMED = 4
MAX_NAME = 300  # characters, for a message; longer ones could be joined often

DISTRUST = (
    'such a file can do harm and is never loaded here: do not load it '
    'elsewhere either, get the weights from their authors'
)


class ObjectsError(FormatError):
    """There are objects beside the tensors, and no sign of bad intent."""


def find_names(stream: io.BytesIO | mmap.mmap) -> list[str]:
    """List the names in a pickle of any protocol, for a message."""
    names, memo, strings = {}, {}, deque(['?', '?'], maxlen=2)
    # A pickle that breaks off has named enough before.
    with suppress(Exception):
        for count, (opcode, arg, _) in enumerate(genops(stream)):
            if count >= MAX_OPCODES:
                break
            if opcode.name in ('GLOBAL', 'INST'):
                names[arg] = None
            elif opcode.name == 'STACK_GLOBAL':
                names[' '.join(strings)] = None
            elif opcode.name in PUTS:
                memo[arg] = strings[-1]
            elif opcode.name == 'MEMOIZE':
                memo[len(memo)] = strings[-1]
            elif opcode.name in GETS:
                strings.append(memo[arg])
            elif isinstance(arg, str):
                strings.append(arg[:MAX_NAME])
    return list(names)


def refusal(
    names: Sequence[str], others: Sequence[str], odd: str
) -> FormatError:
    """Say what keeps a pickle from being tensors and plain values.

    Args:
        names (Sequence[str]): All names in it, 'module name' each.
        others (Sequence[str]): Those that are not allowed.
        odd (str): What else is unusual, for when no name is.
    """
    has_module = any(name.startswith(MODULES) for name in others)
    has_history = any(name.startswith('mmengine.') for name in others)
    calls = [
        name
        for name in others
        if _is_call(name, has_module, has_module or has_history)
    ]
    if calls:
        return FormatError(f'calls of Python code ({_list(calls)})', DISTRUST)
    special = [name for name in others if name in SPECIAL_TENSORS]
    if special and all(name.startswith('torch') for name in others):
        return FormatError(
            f'tensors of a special kind ({_list(special)})', SAVE_PLAINLY
        )
    if not others:
        return FormatError(odd, SAVE_PLAINLY)
    classes = [n for n in others if n not in SPECIAL_TENSORS | HELPERS]
    return ObjectsError(f'objects ({_list(classes)})', SAVE_PLAINLY)


def _is_call(name: str, has_module: bool, has_methods: bool) -> bool:
    """Whether a name is that of a function or of Python's own library.

    Args:
        name (str): 'module name'.
        has_module (bool): The file names modules of torch, too.
        has_methods (bool): It names classes whose methods are pickled.
    """
    module, _, last = name.partition(' ')
    root = module.split('.')[0]
    # As in `pathlib Path.touch`; private names begin with underscores.
    is_class = last.rpartition('.')[2].lstrip('_')[:1].isupper()
    if name in SPECIAL_TENSORS | COMPANIONS or name.startswith(MODULES):
        return False
    if name in HELPERS:
        return not has_methods
    if name.startswith(EXTRAS):
        return not is_class and last not in PARTS
    if module in BUILTINS and last in PLAIN_CLASSES:
        return False
    if root in sys.stdlib_module_names or root in IMPORT_MAPPING:
        return True
    # Modules keep functions too: an activation, the constructor of a block.
    is_own = root != 'torch' or (module == 'torch' and last != 'load')
    return not (is_class or (has_module and is_own))


def _list(names: Sequence[str]) -> str:
    """Show the first names with dots, as one writes them."""
    shown = ', '.join(name.replace(' ', '.') for name in names[:NUM_NAMED])
    return shown + (', ...' if len(names) > NUM_NAMED else '')
