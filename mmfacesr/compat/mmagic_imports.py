# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What stops MMagic 1.2.0 from being imported on current stacks."""

import importlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any, Optional
from unittest import mock

import numpy as np
from mmengine.utils import digit_version

from mmfacesr.compat.mmcv_ops import mend_missing_ops
from mmfacesr.compat.seam import wrap_once

# name that MMagic imports -> where diffusers keeps it now
MOVED_MODULES = {
    # since diffusers 0.29
    'diffusers.models.unet_2d_condition': (
        'diffusers.models.unets.unet_2d_condition'
    ),
    # since diffusers 0.38
    'diffusers.pipelines.paint_by_example': (
        'diffusers.pipelines.deprecated.paint_by_example'
    ),
}
MMCV_CEILING = '2.2.0'  # mmagic/__init__.py asserts less


def mend_mmagic_imports() -> None:
    """Let MMagic be imported; imports neither diffusers nor its models."""
    # albumentations asks the network for its newest version at import
    os.environ.setdefault('NO_ALBUMENTATIONS_UPDATE', '1')
    mend_numpy_names()
    mend_moved_modules()
    mend_mmcv_ceiling()
    mend_missing_ops()


def mend_numpy_names() -> None:
    """Give NumPy the name ``bool8`` that mmagic/utils asks for.

    NumPy 2 has dropped it; NumPy 1.24 to 1.26 warn whenever it is asked.
    """
    if 'bool8' not in vars(np):
        np.bool8 = np.bool_


def mend_moved_modules() -> None:
    """Find modules of diffusers under their former names.

    The finder is the last one, so it is asked only for what is missing.
    """
    if not any(isinstance(f, _MovedModuleFinder) for f in sys.meta_path):
        sys.meta_path.append(_MovedModuleFinder())


def mend_mmcv_ceiling() -> None:
    """Import MMagic's light root under an mmcv that it refuses."""
    import mmcv  # may be missing where this file is imported

    if digit_version(mmcv.__version__) >= digit_version(MMCV_CEILING):
        with mock.patch.object(mmcv, '__version__', '2.1.0'):
            importlib.import_module('mmagic')


def mend_preprocessor_lists(preprocessor: type) -> None:
    """Keep the keys of one DataPreprocessor from leaking into the next.

    Args:
        preprocessor (type): MMagic's class; it extends lists of the class
            in place.
    """
    wrap_once(preprocessor, '__init__', _with_own_lists)


@contextmanager
def quiet_mmagic_import() -> Iterator[None]:
    """Hide the warnings that arise while MMagic is being imported."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        yield


class _MovedModuleFinder(MetaPathFinder, Loader):
    """Answers a former module name with the module at its new place."""

    def find_spec(
        self, fullname: str, path: Any, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        if fullname not in MOVED_MODULES:
            return None
        return spec_from_loader(fullname, self)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(MOVED_MODULES[spec.name])
        self._own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # the import system has just written the former name's spec there
        module.__spec__ = self._own_spec


def _with_own_lists(init: Callable) -> Callable:

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        for name in ('_NON_IMAGE_KEYS', '_NON_CONCATENATE_KEYS'):
            setattr(self, name, list(getattr(type(self), name)))
        init(self, *args, **kwargs)

    return __init__
