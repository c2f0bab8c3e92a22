# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Small videos, and a restorer that knows who is in them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from torch import Tensor, nn

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.datasets.synthetic_faces import render_face

WIDTH, HEIGHT = 64, 48
RATE = 25


class Sound(NamedTuple):
    """A track of sound: its codec, language and first time stamp."""

    codec: str
    language: str
    start: int = 0


def picture(index: int, height: int = HEIGHT, width: int = WIDTH):
    """A frame with its own brightness and a pattern that moves."""
    rows, columns = np.mgrid[:height, :width]
    wave = 40 * np.sin((rows + 2 * columns + 5 * index) / 6)
    gray = 90 + 3 * (index % 20) + wave
    return np.stack([gray, gray + 20, 200 - gray], -1).astype(np.uint8)


def make_video(
    path: Path,
    stamps: Sequence[int],
    time_base: Fraction = Fraction(1, 90000),
    codec: str = 'libx264',
    pix_fmt: str = 'yuv420p',
    size: tuple[int, int] = (HEIGHT, WIDTH),
    sounds: Sequence[Sound] = (),
    rotation: int | None = None,
    set_up: Callable = lambda container, stream: None,
) -> Path:
    """Write a video; its frames are shown at the stamps."""
    with av.open(path, 'w') as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.height, stream.width = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = time_base
        if rotation is not None:
            stream.set_display_rotation(rotation)
        tracks = [_open_sound(container, sound) for sound in sounds]
        set_up(container, stream)
        for index, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(
                picture(index, *size), format='rgb24'
            )
            frame.pts, frame.time_base = stamp, time_base
            frame = reformatted(frame, pix_fmt)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        seconds = float((stamps[-1] - stamps[0]) * time_base)
        for track, sound in zip(tracks, sounds):
            _play(container, track, sound, seconds)
    return path


def reformatted(frame: av.VideoFrame, pix_fmt: str) -> av.VideoFrame:
    """PyAV converts odd frames only by another function of it."""
    twin = frame.reformat(format=pix_fmt)
    twin.pts, twin.time_base = frame.pts, frame.time_base
    return twin


def _open_sound(container, sound: Sound):
    stream = container.add_stream(sound.codec, rate=48000)
    stream.codec_context.layout = 'mono'
    stream.metadata['language'] = sound.language
    return stream


def _play(container, stream, sound: Sound, seconds: float) -> None:
    """Write a tone of that length."""
    samples = stream.codec_context.frame_size or 1024
    kind = stream.codec_context.format.name
    for start in range(0, round(seconds * 48000), samples):
        wave = np.sin(np.arange(start, start + samples) * 0.05) * 0.5
        frame = av.AudioFrame.from_ndarray(
            wave.astype(np.float32)[None], format='fltp', layout='mono'
        )
        frame.sample_rate, frame.pts = 48000, start + sound.start
        frame.time_base = Fraction(1, 48000)
        if kind != 'fltp':
            frame = av.AudioResampler(kind, 'mono', 48000).resample(frame)[0]
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


class KnownFaces:
    """Finds the faces that it is told of, in every frame."""

    def __init__(self, *faces: np.ndarray) -> None:
        self.faces = list(faces)

    def find(self, image: np.ndarray) -> list[np.ndarray]:
        return list(self.faces)

    def find_again(self, image: np.ndarray, points: np.ndarray):
        return min(self.faces, key=lambda f: np.abs(f - points).sum())


def darken_left(lr: Tensor) -> Tensor:
    """Change a face by much; the mean color stays."""
    face = nn.functional.interpolate(lr, scale_factor=8, mode='nearest')
    change = face.new_full((128,), 0.3)
    change[:64] = -0.3
    return face + change


@pytest.fixture(scope='session')
def restorer() -> FaceSRInferencer:
    """A restorer that finds nobody; tests may set its finder."""
    made = FaceSRInferencer(
        'dic-small_x8c16b2_1xb4-500_synthetic',
        network=darken_left,
        show_progress=False,
    )
    made._finder = KnownFaces()
    return made


@pytest.fixture
def one_face(restorer: FaceSRInferencer, monkeypatch: pytest.MonkeyPatch):
    """The restorer, which finds a face in the middle of every frame."""
    _, points = render_face(3, 160)
    face = ((points - 80) * 24 / 128 + (WIDTH / 2, HEIGHT / 2)).astype('f4')
    monkeypatch.setattr(restorer, '_finder', KnownFaces(face))
    return restorer


def shown(path: Path) -> tuple[list[Fraction], list[np.ndarray]]:
    """When each frame is shown, and its samples as they are stored."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        times = [frame.pts * stream.time_base for frame in frames]
        return times, [flat_samples(frame) for frame in frames]


def flat_samples(frame: av.VideoFrame) -> np.ndarray:
    """All samples of a frame, plane after plane."""
    kind = '<u2' if frame.format.components[0].bits > 8 else 'u1'
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(bytes(plane), kind)
        rows = rows.reshape(plane.height, -1)[:, : plane.width]
        planes.append(rows.ravel())
    return np.concatenate(planes)
