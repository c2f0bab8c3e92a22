# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Frames into a file: a part of a video that depends on no other."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Optional

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from mmfacesr.apis.videos.frames import (
    FULL,
    is_full_range,
    planar_format,
    reformatted,
)
from mmfacesr.apis.videos.kinds import CODECS, kind_of
from mmfacesr.apis.videos.reading import COLORS, VideoFacts, colors_of
from mmfacesr.utils import replacing

# What keeps time stamps as they are.
PART_FORMAT = 'nut'
PART_OPTIONS = MappingProxyType({'avoid_negative_ts': 'disabled'})
DEFAULT_RATE = 25
THREADS = 4  # always: what H.264 becomes depends on it


@dataclass(frozen=True)
class Encoding:
    """How frames are encoded.

    Args:
        codec (str): A key of :data:`CODECS`.
        quality (int | None): CRF; None without loss.
        pix_fmt (str): Of the frames in the file.
    """

    codec: str
    quality: Optional[int]
    pix_fmt: str


def choose_encoding(
    target: Path,
    codec: Optional[str],
    quality: Optional[int],
    facts: VideoFacts,
) -> Encoding:
    """Choose what fits the file and keeps what the frames hold.

    Args:
        target (Path): Its ending is a key of :data:`KINDS`.
        codec (str | None): A key of :data:`CODECS`; None for the default of
            the file.
        quality (int | None): CRF; None for the default of the codec.
        facts (VideoFacts): Of the video whose frames they are.

    Raises:
        ValueError: If the file cannot hold the codec, the codec the size, or
            the quality is none of its scale.
    """
    kind = kind_of(target)
    codec = codec or kind.codecs[0]
    if codec not in kind.codecs:
        raise ValueError(
            f'Expected a codec that {target.suffix} files hold, one of '
            f'{", ".join(kind.codecs)}, got {codec}; choose another by '
            '--codec, or a name that ends in .mkv.'
        )
    usual, worst = CODECS[codec].quality, CODECS[codec].worst
    if quality is None:
        quality = usual
    elif usual is None or not 0 <= quality <= worst:
        scale = f'a quality of 0 (best) to {worst} for {codec}'
        lossless = f'no quality for {codec}, which is without loss'
        raise ValueError(
            f'Expected {scale if usual else lossless}, got {quality}.'
        )
    pix_fmt = _nearest_format(facts, codec)
    if pix_fmt is None:
        raise ValueError(
            f'Expected an even width and height for {codec}, got '
            f'{facts.width}x{facts.height}; choose another by --codec, such '
            'as vp9.'
        )
    return Encoding(codec, quality, pix_fmt)


def _nearest_format(facts: VideoFacts, codec: str) -> Optional[str]:
    """The format of an encoder that keeps most of a video's; None if none."""
    wanted = planar_format(facts.pix_fmt)
    offered = [
        f.name for f in av.Codec(CODECS[codec].library, 'w').video_formats
    ]
    if CODECS[codec].even and (facts.width % 2 or facts.height % 2):
        offered = [name for name in offered if '444' in name]
    family, _, depth = wanted.partition('p')
    family = {'gbr': 'yuv444', 'gray': 'yuv420'}.get(family, family)
    # Fewer bits before less color.
    nearest = (
        wanted,
        'bgr0' if wanted == 'gbrp' else '',  # FFV1 has no planes of 8 bits
        f'{family}p{depth}',
        f'{family}p10le' if depth else '',
        f'{family}p',
        f'yuv420p{depth}',
        'yuv420p10le' if depth else '',
        'yuv420p',
        f'yuv444p{depth}',
        'yuv444p',
    )
    return next((name for name in nearest if name in offered), None)


def write_part(
    path: Path,
    frames: Iterable[VideoFrame],
    facts: VideoFacts,
    encoding: Encoding,
) -> int:
    """Encode some frames of a video; the file is whole or not there.

    Args:
        path (Path): The part.
        frames (Iterable[VideoFrame]): All of one size, at least one, with
            time stamps in the time base of the facts. In the part they count
            from the first one of the video; those given are changed.
        facts (VideoFacts): Of the video that they are of.
        encoding (Encoding): How.

    Returns:
        int: The number of frames.

    Raises:
        OSError: If it cannot be written.
    """
    count, context, stream = 0, None, None
    with (
        replacing(path) as temporary,
        av.open(
            temporary.absolute(), 'w', PART_FORMAT, options=PART_OPTIONS
        ) as container,
    ):
        for frame in frames:
            frame = _ready(frame, encoding)
            if stream is None:
                stream = container.add_stream(
                    CODECS[encoding.codec].library,
                    rate=facts.rate or DEFAULT_RATE,
                )
                context = stream.codec_context
                _set_up(context, frame, facts, encoding)
            frame.pts -= facts.first  # a part holds none below 0
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    return count


def _set_up(
    context: VideoCodecContext,
    frame: VideoFrame,
    facts: VideoFacts,
    encoding: Encoding,
) -> None:
    """Tell an encoder what it gets and what it should make of it."""
    context.width, context.height = frame.width, frame.height
    context.pix_fmt = encoding.pix_fmt
    context.time_base = facts.time_base
    context.thread_count = THREADS
    if facts.pixel_shape:
        context.sample_aspect_ratio = facts.pixel_shape
    for name, value in zip(COLORS, colors_of(frame)):
        setattr(context, name, value)
    if is_full_range(frame):  # gray ones need not say so
        context.color_range = FULL
    options = dict(CODECS[encoding.codec].options)
    if encoding.quality is not None:
        options['crf'] = str(encoding.quality)
    context.options = options


def _ready(frame: VideoFrame, encoding: Encoding) -> VideoFrame:
    """Bring a frame to the format of the file; the encoder plans it anew."""
    if frame.format.name != encoding.pix_fmt:
        frame = reformatted(frame, format=encoding.pix_fmt)
    frame.pict_type = 0  # else key frames of the source would be some again
    return frame
