# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Damaged videos: what they are, and their first frames."""

import random
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from hostile import Trial, mutate

from mmfacesr.apis.videos.reading import read_facts, read_frames

KINDS = {'.mp4': 'mpeg4', '.mkv': 'mpeg4', '.avi': 'mjpeg'}
FRAMES = 6


@cache
def whole(ending: str) -> bytes:
    """A short film of noise, 32x32 pixels."""
    path = Path(tempfile.mkdtemp(), f'film{ending}')
    rng = np.random.default_rng(1)
    with av.open(path, 'w') as container:
        stream = container.add_stream(KINDS[ending], rate=5)
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuvj420p' if ending == '.avi' else 'yuv420p'
        for _ in range(FRAMES):
            array = rng.integers(0, 256, (32, 32, 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(array, 'rgb24')
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = path.read_bytes()
    shutil.rmtree(path.parent)
    return data


def video(seed: int, trial: Trial) -> None:
    """One film."""
    chance = random.Random(f'video {seed}')
    ending, other = chance.sample(sorted(KINDS), 2)
    kind, data = mutate(whole(ending), chance, whole(other))
    path = trial.inputs / f'x{ending}'
    path.write_bytes(data)

    def read() -> None:
        read_facts(path)
        for frame in islice(read_frames(path), 2 * FRAMES):
            frame.to_ndarray(format='rgb24')

    trial(kind, read)


def make_all() -> None:
    """Make the films before there are workers."""
    for ending in KINDS:
        whole(ending)


def test_videos_shortly(endure: Callable) -> None:
    make_all()
    endure(video, 12, 12, 'videos')


@pytest.mark.slow
def test_videos(endure: Callable) -> None:
    make_all()
    endure(video, 1_500, 1_500, 'videos')
