# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What the stand-in of the server makes of a picture."""

import io
from typing import Any

import numpy as np
from PIL import Image
from starlette.datastructures import FormData

REASON = 'its square is smaller than 16 pixels: too little is there to restore'
SIZE = (320, 200)  # width and height of all pictures
BOXES = [(20, 40, 60, 90), (120, 50, 150, 90), (250, 150, 262, 166)]


def png(color: tuple[int, int, int], size: tuple[int, int] = SIZE) -> bytes:
    """A picture of one color."""
    buffer = io.BytesIO()
    Image.new('RGB', size, color).save(buffer, 'PNG')
    return buffer.getvalue()


PICTURE = png((120, 100, 80))


def noise(seed: int, size: tuple[int, int] = SIZE) -> bytes:
    """A picture that is larger than what a network gives at once."""
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3))
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, 'PNG')
    return buffer.getvalue()


def answer(name: str, form: FormData) -> tuple[dict, list[dict]]:
    """What was done with a picture, and the pictures of the answer."""
    enlarged = int(form['upscale'])
    boxes = [] if name.startswith('none') else BOXES
    faces = [
        dict(
            restored=i < 2 or form['force'] == 'true',
            reason=None if i < 2 or form['force'] == 'true' else REASON,
            size=box[2] - box[0],
            box=box,
            consistency_db=48.5,
        )
        for i, box in enumerate(boxes)
    ]
    result = dict(
        width=SIZE[0] * enlarged,
        height=SIZE[1] * enlarged,
        enlarged=enlarged,
        changed=bool(boxes),
        faces=faces,
        seconds=dict(read=0.1, restore=1.1),
        model=form['model'],
        license='Apache-2.0',
        message='',
    )
    stem = name.rpartition('.')[0]
    parts = [
        _part('photo', f'{stem}_restored.png', noise(len(name))),
        _part('before', 'b.png', png((90, 90, 160))),
        _part('after', 'a.png', png((200, 120, 90))),
    ]
    for i, face in enumerate(faces):
        parts.append(_part(f'face_{i}_before', 'f.png', png((80, 80, 80))))
        if face['restored']:
            parts.append(_part(f'face_{i}_after', 'f.png', png((9, 150, 9))))
    return result, parts


def _part(key: str, name: str, data: bytes) -> dict[str, Any]:
    return dict(
        key=key, name=name, type='image/png', bytes=len(data), data=data
    )
