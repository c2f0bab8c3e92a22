# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""From a video to the restored video: what stays, what changes, resuming."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate, cycle, islice
from pathlib import Path

import av
import numpy as np
import pytest

from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.videos import job as jobs
from mmfacesr.apis.videos.encoding import choose_encoding, write_part
from mmfacesr.apis.videos.job import VideoJob, current_report, run
from mmfacesr.apis.videos.joining import join
from mmfacesr.apis.videos.kinds import KINDS
from mmfacesr.apis.videos.reading import read_facts, read_frames
from mmfacesr.datasets.synthetic_faces import render_face
from mmfacesr.faces.framing import frame_matrix, frame_side

from .conftest import HEIGHT, WIDTH, Sound, make_video, shown

CONSTANT = [3600 * k for k in range(12)]
NTSC = [1001 * k for k in range(12)]
VARIABLE = [0, *accumulate(islice(cycle((3003, 1, 7200, 12345)), 11))]


def job_for(source: Path, target: Path, codec: str | None = None, **more):
    facts = read_facts(source)
    return VideoJob(
        facts=facts,
        target=target,
        choices=Choices(**more.pop('choices', {})),
        encoding=choose_encoding(target, codec, None, facts),
        made_by=dict(model='m'),
        **more,
    )


def restore(restorer: FaceSRInferencer, *args: object, **more: object):
    return run(restorer, job_for(*args, **more), lambda frames: None)


def sound_of(path: Path) -> list[list[tuple]]:
    """Of every track: language, codec, and each packet: hash and times."""
    with av.open(path) as container:
        tracks = {
            stream.index: [stream.language, stream.codec_context.name]
            for stream in container.streams.audio
        }
        for packet in container.demux():
            if packet.size and packet.stream_index in tracks:
                base = packet.time_base
                tracks[packet.stream_index].append(
                    (
                        hashlib.sha256(bytes(packet)).hexdigest(),
                        packet.pts * base,
                        packet.dts * base,
                    )
                )
    return list(tracks.values())


@pytest.mark.parametrize(
    ('ending', 'stamps', 'base', 'sounds', 'rotation'),
    [
        ('.mp4', CONSTANT, 90000, [], 90),
        ('.mp4', NTSC, 30000, [Sound('aac', 'eng'), Sound('aac', 'deu')], 180),
        ('.mp4', VARIABLE, 90000, [Sound('aac', 'fra', 4800)], None),
        ('.mp4', [s + 45000 for s in VARIABLE], 90000, [], 270),
        ('.mov', NTSC, 30000, [Sound('pcm_s16le', 'eng')], None),
        ('.mkv', VARIABLE, 1000, [Sound('flac', 'eng')], None),
        ('.webm', [40 * k for k in range(12)], 1000, [], None),
    ],
)
def test_frames_times_rotation_and_sound_stay(
    restorer: FaceSRInferencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    stamps: Sequence[int],
    base: int,
    sounds: Sequence[Sound],
    rotation: int | None,
) -> None:
    monkeypatch.setattr(jobs, 'PART_FRAMES', 5)
    source = make_video(
        tmp_path / f'in{ending}',
        stamps,
        Fraction(1, base),
        'libvpx-vp9' if ending == '.webm' else 'libx264',
        sounds=sounds,
        rotation=rotation,
    )
    target = tmp_path / f'out{ending}'
    report = restore(restorer, source, target)
    assert report['frames'] == len(stamps)
    before, after = read_facts(source), read_facts(target)
    assert shown(target)[0] == shown(source)[0]
    assert after.display_matrix == before.display_matrix
    assert (before.display_matrix is None) == (rotation is None)
    assert after.duration == before.duration
    tracks = sound_of(target)
    assert len(tracks) == len(sounds)
    assert tracks == sound_of(source)
    assert [p.name for p in tmp_path.iterdir() if 'parts' in p.name] == []


@pytest.mark.parametrize(
    ('codec', 'pix_fmt', 'size'),
    [
        ('libx264', 'yuv420p', (HEIGHT, WIDTH)),
        ('libx264', 'yuv444p', (47, 65)),
        ('ffv1', 'yuv420p', (47, 65)),
        ('libx264', 'yuv422p10le', (HEIGHT, WIDTH)),
        ('ffv1', 'gray', (HEIGHT, WIDTH)),
        ('ffv1', 'gbrp10le', (HEIGHT, WIDTH)),
    ],
)
def test_a_video_of_nobody_keeps_every_sample(
    restorer: FaceSRInferencer,
    tmp_path: Path,
    codec: str,
    pix_fmt: str,
    size: tuple[int, int],
) -> None:
    source = make_video(
        tmp_path / 'in.mkv',
        [40 * k for k in range(5)],
        Fraction(1, 1000),
        codec,
        pix_fmt,
        size,
    )
    target = tmp_path / 'out.mkv'
    restore(restorer, source, target, 'ffv1')
    assert read_facts(target).pix_fmt == pix_fmt
    np.testing.assert_array_equal(shown(target)[1], shown(source)[1])


def test_only_the_face_changes(
    one_face: FaceSRInferencer, tmp_path: Path
) -> None:
    source = make_video(tmp_path / 'in.mp4', CONSTANT, pix_fmt='yuv444p')
    choices = dict(back_project=False)
    target = tmp_path / 'out.mkv'
    report = restore(one_face, source, target, 'ffv1', choices=choices)
    (person,) = report['persons']
    assert person['frames_restored'] == 12 and not person['left_alone']
    change = np.array(shown(target)[1], int)
    change -= np.array(shown(source)[1], int)
    change = change.reshape(12, 3, HEIGHT, WIDTH)
    rows, columns = change.any((0, 1)).nonzero()
    assert rows.min() > 8 and rows.max() < HEIGHT - 8
    assert columns.min() > 16 and columns.max() < WIDTH - 16
    luma = change[:, 0]
    middle = WIDTH // 2
    assert (luma[..., :middle].min((1, 2)) < -20).all()
    assert (luma[..., middle:].max((1, 2)) > 20).all()


def test_colors_and_shape_of_pixels_stay(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    def set_up(container: object, stream: object) -> None:
        context = stream.codec_context
        context.color_range, context.colorspace = 2, 1
        context.color_primaries, context.color_trc = 1, 13
        context.sample_aspect_ratio = Fraction(4, 3)

    source = make_video(tmp_path / 'in.mp4', CONSTANT, set_up=set_up)
    restore(restorer, source, tmp_path / 'out.mp4')
    after = read_facts(tmp_path / 'out.mp4')
    assert after.colors == read_facts(source).colors == (2, 1, 1, 13)
    assert after.pixel_shape == Fraction(4, 3)


def test_titles_and_chapters_stay(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    chapter = dict(
        id=1,
        start=0,
        end=200,
        time_base=Fraction(1, 1000),
        metadata=dict(title='Eins'),
    )

    def set_up(container: object, stream: object) -> None:
        container.metadata['title'] = 'Ein Film'
        container.set_chapters([chapter])

    source = make_video(tmp_path / 'in.mkv', CONSTANT, set_up=set_up)
    restore(restorer, source, tmp_path / 'out.mkv')
    with av.open(tmp_path / 'out.mkv') as container:
        assert container.metadata['title'] == 'Ein Film'
        (kept,) = container.chapters()
        assert kept['metadata']['title'] == 'Eins'


@pytest.mark.parametrize(
    ('ending', 'codec'),
    [(end, codec) for end, kind in KINDS.items() for codec in kind.codecs],
)
def test_every_codec_in_every_file_that_holds_it(
    restorer: FaceSRInferencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    codec: str,
) -> None:
    monkeypatch.setattr(jobs, 'PART_FRAMES', 5)
    source = make_video(tmp_path / 'in.mkv', CONSTANT, size=(64, 64))
    target = tmp_path / f'out{ending}'
    restore(restorer, source, target, codec)
    assert shown(target)[0] == shown(source)[0]
    before, after = read_facts(source), read_facts(target)
    assert (after.width, after.height) == (before.width, before.height)


def test_names_that_look_like_protocols(
    restorer: FaceSRInferencer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source, target = Path('12:30.mp4'), Path('file:out.mp4')
    make_video(tmp_path / source, CONSTANT)
    restore(restorer, source, target)
    assert shown(tmp_path / target)[0] == shown(tmp_path / source)[0]


def test_the_first_seconds_alone(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    source = make_video(
        tmp_path / 'in.mp4', VARIABLE, sounds=[Sound('aac', 'eng')]
    )
    restore(restorer, source, tmp_path / 'out.mp4', until=0.2)
    times = [time for time in shown(source)[0] if time < Fraction(1, 5)]
    assert shown(tmp_path / 'out.mp4')[0] == times
    (track,) = sound_of(tmp_path / 'out.mp4')
    assert track[2:] == [p for p in sound_of(source)[0][2:] if p[2] < 0.2]


class Killed(BaseException):
    """As if the process ended."""


@pytest.mark.parametrize('frames', [1, 4, 5, 8, 11])
def test_an_interrupted_run_goes_on_to_the_same_result(
    one_face: FaceSRInferencer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    frames: int,
) -> None:
    monkeypatch.setattr(jobs, 'PART_FRAMES', 4)
    source = make_video(tmp_path / 'in.mp4', VARIABLE)
    restore(one_face, source, tmp_path / 'whole.mp4')
    job, seen = job_for(source, tmp_path / 'out.mp4'), []

    def kill(count: int) -> None:
        seen.extend([1] * count)
        if len(seen) >= frames:
            raise Killed

    with pytest.raises(Killed):
        run(one_face, job, kill)
    assert not job.target.exists()
    counts: list[int] = []
    report = run(one_face, job, counts.append)
    # A part is whole once the first frame after it is asked for.
    assert counts[0] == (frames - 1) // 4 * 4
    assert report['persons'][0]['frames_restored'] == 12
    assert job.target.read_bytes() == (tmp_path / 'whole.mp4').read_bytes()


def test_a_result_is_known_by_its_origin(
    one_face: FaceSRInferencer, tmp_path: Path
) -> None:
    source = make_video(tmp_path / 'in.mp4', CONSTANT)
    target = tmp_path / 'out.mp4'
    report = restore(one_face, source, target)
    assert current_report(job_for(source, target)) == report
    assert current_report(job_for(source, target, until=0.1)) is None
    target.write_bytes(target.read_bytes() + b'x')
    assert current_report(job_for(source, target)) is None


@pytest.mark.parametrize(
    ('size', 'share'),
    [(11, 0), (12, 0), (12.6, 0.5), (20, 1), (30.4, 0.5), (32, 0), (40, 0)],
)
def test_the_change_grows_from_the_limits_of_size(
    restorer: FaceSRInferencer, size: float, share: float
) -> None:
    facts = restorer.model.facts
    _, points = render_face(3, 160)
    matrix = frame_matrix(points, facts.framing, facts.gt_size)
    side = frame_side(matrix, facts.gt_size)
    points = points * size / side
    assert facts.face_sizes == (12, 32)
    found = jobs.share_of_change(points, facts, Choices())
    assert found == pytest.approx(share, abs=1e-4)
    assert jobs.share_of_change(points, facts, Choices(force=True)) == 1


def test_time_before_zero_stays_within_parts(tmp_path: Path) -> None:
    source = make_video(tmp_path / 'in.mkv', [0, 40, 90], Fraction(1, 1000))
    facts = replace(read_facts(source), first=-70)
    frames = list(read_frames(source))
    for frame in frames:
        frame.pts -= 70
    job = replace(job_for(source, tmp_path / 'out.mkv'), facts=facts)
    part = tmp_path / 'part.nut'
    assert write_part(part, frames, facts, job.encoding) == 3
    join(facts, [part], tmp_path / 'out.mkv')
    times = shown(tmp_path / 'out.mkv')[0]  # Matroska begins at 0
    assert np.diff(times).tolist() == [Fraction(40, 1000), Fraction(50, 1000)]


def test_odd_sizes_into_a_codec_of_even_ones(
    restorer: FaceSRInferencer, tmp_path: Path
) -> None:
    source = make_video(
        tmp_path / 'in.webm',
        [0, 40],
        Fraction(1, 1000),
        'libvpx-vp9',
        size=(47, 65),
    )
    restore(restorer, source, tmp_path / 'out.mp4')
    facts = read_facts(tmp_path / 'out.mp4')
    assert (facts.width, facts.height, facts.codec) == (65, 47, 'h264')
    with pytest.raises(ValueError, match='even width and height for av1'):
        job_for(source, tmp_path / 'out.webm', 'av1')
