# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The codecs and the files that videos are written in."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, Optional

from mmfacesr.utils import printable


@dataclass(frozen=True)
class Codec:
    """A codec for people.

    Args:
        library (str): FFmpeg's encoder.
        quality (int | None): CRF by default; None for one without loss.
        worst (int): The largest CRF.
        options (dict): Of the encoder.
        even (bool): Whether it halves only even widths and heights. Defaults
            to False.
    """

    library: str
    quality: Optional[int]
    worst: int
    options: dict[str, str]
    even: bool = False


CODECS = MappingProxyType(
    {
        'h264': Codec('libx264', 18, 51, {'preset': 'medium'}, even=True),
        'h265': Codec(
            'libx265',
            20,
            51,
            {'preset': 'medium', 'x265-params': 'log-level=error'},
            even=True,
        ),
        'vp9': Codec(
            'libvpx-vp9',
            24,
            63,
            {'b': '0', 'deadline': 'good', 'cpu-used': '4', 'row-mt': '1'},
        ),
        'av1': Codec('libsvtav1', 24, 63, {'preset': '8'}, even=True),
        'ffv1': Codec('ffv1', None, 0, {'level': '3'}),
    }
)
"""Name -> codec."""


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        format (str): FFmpeg's name of its container.
        codecs (tuple[str, ...]): What it can hold, the default first.
    """

    format: str
    codecs: tuple[str, ...]


KINDS = MappingProxyType(
    {
        '.mp4': Kind('mp4', ('h264', 'h265', 'av1', 'vp9')),
        '.mov': Kind('mov', ('h264', 'h265')),
        '.m4v': Kind('mp4', ('h264', 'h265')),
        '.mkv': Kind('matroska', tuple(CODECS)),
        '.webm': Kind('webm', ('vp9', 'av1')),
    }
)
"""Ending of a file -> its kind."""


def kind_of(target: Path) -> Kind:
    """Return the kind of a file by its ending.

    Raises:
        ValueError: If it is none that is written.
    """
    kind = KINDS.get(target.suffix.lower())
    if kind is None:
        raise ValueError(
            f'Expected a video that ends in {", ".join(KINDS)}, got '
            f'{printable(target)}; choose another name.'
        )
    return kind
