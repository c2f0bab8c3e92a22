# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a network expects: declared once, beside the method."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Facts:
    """What a network expects of a face, and what it gives.

    Configs read it, and write it as ``facts`` where tools find it.

    Args:
        scale (int): Side of the HR face over that of the LR face.
        gt_size (int): Side in pixels of the HR faces of its training.
        lr_recipe (str): How LR faces are made of HR faces: a file of
            ``configs/_base_/degradations``.
        framing (str): How much of the head a face shows; a key of
            `mmfacesr.faces.framing.FRAMINGS`.
        mean (tuple[float, float, float]): Taken off the pixels, RGB on the
            scale [0, 255].
        std (tuple[float, float, float]): Pixels are divided by it then.
        face_sizes (tuple[float, float]): Smallest and largest side, in pixels
            of a photo, of the framed square that the method makes better
            than back-projection alone: below, too little is there; above,
            so much that it has little to add
            (`tools/analysis_tools/measure_face_sizes.py`).
        enlarged (bool): Whether the LR face is enlarged to ``gt_size``, by
            Pillow bicubic in 8 bit, before the network. Defaults to False.
        color_order (str): Of the network's input and output. Defaults to
            'RGB'.
    """

    scale: int
    gt_size: int
    lr_recipe: str
    framing: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    face_sizes: tuple[float, float]
    enlarged: bool = False
    color_order: Literal['RGB'] = 'RGB'

    @property
    def lr_size(self) -> int:
        """Side in pixels of the LR faces of its training."""
        return self.gt_size // self.scale

    @property
    def input_size(self) -> int:
        """Side in pixels of what the network is fed."""
        return self.gt_size if self.enlarged else self.lr_size

    def to_dict(self) -> dict[str, Any]:
        """Return it as a config has it."""
        return asdict(self)
