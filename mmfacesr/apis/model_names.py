# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The names of all models, without torch."""

import re
from fnmatch import fnmatch
from typing import Optional

from mmfacesr.weights.model_index import model_names, read_index

OPEN = 'open'


def list_models(
    pattern: Optional[str] = None, licence: Optional[str] = None
) -> list[str]:
    """List the models that :func:`mmfacesr.get_model` builds.

    Args:
        pattern (str | None): Wildcards, such as '*x8*synthetic'; a text
            without any is searched in the names. Defaults to None, all.
        licence (str | None): Only models with published weights of this
            license: the beginning of its name in any case, such as
            'Apache-2.0', or 'open' for every license that lets everyone use
            the weights for anything. Defaults to None, all models, with
            published weights or without.

    Returns:
        list[str]: Names of configs, and of further files of weights for them.

    Raises:
        WeightsError: If the index of the installation is broken.
    """
    names = model_names()
    if licence is not None:
        names &= {
            entry.name
            for entry in read_index()
            if (licence == OPEN and not entry.restricted)
            or entry.license.lower().startswith(licence.lower())
        }
    if pattern is not None:
        is_plain = not re.search(r'[*?\[]', pattern)
        pattern = f'*{pattern}*' if is_plain else pattern
        names = {name for name in names if fnmatch(name, pattern)}
    return sorted(names)
