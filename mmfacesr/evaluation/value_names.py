# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is known of a value by its name: direction, digits, unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

DIGITS = 4


@dataclass(frozen=True)
class Kind:
    """What values of a name are.

    Attributes:
        larger_is_better (bool): Or smaller ones are.
        digits (int): Places behind the point for a person. Defaults to 4.
        unit (str): Defaults to none.
    """

    larger_is_better: bool
    digits: int = DIGITS
    unit: str = ''


KINDS = {
    'FID': Kind(False, 2),
    'KID': Kind(False, 5),
    'PSNR': Kind(True, 2, 'dB'),
    'SNR': Kind(True, 2, 'dB'),
    'SSIM': Kind(True),
    'MS-SSIM': Kind(True),
    'cosine': Kind(True),
    'rank-1': Kind(True, 3),
    'accuracy': Kind(True, 3),
    'MAE': Kind(False, 2, 'gray levels'),
    'LPIPS': Kind(False),
    'failed': Kind(False, 3),
    'failure': Kind(False, 3),
    'NME': Kind(False),
    'NIQE': Kind(False, 3),
    'distance': Kind(False),
}
"""Part of a name -> its kind; of several, the first in this order counts:
behind FID stands the name of a folder."""


def larger_is_better(name: str) -> Optional[bool]:
    """Whether larger values are better; None if that is not known.

    Args:
        name (str): Such as 'rgb/PSNR', 'LPIPS/alex' or 'NME-inner51'.
    """
    kind = _kind(name)
    return None if kind is None else kind.larger_is_better


def digits(name: str) -> int:
    """Places behind the point that a person is shown."""
    kind = _kind(name)
    return DIGITS if kind is None else kind.digits


def unit(name: str) -> str:
    """Unit of a value, such as 'dB'; empty if it has none."""
    kind = _kind(name)
    return '' if kind is None else kind.unit


def shown(name: str, value: Optional[float], sign: str = '') -> str:
    """A value with its places, without its unit; a dash for none.

    Args:
        name (str): Of the value.
        value (float | None): The number.
        sign (str): '+' to show that of positive ones. Defaults to nothing.
    """
    return '-' if value is None else f'{value:{sign}.{digits(name)}f}'


def _kind(name: str) -> Optional[Kind]:
    """The kind that a name says."""
    said = set(_words(name))
    return next((kind for word, kind in KINDS.items() if word in said), None)


def _words(name: str) -> Iterator[str]:
    """Parts of a name, whole and without what stands behind a hyphen."""
    for part in name.split('/'):
        yield part
        yield part.partition('-')[0]
