# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Let the configs of others inherit from ours: ``_base_ = 'mmfacesr::...'``.

mmengine 0.10.7 takes only the packages of a fixed table before ``::``, looks
for their files where pip installed them, metafiles first, and writes the
package's name as ``_scope_`` into all that is inherited. We have no scope of
our own (see ``registry.py``), and our configs lie beside the package that
runs: a clone, an editable install and a wheel are the same here.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Optional

from mmfacesr.utils.project_files import known_configs, project_root

PACKAGE = 'mmfacesr'
READER = 'mmengine.config.config'


def mend_config_bases() -> None:
    """Mend mmengine's reader of configs, or do so when it is imported.

    mmengine itself is not imported: most of our command line does without.
    """
    if READER in sys.modules:
        _mend(sys.modules[READER])
    else:
        sys.meta_path.insert(0, _MendOnImport())


class _MendOnImport(MetaPathFinder):
    """Mends the reader when it is imported; leaves every other module be."""

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[ModuleSpec]:
        """Return what the other finders find, with the mend behind it."""
        if fullname != READER:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (other.find_spec(fullname, path, target) for other in others)
        spec = next(filter(None, specs))
        execute = spec.loader.exec_module

        def execute_and_mend(module: ModuleType) -> None:
            execute(module)
            _mend(module)

        spec.loader.exec_module = execute_and_mend
        return spec


def _mend(reader: ModuleType) -> None:
    """Let the reader ask us for what stands behind ``mmfacesr::``."""
    from mmengine.config.utils import MODULE2PACKAGE

    MODULE2PACKAGE.setdefault(PACKAGE, PACKAGE)  # for mmengine.hub
    theirs = reader.Config._get_cfg_path

    def find(cfg_path: str, filename: str) -> tuple[str, Optional[str]]:
        if not isinstance(cfg_path, str):
            raise TypeError(
                f'Expected the path of a config, or a list of such, as '
                f'_base_ in {filename}, got {cfg_path!r}.'
            )
        package, mark, name = cfg_path.partition('::')
        if mark and package == PACKAGE:
            return str(find_base(name)), None
        return theirs(cfg_path, filename)

    reader.Config._get_cfg_path = staticmethod(find)


def find_base(name: str) -> Path:
    """Find one of our configs by what stands behind ``mmfacesr::``.

    Args:
        name (str): Path below ``configs``, such as
            ``dic/dic_x8c48b6_1xb8-150k_celeba.py``.

    Raises:
        FileNotFoundError: If there is none; names the ones that are alike.
    """
    root = project_root() / 'configs'
    if (root / name).is_file():
        return root / name
    from difflib import get_close_matches

    known = [file.relative_to(root).as_posix() for file in known_configs()]
    near = get_close_matches(name, known, n=3, cutoff=0.4) or known[:3]
    raise FileNotFoundError(
        f"Expected a config of ours in _base_ = '{PACKAGE}::FOLDER/NAME.py', "
        f'got {name!r}, which {root} does not have. Like it: '
        + ', '.join(near)
    )
