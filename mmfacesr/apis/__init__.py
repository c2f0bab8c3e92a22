# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a person calls; nothing else in the package imports it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model_names import list_models
    from .models import get_model, init_model
    from .restoring.inferencer import FaceSRInferencer

__all__ = ['FaceSRInferencer', 'get_model', 'init_model', 'list_models']


def __getattr__(name: str) -> Any:
    """Import what is used alone: the command line does without torch."""
    if name == 'list_models':
        from .model_names import list_models

        return list_models
    if name == 'FaceSRInferencer':
        from .restoring.inferencer import FaceSRInferencer

        return FaceSRInferencer
    if name in __all__:
        from . import models

        return getattr(models, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
