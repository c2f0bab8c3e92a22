# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a video is, and its frames."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Optional

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from mmengine.logging import print_log

from mmfacesr.utils import printable

HDR = {16: 'PQ', 18: 'HLG'}
"""Numbers of transfer functions (ITU-T H.273) of HDR."""
COLORS = ('color_range', 'colorspace', 'color_primaries', 'color_trc')
"""What frames and codecs call them: range, matrix, primaries, transfer."""
STILL = ('image2', '_pipe')
"""Ends of FFmpeg's names of formats for single pictures."""
LOST = 1  # second that may be missing at the end without a word
DISPLAY_MATRIX = 'DISPLAYMATRIX'


class UnreadableVideoError(ValueError):
    """A video is missing, damaged, or of a kind that cannot be restored."""


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """What is known of a video before its frames are read.

    Args:
        path (Path): The file.
        width (int): Of the frames as they are stored, before a rotation.
        height (int): Likewise.
        time_base (Fraction): Seconds that a time stamp counts.
        rate (Fraction | None): Frames a second on average.
        frames (int | None): How many there are, or about how many.
        duration (float | None): Seconds.
        first (int): Time stamp of the first frame.
        ticks (int | None): How long the pictures are, in the time base; None
            where the container does not say it of them alone.
        codec (str): As FFmpeg names it.
        pix_fmt (str): Likewise.
        pixel_shape (Fraction | None): Width over height of a pixel.
        colors (tuple[int, int, int, int]): Range, matrix, primaries and
            transfer, by the numbers of FFmpeg and H.273.
        display_matrix (tuple[int, ...] | None): 9 numbers that turn it for a
            viewer.
    """

    path: Path
    width: int
    height: int
    time_base: Fraction
    rate: Optional[Fraction]
    frames: Optional[int]
    duration: Optional[float]
    first: int
    ticks: Optional[int]
    codec: str
    pix_fmt: str
    pixel_shape: Optional[Fraction]
    colors: tuple[int, int, int, int]
    display_matrix: Optional[tuple[int, ...]]


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a video and choose its picture stream.

    Raises:
        UnreadableVideoError: If it is no video, or cannot be opened.
    """
    if not path.is_file():
        raise UnreadableVideoError(
            f'Expected the file of a video, got {printable(path)}, where '
            f'there is {"no file" if path.exists() else "nothing"}; check the '
            'path.'
        )
    try:
        # Absolute: the start of 12:30.mp4 would be the name of a protocol.
        container = av.open(path.absolute(), metadata_errors='replace')
    except (av.FFmpegError, OSError) as error:
        raise UnreadableVideoError(
            f'Expected a video, got {printable(path)}, which cannot be opened '
            f'as one ({error.strerror}); play it to see whether it is whole.'
        ) from error
    with container:
        if container.format.name.endswith(STILL):
            raise UnreadableVideoError(
                f'Expected a video, got {printable(path)}, which is a still '
                'picture; `mmfacesr restore` takes photos.'
            )
        yield container, _pictures_of(container, path)


def _pictures_of(container: InputContainer, path: Path) -> VideoStream:
    """The first video stream that is no cover."""
    for stream in container.streams.video:
        if not is_cover(stream) and stream.codec_context is not None:
            return stream
    others = sorted({stream.type for stream in container.streams})
    raise UnreadableVideoError(
        f'Expected a video, got {printable(path)} with '
        f'{", ".join(others) or "no"} streams and no moving pictures; '
        '`mmfacesr restore` takes photos.'
    )


def is_cover(stream: VideoStream) -> bool:
    """Whether a video stream is a picture of the file's cover."""
    return bool(stream.disposition & stream.disposition.attached_pic)


def read_facts(path: Path) -> VideoFacts:
    """Read what a video is; its first frame is decoded.

    Raises:
        UnreadableVideoError: If it cannot be read.
    """
    with opened(path) as (container, stream):
        frame = next(_decoded(container, stream, path), None)
        if frame is None:
            raise UnreadableVideoError(
                f'Expected a video with frames, got {printable(path)}, of '
                'which none can be decoded; play it to see whether it is '
                'whole.'
            )
        context = stream.codec_context
        seconds = _seconds(container, stream)
        rate = stream.average_rate or stream.guessed_rate
        count = stream.frames or (seconds and rate and round(seconds * rate))
        facts = VideoFacts(
            path=path,
            width=frame.width,
            height=frame.height,
            time_base=stream.time_base,
            rate=rate,
            frames=count or None,
            duration=seconds,
            first=frame.pts or 0,
            ticks=stream.duration,
            codec=context.name,
            pix_fmt=frame.format.name,
            pixel_shape=stream.sample_aspect_ratio,
            colors=colors_of(frame),
            display_matrix=_matrix_of(frame),
        )
        _warn_of(facts, frame)
        return facts


def colors_of(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Range, matrix, primaries and transfer of a frame."""
    return tuple(int(getattr(frame, name)) for name in COLORS)


def _seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """Length of the pictures in seconds."""
    if stream.duration:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _matrix_of(frame: VideoFrame) -> tuple[int, ...] | None:
    """The display matrix that a decoded frame carries."""
    for data in frame.side_data:
        if data.type.name == DISPLAY_MATRIX:
            return tuple(np.frombuffer(bytes(data), '<i4').tolist())
    return None


def _warn_of(facts: VideoFacts, frame: VideoFrame) -> None:
    """Say what a person should know before waiting."""
    hdr = HDR.get(facts.colors[3])
    if hdr:
        _warn(facts.path, f'is HDR ({hdr}); networks have learned from SDR')
    if frame.interlaced_frame:
        _warn(facts.path, 'is interlaced; deinterlace it first')


def read_frames(
    path: Path, until: Optional[float] = None
) -> Iterator[VideoFrame]:
    """Decode a video, one frame after the other.

    Frames that are damaged are left out with a warning. A frame without a
    time stamp, or with one that is not later than that of the frame before,
    gets one a frame later.

    Args:
        path (Path): The video.
        until (float | None): Seconds from the first frame on. Defaults to
            None, all.

    Yields:
        VideoFrame: In the order in which they are shown; ``pts`` counts the
        ``time_base`` of the stream.

    Raises:
        UnreadableVideoError: If the frames change their size or format.
    """
    with opened(path) as (container, stream):
        stream.thread_type = 'AUTO'
        base, kind, first, last = stream.time_base, None, None, None
        rate = stream.average_rate or stream.guessed_rate or 25
        step = max(1, round(1 / (rate * base)))
        for frame in _decoded(container, stream, path):
            if frame.pts is None or (last is not None and frame.pts <= last):
                frame.pts = 0 if last is None else last + step
            first = frame.pts if first is None else first
            last = frame.pts
            if until is not None and (last - first) * base >= until:
                return
            kind = kind or _kind(frame)
            if _kind(frame) != kind:
                raise UnreadableVideoError(
                    f'Expected frames of {kind} throughout, got {_kind(frame)}'
                    f' at {float(last * base):.2f} seconds of '
                    f'{printable(path)}; convert it to one size first.'
                )
            yield frame
        if last is not None and stream.duration:
            lost = (stream.duration - (last - first + step)) * base
            if lost > LOST:
                _warn(
                    path,
                    f'has no frame in its last {float(lost):.0f} seconds; it '
                    'may be cut off',
                )


def _kind(frame: VideoFrame) -> str:
    """What all frames of a video must share."""
    return f'{frame.width}x{frame.height} {frame.format.name}'


def _decoded(
    container: InputContainer, stream: VideoStream, path: Path
) -> Iterator[VideoFrame]:
    """Decode packet by packet; what is damaged is left out."""
    damaged = 0
    try:
        for packet in container.demux(stream):
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                damaged += 1
    except av.FFmpegError as error:
        _warn(path, f'ends early, it is damaged ({error.strerror})')
    if damaged:
        _warn(path, f'{damaged} damaged packets are left out')


def _warn(path: Path, what: str) -> None:
    print_log(f'{printable(path)} {what}', 'current', logging.WARNING)
