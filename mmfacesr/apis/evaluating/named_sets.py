# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Test sets that papers name, so that a table is of the very same faces."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from mmfacesr.utils import first_few


@dataclass(frozen=True)
class NamedSet:
    """A test set.

    Attributes:
        about (str): What it is, for people.
        count (int): How many faces it has.
        names (tuple[str, ...] | None): Their file names without ending; None
            where only their number is known.
    """

    about: str
    count: int
    names: Optional[tuple[str, ...]] = None


CELEBA_1000 = range(201_600, 202_600)

NAMED_SETS = {
    'celeba-1000': NamedSet(
        '1000 faces of the test part of CelebA, files '
        f'{CELEBA_1000[0]} to {CELEBA_1000[-1]}, as chosen for FSRNet',
        len(CELEBA_1000),
        tuple(f'{number:06d}' for number in CELEBA_1000),
    ),
    'helen-50': NamedSet(
        '50 faces of Helen; only their number is checked, their names are '
        'not known',
        50,
    ),
}


def check_set(name: str, faces: Sequence[str]) -> dict[str, str]:
    """Refuse faces that are not those of a named set.

    Args:
        name (str): A key of ``NAMED_SETS``.
        faces (Sequence[str]): Names of pairs; their folders do not count.

    Returns:
        dict[str, str]: For the summary: ``name``, ``about``, and what was
        ``checked``, 'names' or 'count'.

    Raises:
        ValueError: If there is no such set, or a face is missing or extra.
    """
    if name not in NAMED_SETS:
        raise ValueError(
            f'Expected a set of {", ".join(NAMED_SETS)}, got {name!r}.'
        )
    wanted = NAMED_SETS[name]
    if wanted.names is not None:
        _check_names(name, wanted, faces)
    elif len(faces) != wanted.count:
        raise ValueError(
            f'Expected the {wanted.count} faces of {name} (only their number '
            f'is known), got {len(faces)}; complete the folders, or leave '
            'out --set.'
        )
    checked = 'count' if wanted.names is None else 'names'
    return dict(name=name, about=wanted.about, checked=checked)


def _check_names(name: str, wanted: NamedSet, faces: Sequence[str]) -> None:
    """Say which faces are missing, and which are of no such name."""
    left = set(wanted.names)
    extra = []
    for face in faces:
        stem = face.rpartition('/')[2]
        if stem in left:
            left.remove(stem)
        else:  # of another name, or there twice in two folders
            extra.append(face)
    said = [
        f'{len(found)} are {what} ({first_few(sorted(found))})'
        for found, what in ((left, 'missing'), (extra, 'no part of it'))
        if found
    ]
    if said:
        raise ValueError(
            f'Expected the {wanted.count} faces of {name}, named '
            f'{wanted.names[0]} to {wanted.names[-1]}: '
            f'{" and ".join(said)}. Add or move away what is named, or leave '
            'out --set.'
        )
