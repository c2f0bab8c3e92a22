# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Color profiles (ICC) of photos: their colors to sRGB and back."""

import io
from functools import cache

import numpy as np
from PIL import Image, ImageCms

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_MODES = {'RGB': 'RGB', 'GRAY': 'L', 'CMYK': 'CMYK'}
_ROWS = 256  # converted at once: Pillow needs memory of its own for them
_GRID = 17  # levels of each channel that tell whether a profile is sRGB
_ERRORS = (ImageCms.PyCMSError, OSError, TypeError, ValueError)


class ColorProfile:
    """Colors of an RGB or gray profile, 8 bits, relative colorimetric.

    Args:
        data (bytes): The ICC profile.
        channels (int): 3 for RGB, 1 for gray.

    Raises:
        ValueError: If it is damaged, of other colors, or one way only.
    """

    def __init__(self, data: bytes, channels: int) -> None:
        mode = 'L' if channels == 1 else 'RGB'
        profile = _opened(data, mode)
        try:
            self._to_srgb = ImageCms.buildTransform(
                profile, _srgb(), mode, 'RGB', _INTENT
            )
            self._from_srgb = ImageCms.buildTransform(
                _srgb(), profile, 'RGB', mode, _INTENT
            )
        except _ERRORS as error:
            raise ValueError(str(error)) from error
        self.is_srgb = channels == 3 and self._changes_nothing()

    def _changes_nothing(self) -> bool:
        """Whether all colors are those of sRGB, as near as 8 bits show."""
        levels = np.linspace(0, 255, _GRID).astype(np.uint8)
        colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
        colors = colors.reshape(1, -1, 3)
        return np.allclose(self.to_srgb(colors), colors, rtol=0, atol=1)

    def to_srgb(self, colors: np.ndarray) -> np.ndarray:
        """Convert (H, W, 1 or 3) uint8 to (H, W, 3) uint8 sRGB."""
        return _apply(self._to_srgb, colors)

    def from_srgb(self, colors: np.ndarray) -> np.ndarray:
        """Convert (H, W, 3) uint8 sRGB to (H, W, 1 or 3) uint8."""
        return _apply(self._from_srgb, colors)


def cmyk_to_srgb(image: Image.Image, data: bytes | None) -> Image.Image:
    """Convert a CMYK image to sRGB.

    Args:
        image (Image.Image): Of mode CMYK.
        data (bytes, optional): Its profile; without one, Pillow's plain
            arithmetic is taken.

    Raises:
        ValueError: If the profile is damaged or of other colors.
    """
    if data is None:
        return image.convert('RGB')
    profile = _opened(data, 'CMYK')
    try:
        return ImageCms.profileToProfile(
            image, profile, _srgb(), _INTENT, 'RGB'
        )
    except _ERRORS as error:
        raise ValueError(str(error)) from error


def _opened(data: bytes, mode: str) -> ImageCms.ImageCmsProfile:
    """Read a profile of a given kind of colors."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(data))
    except _ERRORS as error:
        raise ValueError(f'it cannot be read ({error})') from error
    colors = profile.profile.xcolor_space.strip()
    if _MODES.get(colors) != mode:
        raise ValueError(
            f'it is one of {colors} colors, the pixels are {mode}'
        )
    return profile


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile('sRGB'))


def _apply(
    transform: ImageCms.ImageCmsTransform, colors: np.ndarray
) -> np.ndarray:
    """Convert some rows at a time, so that a large photo fits."""
    channels = 1 if transform.output_mode == 'L' else 3
    converted = np.empty((*colors.shape[:2], channels), np.uint8)
    for row in range(0, len(colors), _ROWS):
        rows = colors[row : row + _ROWS]
        image = Image.fromarray(rows[..., 0] if rows.shape[2] == 1 else rows)
        result = np.asarray(transform.apply(image))
        converted[row : row + _ROWS] = result.reshape(*rows.shape[:2], -1)
    return converted
