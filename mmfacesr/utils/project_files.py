# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Where configs and their index are: in the clone or the installed package."""

from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def project_root() -> Path:
    """Return the folder that holds ``configs`` and ``model-index.yml``.

    A wheel carries them in ``mmfacesr/.mim``. An editable install has them
    beside the package, which is in the clone then.
    """
    carried = PACKAGE / '.mim'
    return carried if (carried / 'configs').is_dir() else PACKAGE.parent


def known_configs() -> Iterator[Path]:
    """Leaf configs of the clone or of the installed package."""
    yield from sorted(
        file
        for file in (project_root() / 'configs').glob('*/*.py')
        if file.parent.name != '_base_'
    )
