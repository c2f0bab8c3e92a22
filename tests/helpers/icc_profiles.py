# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Color profiles that differ from sRGB, made of its bytes."""

import io
import struct
from functools import cache
from itertools import product

import numpy as np
from PIL import Image, ImageCms

# X, Y, Z of the primaries of Display P3 under D50.
P3 = {
    b'rXYZ': (0.51512, 0.24120, -0.00105),
    b'gXYZ': (0.29198, 0.69225, 0.04189),
    b'bXYZ': (0.15710, 0.06657, 0.78407),
}


@cache
def srgb() -> bytes:
    """The same bytes at any time: Pillow notes the second in them."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB')).tobytes()


def to_srgb(image: Image.Image) -> Image.Image:
    """An image converted by ImageCms from its own profile."""
    profile = io.BytesIO(image.info['icc_profile'])
    target = ImageCms.createProfile('sRGB')
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.profileToProfile(image, profile, target, intent, 'RGB')


def place_of(profile: bytes, tag: bytes) -> int:
    """Where the value of a tag begins, behind its type."""
    (count,) = struct.unpack_from('>I', profile, 128)
    for entry in range(132, 132 + 12 * count, 12):
        if profile[entry : entry + 4] == tag:
            return struct.unpack_from('>I', profile, entry + 4)[0] + 8
    raise KeyError(tag)


def display_p3() -> bytes:
    profile = bytearray(srgb())
    for tag, values in P3.items():
        numbers = (round(value * 65536) for value in values)
        struct.pack_into('>3i', profile, place_of(profile, tag), *numbers)
    return bytes(profile)


def gray(gamma: float = 1.8) -> bytes:
    """Gray whose curve is that of sRGB with another exponent."""
    profile = bytearray(srgb().replace(b'RGB XYZ ', b'GRAYXYZ ', 1))
    place = place_of(profile, b'rTRC') + 4
    struct.pack_into('>i', profile, place, round(gamma * 65536))
    return bytes(profile.replace(b'rTRC', b'kTRC', 1))


def cmyk() -> bytes:
    """Neutral ink: L* is 100 less the mean of C, M, Y, and less K."""
    ramp = bytes(range(256))
    inks = np.array(list(product((0, 1), repeat=4)))  # of a grid of 2
    light = (1 - inks[:, :3].mean(axis=1)) * (1 - inks[:, 3])
    nodes = np.full((16, 3), 128, np.uint8)
    nodes[:, 0] = np.rint(255 * light)
    table = b'mft1' + bytes(4) + bytes((4, 3, 2, 0))
    table += struct.pack('>9i', *(65536 * np.eye(3, dtype=int)).ravel())
    table += 4 * ramp + nodes.tobytes() + 3 * ramp
    white = b'XYZ ' + bytes(4) + struct.pack('>3i', 63190, 65536, 54061)
    start = 128 + 4 + 2 * 12
    tags = struct.pack('>I4sII', 2, b'A2B0', start, len(table))
    tags += struct.pack('>4sII', b'wtpt', start + len(table), len(white))
    header = bytearray(srgb()[:128])
    header[:4] = struct.pack('>I', start + len(table) + len(white))
    header[8:24] = b'\2\x40\0\0prtrCMYKLab '
    return bytes(header) + tags + table + white
