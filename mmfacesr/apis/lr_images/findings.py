# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What LR files alone tell."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from mmfacesr.apis.lr_images.files import LRFile, LRFolder
from mmfacesr.apis.lr_images.traces import (
    Enlargement,
    find_enlargement,
    quality_of_pixels,
)
from mmfacesr.utils import first_few

LR_SIDES = (16, 32)
LOSSLESS = ('PNG', 'BMP', 'TIFF', 'GIF')
MOST_ENLARGED = 8  # faces that are looked at for an enlargement
FEW = 10
COLOR_SHARE = 0.75
GRAY_LEVELS = 1.0
ORDER = 'channel order'


@dataclass(frozen=True)
class Finding:
    """Something about LR files.

    Attributes:
        topic (str): What it is about.
        says (str): What was found, a sentence without a full stop.
        confidence (str): How sure that is.
        advice (str): What to do; nothing where all is well.
        values (dict): Numbers and names behind it, for programs.
    """

    topic: str
    says: str
    confidence: Literal['certain', 'likely', 'possible', 'unknown']
    advice: str = ''
    values: dict = field(default_factory=dict)


def counted(values: Iterable) -> str:
    """Values with how often they come, most common first."""
    found = Counter(values).most_common()
    if len(found) == 1:
        return f'all {found[0][0]}'
    return ', '.join(f'{count} {value}' for value, count in found)


def sizes(folder: LRFolder) -> Finding:
    """How large the files are."""
    known = [file.size for file in folder.files]
    shown = counted(f'{width}x{height}' for width, height in known)
    values = dict(
        sizes={f'{w}x{h}': n for (w, h), n in Counter(known).items()}
    )
    if len(set(known)) > 1:
        return Finding(
            'size',
            shown,
            'certain',
            'Separate the files by size: a set has one. Below, the most '
            'common size counts.',
            values,
        )
    advice = ''
    if known[0][0] != known[0][1]:
        advice = 'Crop the faces to squares.'
    elif known[0][0] not in LR_SIDES:
        advice = (
            'Inputs of faces of 128 pixels are 16x16 at x8 and 32x32 at x4; '
            'see whether these are enlarged copies or crops of photos. '
            '`mmfacesr restore` takes photos.'
        )
    return Finding('size', shown, 'certain', advice, values)


def enlargement(
    images: Sequence[np.ndarray],
) -> tuple[Finding, Enlargement | None]:
    """Whether the files are enlarged copies of smaller ones."""
    square = images[0].shape[0] == images[0].shape[1]
    found = find_enlargement(images[:MOST_ENLARGED]) if square else None
    if found is None:
        return Finding('enlarged', 'not enlarged copies', 'likely'), None
    side, small = len(images[0]), found.small
    return Finding(
        'enlarged',
        f'copies of {small}x{small} that were enlarged to {side}x{side} by '
        f'{found.filter}',
        'certain' if found.exact else 'likely',
        f'Use the files of {small}x{small}, or reduce these by Pillow '
        'bicubic. A network that enlarges would blur these twice.',
        dict(small=small, filter=found.filter, unlike=found.unlike),
    ), found


def formats(files: Sequence[LRFile]) -> Finding:
    """What the files are, and how much they were compressed."""
    values: dict = dict(formats=dict(Counter(f.format for f in files)))
    said = counted(file.format for file in files)
    qualities = [f.quality for f in files if f.quality is not None]
    if qualities:
        middle = int(np.median(qualities))
        low, high = min(qualities), max(qualities)
        values |= dict(jpeg_quality=middle, lowest=low, highest=high)
        said += f'; JPEG quality {middle}'
        said += f' ({low} to {high})' if low < high else ''
    lossy = [f.format for f in files if f.format not in LOSSLESS]
    advice = (
        'Make LR files anew as PNG: in so few pixels compression harms much. '
        'Saving these as PNG does not bring it back.'
        if lossy
        else ''
    )
    return Finding('format', said, 'certain', advice, values)


def compression(images: Sequence[np.ndarray]) -> Finding:
    """Whether pixels of lossless files were once compressed."""
    quality = quality_of_pixels(images)
    if quality is None:
        return Finding(
            'traces of JPEG',
            'none in the pixels; quality above 95, cropping and resizing '
            'would hide them',
            'likely',
        )
    return Finding(
        'traces of JPEG',
        f'the pixels were once JPEG of about quality {quality}',
        'likely',
        'Make LR files anew from the HR faces, without JPEG between.',
        dict(jpeg_quality=quality),
    )


def pixels(files: Sequence[LRFile]) -> Finding:
    """Channels and bits."""
    said = counted(f'{file.kind}, {file.bits} bit' for file in files)
    odd = [f.name for f in files if f.kind != 'color' or f.bits != 8]
    advice = (
        f'{len(odd)} files are not 8-bit color ({first_few(odd)}): they are '
        'converted as they are read (alpha on white, 16 bit divided by 257). '
        'Convert them yourself if you want it otherwise.'
        if odd
        else ''
    )
    return Finding('pixels', said, 'certain', advice, dict(others=len(odd)))


def warmth(image: np.ndarray) -> float:
    """Red less blue in the middle of a face, levels."""
    side = len(image) // 4
    middle = image[side:-side, side:-side].astype(np.float64)
    return float(middle[..., 0].mean() - middle[..., 2].mean())


def colors(images: Sequence[np.ndarray]) -> Finding:
    """Channel order by the color of skin, which is more red than blue."""
    found = np.array([warmth(image) for image in images])
    share = float((found > 0).mean())
    values = dict(redder=share, faces=len(found))
    if np.abs(found).max() < GRAY_LEVELS:
        return Finding(ORDER, 'gray faces tell none', 'unknown', '', values)
    said = f'{share:.0%} of {len(found)} faces are more red than blue'
    if max(share, 1 - share) < COLOR_SHARE:
        return Finding(
            ORDER,
            f'{said}, which tells neither RGB nor BGR',
            'unknown',
            'Give the ground truth by --hr.',
            values,
        )
    sure = 'likely' if len(found) >= FEW else 'possible'
    return order_finding(share < 0.5, said, sure, values)


def order_finding(
    bgr: bool, why: str, confidence: str, values: dict
) -> Finding:
    """What channel order is found."""
    return Finding(
        ORDER,
        f'{"BGR: red and blue are exchanged" if bgr else "RGB"} ({why})',
        confidence,
        'Exchange red and blue and save the files again: OpenCV reads and '
        'writes BGR, other libraries RGB.'
        if bgr
        else '',
        dict(values, order='BGR' if bgr else 'RGB'),
    )
