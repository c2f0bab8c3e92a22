# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""HR faces with what lies around them, read when they are needed."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mmfacesr.apis.evaluating.measuring import hash_file
from mmfacesr.apis.robustness.changes import Frame, cut_out, reach
from mmfacesr.utils import first_few
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.image_formats import READ
from mmfacesr.utils.images import UnreadableImageError, read_image


class SourceFaces:
    """Faces of a folder, whose frames can be moved.

    Where the central square is larger than the faces of the network, the
    file is reduced as a whole first, by Pillow bicubic; frames are sampled
    once from that.

    Args:
        root (str | os.PathLike): Folder of HR faces.
        size (int): Side of the faces of the network.
        crop_size (int, optional): Side of the central square that is the
            usual frame. Defaults to None, the smaller side of each file.
        limit (int, optional): The first so many alone. Defaults to all.

    Raises:
        FileNotFoundError: If there is no face.
        ValueError: If a file is smaller than its frame.
    """

    def __init__(
        self,
        root: str | os.PathLike,
        size: int,
        crop_size: int | None = None,
        limit: int | None = None,
    ) -> None:
        self.root, self.size, self.crop_size = Path(root), size, crop_size
        self.names = list_images(root)[:limit]
        shortest = {name: min(self._shape(name)) for name in self.names}
        least = crop_size or 1
        small = [name for name, side in shortest.items() if side < least]
        if small:
            raise ValueError(
                f'Expected faces of at least {least} pixels, the side of the '
                f'central square, got {len(small)} smaller ones '
                f'({first_few(small)}); set another --crop-size.'
            )
        self.room = min(self._room(side) for side in shortest.values())

    def hashes(self) -> list[str]:
        """SHA-256 of each file."""
        return [hash_file(self.root / name) for name in self.names]

    def strengths(
        self, change: str, strengths: Sequence[float]
    ) -> list[float]:
        """Those for which every file has pixels enough around its face."""
        return [
            strength
            for strength in strengths
            if reach(change, strength, self.size) <= self.room
        ]

    def load(self, name: str, frame: Frame) -> np.ndarray:
        """Read a face in a frame, (size, size, 3) uint8 RGB."""
        image = read_image(self.root / name)
        side = self.crop_size or min(image.shape[:2])
        ratio = self.size / side
        corner = [(length - side) // 2 for length in image.shape[1::-1]]
        if ratio != 1:
            scaled = [round(ratio * length) for length in image.shape[1::-1]]
            image = np.array(
                Image.fromarray(image).resize(scaled, Image.BICUBIC)
            )
        center = [(at + side / 2) * ratio - 0.5 for at in corner]
        return cut_out(image, center, self.size, frame)

    def _shape(self, name: str) -> tuple[int, int]:
        """Sides of a file, from its head."""
        try:
            with Image.open(self.root / name, formats=tuple(READ)) as image:
                return image.size
        except (OSError, ValueError, Image.DecompressionBombError) as error:
            raise UnreadableImageError(
                self.root / name,
                f'cannot be read ({error}); fetch it again or remove it',
            ) from error

    def _room(self, length: int) -> float:
        """Pixels of the network's size from the center to the nearer side."""
        side = self.crop_size or length
        ratio = self.size / side
        before = (length - side) // 2 + side / 2
        nearest = min(before, length - before)
        return nearest * ratio - 0.5
