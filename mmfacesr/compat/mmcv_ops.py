# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""MMagic without mmcv's compiled ops, which no method here calls.

MMagic imports ``mmcv.ops``, which needs the compiled module ``mmcv._ext``.
``mmcv-lite`` is mmcv without it: a pure wheel, installed without a compiler.
"""

import importlib
import sys
import warnings
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NoReturn

EXTENSION = 'mmcv._ext'


def mend_missing_ops() -> None:
    """Stand in for the compiled module where there is none that loads.

    Everything of ``mmcv.ops`` can then be imported; calling an op raises
    ImportError. mmcv itself goes on saying that there are no ops.
    """
    if EXTENSION in sys.modules:
        return
    if find_spec(EXTENSION):
        try:
            importlib.import_module(EXTENSION)
            return
        except ImportError as error:  # compiled for another torch
            warnings.warn(
                f'The compiled ops of mmcv do not load ({error}). mmfacesr '
                'needs none of them; calling one raises an error.',
                stacklevel=2,
            )
    module = ModuleType(EXTENSION, 'Stands in for ops that are not compiled.')
    module.__spec__ = ModuleSpec(EXTENSION, None)
    module.__getattr__ = _missing_op
    # What mmcv's report on the environment calls.
    module.get_compiler_version = lambda: 'n/a'
    module.get_compiling_cuda_version = lambda: 'n/a'
    sys.modules[EXTENSION] = module


def _missing_op(name: str) -> Callable[..., NoReturn]:
    if name.startswith('__'):
        raise AttributeError(name)

    def raise_missing(*_: Any, **__: Any) -> NoReturn:
        raise ImportError(
            f'Expected mmcv with compiled ops that load, for {name!r}, got '
            'none: uninstall mmcv or mmcv-lite and install mmcv 2.1.0 for '
            'this torch (in a clone, `make install STACK=full`).'
        )

    return raise_missing
