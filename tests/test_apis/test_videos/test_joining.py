# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""What a change of the container, or of the format, must not change."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.videos import job as jobs
from mmfacesr.apis.videos.joining import check_target
from mmfacesr.apis.videos.reading import read_facts

from .conftest import Sound, make_video, shown
from .test_job import CONSTANT, restore, sound_of


def test_sound_before_the_pictures_shifts_nothing_in_matroska(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    sounds = [Sound('aac', 'eng'), Sound('aac', 'deu', -1024)]
    source = make_video(tmp_path / 'in.mp4', CONSTANT, sounds=sounds)
    restore(restorer, source, tmp_path / 'out.mkv')
    assert shown(tmp_path / 'out.mkv')[0] == shown(source)[0]
    before, after = sound_of(source), sound_of(tmp_path / 'out.mkv')
    assert before[1][2][1] == Fraction(-2048, 48000)
    for track, other in zip(before, after):
        assert track[:2] == other[:2]
        assert [p[0] for p in track[2:]] == [p[0] for p in other[2:]]
        late = [float(q[1] - p[1]) for p, q in zip(track[2:], other[2:])]
        assert max(map(abs, late)) <= 0.001  # Matroska counts ms


def test_a_start_between_milliseconds_stays(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    stamps = [1001 * k + 777 for k in range(12)]
    source = make_video(tmp_path / 'in.ts', [3 * s for s in stamps])
    times = shown(source)[0]
    assert (times[0] * 1000).denominator > 1
    restore(restorer, source, tmp_path / 'out.mp4')
    assert shown(tmp_path / 'out.mp4')[0] == times


def three_frames(folder: Path, *kind: object) -> Path:
    """A video of a codec, a format and a size."""
    path, base = folder / 'in.mkv', Fraction(1, 1000)
    return make_video(path, [0, 40, 80], base, *kind)


@pytest.mark.parametrize('ending', ['.mkv', '.mp4'])
def test_full_range_stays_full(
    restorer: FaceSRInferencer, tmp_path: Path, ending: str
) -> None:
    source = three_frames(tmp_path, 'mjpeg', 'yuvj420p')
    codec = 'ffv1' if ending == '.mkv' else 'h264'
    restore(restorer, source, tmp_path / f'out{ending}', codec)
    colors = read_facts(tmp_path / f'out{ending}').colors
    assert read_facts(source).colors[:2] == colors[:2] == (2, 5)


def test_rgb_stays_rgb_without_loss(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    source = three_frames(tmp_path, 'ffv1', 'bgr0', (47, 65))
    restore(restorer, source, tmp_path / 'out.mkv', 'ffv1')
    for before, after in zip(rgb_of(source), rgb_of(tmp_path / 'out.mkv')):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize('pix_fmt', ['bgr0', 'gray'])
def test_rgb_and_gray_are_seen_alike_in_h264(
    restorer: FaceSRInferencer, tmp_path: Path, pix_fmt: str
) -> None:
    source = three_frames(tmp_path, 'ffv1', pix_fmt)
    restore(restorer, source, tmp_path / 'out.mp4')
    before, after = rgb_of(source)[1], rgb_of(tmp_path / 'out.mp4')[1]
    assert np.abs(before.astype(int) - after).mean() < 3


def rgb_of(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [
            frame.to_ndarray(format='rgb24')
            for frame in container.decode(video=0)
        ]


def test_a_wrong_length_does_not_cut_the_last_picture(
    restorer: FaceSRInferencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jobs, 'PART_FRAMES', 5)
    stamps = [0, 3003, 3004, 10204, 22549, 25552]
    source = make_video(tmp_path / 'in.mp4', stamps)
    assert read_facts(source).ticks < stamps[-1]  # said by the encoder
    restore(restorer, source, tmp_path / 'out.mp4')
    assert shown(tmp_path / 'out.mp4')[0] == shown(source)[0]
    assert read_facts(tmp_path / 'out.mp4').ticks > stamps[-1] + 1


def test_sound_that_a_file_cannot_hold_is_refused_before_the_work(
    tmp_path: Path,
) -> None:
    source = make_video(
        tmp_path / 'in.mp4', [0, 3600, 7200], sounds=[Sound('aac', 'eng')]
    )
    facts = read_facts(source)
    check_target(facts, tmp_path / 'out.mkv')
    with pytest.raises(ValueError, match=r'audio of aac.*\.mkv'):
        check_target(facts, tmp_path / 'out.webm')
