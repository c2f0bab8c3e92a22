# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""When the packets of parts are shown and decoded, once they are joined."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.packet import Packet

from mmfacesr.apis.videos.reading import VideoFacts


class Stamps(NamedTuple):
    """When the pictures of all parts are shown.

    Attributes:
        order (np.ndarray): (N,) time stamps as they are shown.
        shift (int): What those of the parts miss.
        time_base (Fraction): Seconds that a time stamp counts; a part may
            count finer than the source.
        delay (int): How many pictures a decoder holds back.
    """

    order: np.ndarray
    shift: int
    time_base: Fraction
    delay: int

    @property
    def begin(self) -> Fraction:
        """When the first picture is shown, in seconds."""
        return int(self.order[0]) * self.time_base

    def decoding(self, index: int) -> int:
        """The time stamp of decoding of a packet, by its place.

        It rises from packet to packet, and is never after that of showing.
        """
        if index >= self.delay:
            return int(self.order[index - self.delay])
        first, second = self.order[0], self.order[:2][-1]
        return int(first - (self.delay - index) * max(second - first, 1))

    def duration(self, shown: int) -> int:
        """How long a picture is shown; 0 for the last one."""
        after = int(np.searchsorted(self.order, shown)) + 1
        end = self.order[after] if after < len(self.order) else shown
        return int(end) - shown


def read_stamps(parts: Sequence[Path], facts: VideoFacts) -> Stamps:
    """Read the time stamps of all packets of all parts."""
    with av.open(parts[0].absolute()) as container:
        base = container.streams.video[0].time_base
    shift = round(facts.first * facts.time_base / base)
    shown = np.array([packet.pts for _, packet in packets_of(parts)], np.int64)
    shown += shift
    order = np.sort(shown)
    places = np.searchsorted(order, shown)
    delay = int((np.arange(len(shown)) - places).max())
    return Stamps(order, shift, base, delay)


def packets_of(parts: Sequence[Path]) -> Iterator[tuple[bytes, Packet]]:
    """The packets of all parts, and what a decoder needs for each."""
    for part in parts:
        with av.open(part.absolute()) as container:
            stream = container.streams.video[0]
            for packet in container.demux(stream):
                if packet.size:  # the last one is empty
                    yield stream.codec_context.extradata or b'', packet
