# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Face super-resolution toolbox on MMagic and mmengine.

``list_models`` names the models, ``get_model`` builds one.
"""

import os
from typing import TYPE_CHECKING, Any

from .compat.config_bases import mend_config_bases
from .version import __version__

if TYPE_CHECKING:
    from .apis import get_model, list_models

__all__ = ['__version__', 'get_model', 'list_models']

# From its import on, onnxruntime notes for its maker what it runs where, and
# torch imports it wherever it is installed.
os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')
mend_config_bases()  # plain `Config.fromfile` comes before any other import


def __getattr__(name: str) -> Any:
    """Import the front door when it is used: torch takes seconds."""
    if name in ('get_model', 'list_models'):
        from . import apis

        return getattr(apis, name)
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
