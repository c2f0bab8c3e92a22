# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""MMagic without mmcv's compiled ops, which no method here calls.

MMagic imports ``mmcv.ops``, which needs the compiled module ``mmcv._ext``.
``mmcv-lite`` is mmcv without it: a pure wheel, installed without a compiler.
"""

import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

EXTENSION = 'mmcv._ext'
REMEDY = (
    'install mmcv 2.1.0 with its ops for this torch instead of mmcv-lite '
    '(`make install STACK=full` in a clone)'
)


def mend_missing_ops() -> None:
    """Stand in for the compiled module where it is missing.

    Ops can then be imported; calling one raises ImportError.
    """
    if EXTENSION in sys.modules or importlib.util.find_spec(EXTENSION):
        return
    module = ModuleType(EXTENSION, 'Stands in for ops that are not compiled.')
    module.__getattr__ = _missing_op
    # what mmcv's report on the environment asks for
    module.get_compiler_version = lambda: 'n/a'
    module.get_compiling_cuda_version = lambda: 'n/a'
    sys.modules[EXTENSION] = module


def has_ops() -> bool:
    """Tell whether mmcv's ops are compiled (after the mends)."""
    module = sys.modules.get(EXTENSION)
    return getattr(module, '__getattr__', None) is not _missing_op


def _missing_op(name: str) -> Callable[..., NoReturn]:
    if name.startswith('__'):
        raise AttributeError(name)

    def raise_missing(*args: Any, **kwargs: Any) -> NoReturn:
        raise ImportError(
            f'mmcv.ops needs the compiled op {name!r}, which mmcv-lite does '
            f'not have: {REMEDY}.'
        )

    return raise_missing
