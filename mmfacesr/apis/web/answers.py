# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What goes back to a visitor: what was done, and the pictures."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from PIL import Image

from mmfacesr.apis.restoring.results import RestoredFace, RestoredPhoto
from mmfacesr.apis.web.offers import Offer
from mmfacesr.apis.web.uploads import Upload
from mmfacesr.faces.framing import frame_face
from mmfacesr.models.common.facts import Facts
from mmfacesr.utils.image_formats import READ
from mmfacesr.utils.images import to_8_bit
from mmfacesr.utils.photo_files import SUFFIXES, encode, format_for
from mmfacesr.utils.photos import Photo, suffix_for

SHOWN = 2048  # pixels of the longer side of what is shown
SMALL = 512 * 512  # pixels that are shown as PNG
QUALITY = 95
PIECE = 1 << 18  # bytes sent at once
FACE_KEYS = ('restored', 'reason', 'size', 'box', 'consistency_db')
TYPES = {
    'PNG': 'image/png',
    'JPEG': 'image/jpeg',
    'WEBP': 'image/webp',
    'BMP': 'image/bmp',
    'TIFF': 'image/tiff',
    'GIF': 'image/gif',
    'JPEG2000': 'image/jp2',
    'AVIF': 'image/avif',
}


@dataclass(frozen=True)
class Failed:
    """Nothing could be done with a picture.

    Args:
        error (str): Why.
    """

    error: str

    def pieces(self) -> Iterator[bytes]:
        """Yield the answer's end."""
        yield line(dict(event='failed', error=self.error))


@dataclass(frozen=True)
class Part:
    """A picture of the answer.

    Args:
        key (str): What it is.
        name (str): Of the file.
        format (str): As Pillow names it.
        data (bytes): The file.
    """

    key: str
    name: str
    format: str
    data: bytes

    def to_dict(self) -> dict[str, Any]:
        """Return what is said of it before it comes."""
        return dict(
            key=self.key,
            name=self.name,
            type=TYPES[self.format],
            bytes=len(self.data),
        )


@dataclass(frozen=True)
class Answer:
    """What was done with a picture, and all pictures that are shown of it."""

    result: dict[str, Any]
    parts: list[Part]

    def pieces(self) -> Iterator[bytes]:
        """Yield the answer's end: a line, and the parts behind it."""
        parts = [part.to_dict() for part in self.parts]
        yield line(dict(event='done', result=self.result, parts=parts))
        for part in self.parts:
            for start in range(0, len(part.data), PIECE):
                yield part.data[start : start + PIECE]


def line(event: dict[str, Any]) -> bytes:
    """Write an event as a line."""
    return json.dumps(event).encode() + b'\n'


def answer_of(
    upload: Upload,
    photo: Photo,
    result: RestoredPhoto,
    offer: Offer,
    facts: Facts,
) -> Answer:
    """Put together what a visitor gets.

    Args:
        upload (Upload): What was sent.
        photo (Photo): The picture as it came.
        result (RestoredPhoto): What was made of it; its photo is let go.
        offer (Offer): The model.
        facts (Facts): Of the model.
    """
    parts = [_photo_part(upload, result)]
    about = _about(result, offer)
    after = _shown(result.photo)
    result.photo = None  # large; the one before is enlarged now
    before = photo.enlarged(upload.upscale) if upload.upscale > 1 else photo
    stem = _stem(upload)
    for key, image in (('before', _shown(before)), ('after', after)):
        parts.append(_shown_part(stem, key, image))
    before = photo.srgb()
    for index, face in enumerate(result.faces):
        parts += _face_parts(stem, index, face, before, facts.gt_size)
    return Answer(about, parts)


def _photo_part(upload: Upload, result: RestoredPhoto) -> Part:
    """Make the file that `mmfacesr restore` would write."""
    own, photo = PurePath(upload.name).suffix, result.photo
    known = READ[photo.format]
    usual = SUFFIXES.get(photo.format, known[0])
    ending = own if own.lower() in known else usual
    if result.changed:
        ending = suffix_for(photo, own)
    name = f'{_stem(upload)}_restored{ending}'
    if not result.changed:
        return Part('photo', name, photo.format, upload.data)
    kind = format_for(name, photo)
    return Part('photo', name, kind, encode(photo, kind, None))


def _stem(upload: Upload) -> str:
    return PurePath(upload.name).stem


def _about(result: RestoredPhoto, offer: Offer) -> dict[str, Any]:
    """Say what was done, for JSON."""
    known = result.to_dict()
    faces = [{k: face[k] for k in FACE_KEYS} for face in known['faces']]
    restored = sum(face.restored for face in result.faces)
    count = len(faces)
    message = f'{restored} of {count} faces restored'
    return dict(
        width=known['width'],
        height=known['height'],
        enlarged=known['enlarged'],
        changed=result.changed,
        faces=faces,
        seconds=known['seconds'],
        model=offer.name,
        license=offer.license,
        message=message if count else 'no face found',
    )


def _shown(photo: Photo) -> Image.Image:
    """Reduce a photo to what is shown of it, transparent parts on white."""
    height, width = photo.size
    scale = min(1.0, SHOWN / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))

    def reduced(array: np.ndarray) -> Image.Image:
        return Image.fromarray(array).resize(
            size, Image.Resampling.LANCZOS, reducing_gap=3.0
        )

    image = reduced(photo.srgb())
    if photo.alpha is None:
        return image
    white = Image.new('RGB', size, 'white')
    return Image.composite(image, white, reduced(to_8_bit(photo.alpha)))


def _shown_part(stem: str, key: str, image: Image.Image) -> Part:
    """Encode a picture that is shown, without metadata."""
    name = 'PNG' if image.width * image.height <= SMALL else 'JPEG'
    options = dict(quality=QUALITY, subsampling=0) if name == 'JPEG' else {}
    buffer = io.BytesIO()
    image.save(buffer, name, **options)
    return Part(key, f'{stem}_{key}{SUFFIXES[name]}', name, buffer.getvalue())


def _face_parts(
    stem: str, index: int, face: RestoredFace, image: np.ndarray, size: int
) -> Iterator[Part]:
    """Show a face as it was, and what the network made of it."""
    images = dict(before=frame_face(image, face.matrix, size), after=face.sr)
    for key, array in images.items():
        if array is not None:
            buffer = io.BytesIO()
            Image.fromarray(array).save(buffer, 'PNG')
            key = f'face_{index}_{key}'
            data = buffer.getvalue()
            yield Part(key, f'{stem}_{key}.png', 'PNG', data)
