# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The record of what was seen in a frame of a video."""

import base64
import json
from dataclasses import dataclass

import numpy as np

from mmfacesr.faces.cuts import SIZE
from mmfacesr.faces.schemes import NUM_POINTS


@dataclass(frozen=True, eq=False)
class Seen:
    """What was seen in a frame.

    Args:
        time (float): Seconds.
        cut (bool): Whether a shot begins here, as the first does.
        searched (bool): Whether the whole frame was searched.
        faces (dict[int, np.ndarray]): Number of the track -> (68, 2) float32
            x, y in pixels, pixel centers at integers.
        thumbnail (np.ndarray): (24, 24) uint8, the frame in gray.
    """

    time: float
    cut: bool
    searched: bool
    faces: dict[int, np.ndarray]
    thumbnail: np.ndarray

    def to_json(self) -> str:
        """Return all of it on one line; no bit is lost."""
        faces = {
            track: _packed(points) for track, points in self.faces.items()
        }
        small = _packed(self.thumbnail)
        return json.dumps(dict(vars(self), faces=faces, thumbnail=small))

    @classmethod
    def from_json(cls, line: str) -> 'Seen':
        """Take it back from its line."""
        values = json.loads(line)
        small = _unpacked(values.pop('thumbnail'), np.uint8)
        faces = {
            int(track): _unpacked(text, np.float32).reshape(
                NUM_POINTS['ibug68'], 2
            )
            for track, text in values.pop('faces').items()
        }
        small = small.reshape(SIZE, SIZE)
        return cls(**values, faces=faces, thumbnail=small)


def _packed(array: np.ndarray) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(array.tobytes()).decode('ascii')


def _unpacked(text: str, dtype: type) -> np.ndarray:
    """Return the flat array of a text."""
    return np.frombuffer(base64.b64decode(text), dtype)
