# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What is a video, and what is none."""

import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmfacesr.apis.videos import reading
from mmfacesr.apis.videos.job import run
from mmfacesr.apis.videos.reading import (
    UnreadableVideoError,
    read_facts,
    read_frames,
)

from .conftest import Sound, make_video, picture
from .test_job import CONSTANT, job_for


def text_file(path: Path) -> None:
    path.write_text('no video\n' * 99)


def half(path: Path) -> None:
    """The index lies at the end."""
    make_video(path, CONSTANT)
    path.write_bytes(path.read_bytes()[:-900])


def sound_alone(path: Path) -> None:
    with av.open(path, 'w') as container:
        stream = container.add_stream('aac', rate=48000)
        stream.codec_context.layout = 'mono'
        silence = np.zeros((1, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, 'fltp', 'mono')
        frame.sample_rate = 48000
        container.mux([*stream.encode(frame), *stream.encode(None)])


def photo(path: Path) -> None:
    Image.fromarray(picture(0)).save(path, 'jpeg')


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (text_file, 'cannot be opened as one'),
        (Path.touch, 'cannot be opened as one'),
        (half, 'cannot be opened as one'),
        (sound_alone, 'with audio streams and no moving pictures'),
        (photo, 'is a still picture; `mmfacesr restore`'),
        (Path.mkdir, 'where there is no file'),
        (os.mkfifo, 'where there is no file'),
        (lambda path: None, 'where there is nothing'),
    ],
)
def test_what_is_no_video_is_refused_in_a_line(
    tmp_path: Path, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / 'a\nb.mp4'
    make(path)
    with pytest.raises(UnreadableVideoError, match=message) as error:
        read_facts(path)
    assert '\n' not in str(error.value)


def test_a_name_is_no_pattern_of_names(tmp_path: Path) -> None:
    for name in ('%03d.png', '001.png'):
        Image.fromarray(picture(0)).save(tmp_path / name)
    with pytest.raises(UnreadableVideoError, match='still picture'):
        read_facts(tmp_path / '%03d.png')


@pytest.mark.parametrize('name', ['part 1: in.mp4', 'pipe:0', 'a\nb.mp4'])
def test_names_are_never_protocols(
    restorer: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_video(tmp_path / 'in.mp4', CONSTANT).rename(name)
    job = job_for(Path(name), Path(f'{name} out.mp4'))
    assert run(restorer, job, lambda n: None)['frames'] == len(CONSTANT)
    assert (tmp_path / f'{name} out.mp4').is_file()


def test_a_change_of_size_is_refused(tmp_path: Path) -> None:
    parts = [
        make_video(tmp_path / f'{k}.h264', CONSTANT, size=size).read_bytes()
        for k, size in enumerate([(48, 64), (96, 128)])
    ]
    path = tmp_path / 'both.h264'
    path.write_bytes(b''.join(parts))
    with pytest.raises(UnreadableVideoError, match='64x48.*128x96'):
        list(read_frames(path))


def test_a_film_without_its_end_is_read_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    whole = make_video(tmp_path / 'in.mkv', [40 * k for k in range(40)])
    data = whole.read_bytes()
    cut = tmp_path / 'cut.mkv'
    cut.write_bytes(data[: len(data) // 2])
    count = sum(1 for _ in read_frames(cut))
    assert 5 < count < 40


@pytest.mark.parametrize('share', [0.6, 1])
def test_a_film_that_ends_early_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        reading, 'print_log', lambda text, _, level: said.append(text)
    )
    make_video(tmp_path / 'in.mp4', [90000 * k for k in range(24)])
    path = tmp_path / 'index_first.mp4'
    options = {'movflags': 'faststart'}
    with (
        av.open(tmp_path / 'in.mp4') as source,
        av.open(path, 'w', options=options) as made,
    ):
        twin = made.add_stream_from_template(source.streams.video[0])
        for packet in source.demux():
            if packet.size:
                packet.stream = twin
                made.mux_one(packet)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * share)])
    frames = len(list(read_frames(path)))
    assert (frames < 24) == (share < 1)
    assert any('cut off' in text for text in said) == (share < 1)


def test_time_stamps_that_are_missing_are_counted(tmp_path: Path) -> None:
    path = make_video(tmp_path / 'in.h264', CONSTANT)
    rate = Fraction(1, 25)
    with av.open(path) as container:
        base = container.streams.video[0].time_base
    times = [frame.pts * base for frame in read_frames(path)]
    assert times == [k * rate for k in range(12)]


@pytest.mark.slow
def test_flipped_bytes_end_in_an_error_or_in_frames(tmp_path: Path) -> None:
    source = make_video(
        tmp_path / 'in.mp4', CONSTANT, sounds=[Sound('aac', 'eng')]
    )
    data, rng = np.frombuffer(source.read_bytes(), 'u1'), np.random
    rng, read = rng.default_rng(0), 0
    path = tmp_path / 'flipped.mp4'
    for _ in range(200):
        flipped = data.copy()
        flipped[rng.integers(len(data), size=9)] = rng.integers(256, size=9)
        path.write_bytes(flipped.tobytes())
        try:
            read_facts(path)
            read += len(list(read_frames(path))) > 0
        except UnreadableVideoError as error:
            assert '\n' not in str(error)
    assert 50 < read < 200
