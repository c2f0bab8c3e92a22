# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Parts into one video, with the sound and all else of its source."""

import io
import logging
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Optional

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from mmengine.logging import print_log

from mmfacesr.apis.videos.kinds import kind_of
from mmfacesr.apis.videos.reading import COLORS, VideoFacts, opened
from mmfacesr.apis.videos.stamps import Stamps, packets_of, read_stamps
from mmfacesr.utils import printable, replacing

COPIED = ('audio', 'subtitle')
UNKNOWN_COLORS = (0, 2, 2, 2)
# Tags that the writer sets itself.
OWN_TAGS = re.compile(
    'encoder|major_brand|minor_version|compatible_brands|BPS|DURATION|'
    '(NUMBER_OF|_STATISTICS)_.*'
)
MOST_TICKS = 1 << 31  # in a second, of a container


def check_target(facts: VideoFacts, target: Path) -> None:
    """Refuse a file that cannot hold what is copied, before any work.

    Raises:
        ValueError: If it cannot.
    """
    with (
        opened(facts.path) as (source, pictures),
        av.open(io.BytesIO(), 'w', kind_of(target).format) as made,
    ):
        for stream in _beside(source):
            codec = stream.codec_context.codec.canonical_name
            if codec not in made.supported_codecs:
                raise ValueError(
                    f'Expected a file that holds {stream.type} of {codec}, as '
                    f'{printable(facts.path)} has it, got '
                    f'{printable(target)}; choose a name that ends in '
                    f'{facts.path.suffix} or .mkv.'
                )
        copied = {stream.index for stream in _beside(source)}
        copied.add(pictures.index)
        left_out = {s.type for s in source.streams if s.index not in copied}
    if left_out:
        print_log(
            f'{printable(facts.path)}: {", ".join(sorted(left_out))} beside '
            'the pictures, sound and subtitles is not copied',
            'current',
            logging.WARNING,
        )


def _beside(source: InputContainer) -> list[Stream]:
    """The streams that are copied as they are."""
    return [
        stream
        for stream in source.streams
        if stream.type in COPIED and stream.codec_context is not None
    ]


def join(
    facts: VideoFacts,
    parts: Sequence[Path],
    target: Path,
    until: Optional[float] = None,
) -> None:
    """Write the video: the pictures of the parts, all else of the source.

    Packets are copied one by one. Their time stamps stay; only the order in
    which pictures are decoded is given anew over the parts.

    Args:
        facts (VideoFacts): Of the source.
        parts (Sequence[Path]): In their order, at least one.
        target (Path): The video; whole or not there.
        until (float | None): Leave out what is later than so many seconds
            after the first frame. Defaults to None, nothing.

    Raises:
        ValueError: If the parts were encoded in different ways.
        OSError: If it cannot be written.
    """
    stamps = read_stamps(parts, facts)
    end = None if until is None else stamps.begin + until
    with (
        replacing(target.absolute()) as temporary,
        opened(facts.path) as (source, pictures),
        _created(temporary, target, source, facts) as made,
        av.open(parts[0].absolute()) as first,
    ):
        # Opaque: without the decoder, whose name no encoder may have.
        stream = made.add_stream_from_template(
            first.streams.video[0], opaque=True
        )
        stream.time_base = facts.time_base
        _color(stream.codec_context, facts.colors)
        if facts.display_matrix:
            stream.set_display_matrix(facts.display_matrix)
        streams = _copied(source, made)
        _describe(made, stream, source, pictures, end)
        whole = facts.ticks and facts.ticks * facts.time_base
        video = _pictures(parts, stamps, stream, None if until else whole)
        waiting = next(video, None)
        for packet in source.demux(list(streams)) if streams else ():
            if packet.dts is None:
                continue
            time = packet.dts * packet.time_base
            while waiting is not None and waiting[0] <= time:
                made.mux_one(waiting[1])
                waiting = next(video, None)
            if end is None or time < end:
                packet.stream = streams[packet.stream]
                made.mux_one(packet)
        while waiting is not None:
            made.mux_one(waiting[1])
            waiting = next(video, None)


def _created(
    path: Path, target: Path, source: InputContainer, facts: VideoFacts
) -> OutputContainer:
    """Open a file that counts time at least as finely as its source."""
    options = {}
    kind = kind_of(target).format
    ticks = math.lcm(
        *(s.time_base.denominator for s in source.streams if s.time_base)
    )
    if kind in ('mp4', 'mov') and ticks < MOST_TICKS:
        # Else the beginning of each stream is rounded to a millisecond.
        options['movie_timescale'] = str(ticks)
    elif kind in ('matroska', 'webm') and facts.first >= 0:
        # Else sound before the first picture moves all that comes later.
        options['avoid_negative_ts'] = 'disabled'
    return av.open(path.absolute(), 'w', kind, options=options)


def _color(context: VideoCodecContext, colors: tuple[int, ...]) -> None:
    """Say what the coded pictures do not say of their own colors."""
    for name, unknown, value in zip(COLORS, UNKNOWN_COLORS, colors):
        if int(getattr(context, name)) == unknown:
            setattr(context, name, value)


def _copied(
    source: InputContainer, made: OutputContainer
) -> dict[Stream, Stream]:
    """Open a stream for each one that is copied: that of the source -> it."""
    streams = {}
    for stream in _beside(source):
        twin = made.add_stream_from_template(stream)
        twin.time_base = stream.time_base
        _name(twin, stream)
        streams[stream] = twin
    return streams


def _describe(
    made: OutputContainer,
    stream: VideoStream,
    source: InputContainer,
    pictures: VideoStream,
    end: Optional[Fraction],
) -> None:
    """Copy what a file and its pictures are called, and its chapters."""
    made.metadata.update(_tags(source.metadata))
    _name(stream, pictures)
    chapters = [
        chapter
        for chapter in source.chapters()
        if end is None or chapter['start'] * chapter['time_base'] < end
    ]
    if chapters:
        made.set_chapters(chapters)


def _name(stream: Stream, other: Stream) -> None:
    """Copy title, language and what a stream is for."""
    stream.metadata.update(_tags(other.metadata))
    stream.disposition = other.disposition


def _tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """What somebody has written into a file, not the writer of files."""
    return {
        name: text
        for name, text in metadata.items()
        if not OWN_TAGS.fullmatch(name)
    }


def _pictures(
    parts: Sequence[Path],
    stamps: Stamps,
    stream: VideoStream,
    whole: Optional[Fraction],
) -> Iterator[tuple[Fraction, Packet]]:
    """The packets of all parts for one stream, and when they are decoded.

    Args:
        parts (Sequence[Path]): In their order.
        stamps (Stamps): Of all packets.
        stream (VideoStream): Receives them.
        whole (Fraction | None): Seconds that all of them last together.
    """
    needed = None
    for index, (extra, packet) in enumerate(packets_of(parts)):
        needed = extra if needed is None else needed
        if extra != needed:
            raise ValueError(
                'Expected parts that were encoded alike, got others; remove '
                f'the folder {printable(parts[0].parent)} and run the '
                'command again.'
            )
        packet.pts += stamps.shift
        packet.dts = stamps.decoding(index)
        packet.duration = stamps.duration(packet.pts) or packet.duration
        if whole and index == len(stamps.order) - 1:
            spent = packet.dts - stamps.decoding(0)
            rest = round(whole / packet.time_base) - spent
            packet.duration = rest if rest > 0 else packet.duration
        packet.stream = stream
        yield packet.dts * packet.time_base, packet
