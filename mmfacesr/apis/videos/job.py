# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Restoring a video, resumable, with a report.

frames -> who is where (`faces.tracking`) -> steady faces (`faces.smoothing`)
-> the inferencer of photos -> parts -> the video with all that was beside it.
"""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import Any, Optional

import numpy as np
from av import VideoFrame

from mmfacesr.apis.restoring.choices import Choices
from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
from mmfacesr.apis.restoring.inputs import Located
from mmfacesr.apis.videos.encoding import Encoding, write_part
from mmfacesr.apis.videos.frames import FramePicture
from mmfacesr.apis.videos.joining import join
from mmfacesr.apis.videos.parts import Journal, Parts
from mmfacesr.apis.videos.reading import VideoFacts, read_frames
from mmfacesr.faces.framing import frame_matrix, frame_side
from mmfacesr.faces.seen import Seen
from mmfacesr.faces.smoothing import SteadyFace, steady
from mmfacesr.faces.tracking import FaceTracker
from mmfacesr.models.common.facts import Facts
from mmfacesr.utils import sha256_of, write_atomic
from mmfacesr.utils.background import map_ahead

SCHEMA = 'mmfacesr.video/1'
PART_FRAMES = 120  # what a kill may cost; each part begins with a key frame
RESTORED = 'restored'
AHEAD = 4  # frames that are looked at while others are restored
# Near the limits of size a face is restored in part, by this share of the
# limit: one that comes nearer would blink there.
FADE = 0.1

Steady = tuple[FramePicture, list[SteadyFace]]


@dataclass(frozen=True, kw_only=True)
class VideoJob:
    """What is made of which video.

    Args:
        facts (VideoFacts): Of the source.
        target (Path): The video to be.
        choices (Choices): Of faces.
        encoding (Encoding): Of the video.
        made_by (dict[str, str]): Version, model and hash of the weights.
        until (float | None): Restore only so many seconds from the first
            frame on. Defaults to None, all.
        batch_size (int): Faces at a time. Defaults to 16.
    """

    facts: VideoFacts
    target: Path
    choices: Choices
    encoding: Encoding
    made_by: dict[str, Any]
    until: Optional[float] = None
    batch_size: int = 16

    def origin(self) -> dict[str, Any]:
        """Return what the result is made of, for JSON."""
        settings = dict(
            asdict(self.choices),
            encoding=asdict(self.encoding),
            seconds=self.until,
            batch_size=self.batch_size,
            part_frames=PART_FRAMES,
        )
        digest = sha256_of(self.facts.path)
        return dict(input=digest, settings=settings, **self.made_by)


def run(
    restorer: FaceSRInferencer, job: VideoJob, done: Callable[[int], None]
) -> dict[str, Any]:
    """Restore a video and write it, with its report beside it.

    Parts of an earlier run of the same job are kept. The result is the same
    as without an interruption.

    Args:
        restorer (FaceSRInferencer): Does it.
        job (VideoJob): What is done.
        done (Callable): Receives the number of frames of a part or of single
            frames, as soon as they are settled.

    Returns:
        dict[str, Any]: The report.

    Raises:
        UnreadableVideoError: If its frames change their size or format.
        OSError: If it cannot be written, or another process makes the same
            video.
    """
    origin = job.origin()
    with Parts(job.target).kept_for(origin) as parts:
        records = parts.whole()
        passed = sum(record['frames'] for record in records)
        done(passed)
        with parts.journal() as journal:
            pictures = steady(_observed(restorer, job, journal))
            rest = islice(pictures, passed, None)
            for number in count(len(records)):
                part = _next_part(rest)
                if part is None:
                    break
                record = _make_part(
                    restorer, job, parts.path(number), part, done
                )
                parts.write_record(number, record)
                records.append(record)
        paths = [parts.path(number) for number in range(len(records))]
        join(job.facts, paths, job.target, job.until)
        report = _report(job, origin, records)
        text = json.dumps(report, indent=2, ensure_ascii=False) + '\n'
        write_atomic(report_path(job.target), text.encode())
        parts.remove()
    return report


def _next_part(rest: Iterator[Steady]) -> Optional[Iterator[Steady]]:
    """Take the frames of the next part; None at the end of the video."""
    first = next(rest, None)
    if first is None:
        return None
    return chain([first], islice(rest, PART_FRAMES - 1))


def _observed(
    restorer: FaceSRInferencer, job: VideoJob, journal: Journal
) -> Iterator[tuple[FramePicture, Seen]]:
    """Look at every frame, or recall what was seen in it."""
    tracker = FaceTracker(restorer.finder)

    def observe(frame: VideoFrame) -> tuple[FramePicture, Seen]:
        picture = FramePicture(frame)
        if line := journal.recall():
            seen = Seen.from_json(line)
            tracker.recall(seen)
        else:
            time = float(frame.pts * job.facts.time_base)
            seen = tracker.observe(picture.srgb(), time)
            journal.add(seen.to_json())
        return picture, seen

    frames = read_frames(job.facts.path, until=job.until)
    return map_ahead(observe, frames, AHEAD)


def _make_part(
    restorer: FaceSRInferencer,
    job: VideoJob,
    path: Path,
    part: Iterable[Steady],
    done: Callable[[int], None],
) -> dict[str, Any]:
    """Restore some frames and write them; return what was done to whom."""
    facts = restorer.model.facts
    who: deque[list[int]] = deque()
    persons: dict[int, Counter] = defaultdict(Counter)

    def located() -> Iterator[Located]:
        for picture, faces in part:
            who.append([face.track for face in faces])
            shares = [
                face.strength
                * share_of_change(face.points, facts, job.choices)
                for face in faces
            ]
            yield Located(picture, [face.points for face in faces], shares)

    def frames() -> Iterator[VideoFrame]:
        options = vars(job.choices)
        for result in restorer.stream(located(), job.batch_size, **options):
            for track, face in zip(who.popleft(), result.faces):
                persons[track][face.reason or RESTORED] += 1
            yield result.photo.frame
            done(1)

    written = write_part(path, frames(), job.facts, job.encoding)
    return dict(
        frames=written,
        persons={str(track): dict(said) for track, said in persons.items()},
    )


def share_of_change(
    points: np.ndarray, facts: Facts, choices: Choices
) -> float:
    """How much of its change a face gets, by its size.

    In photos a face is restored or left alone. In a video one that comes
    nearer would blink where its size passes a limit; so the change grows from
    the limits on.

    Args:
        points (np.ndarray): (68, 2) of the face.
        facts (Facts): Of the method.
        choices (Choices): With the limits.

    Returns:
        float: In [0, 1]; 0 at a limit, 1 from `FADE` of it on.
    """
    matrix = frame_matrix(points, facts.framing, facts.gt_size)
    size = frame_side(matrix, facts.gt_size)
    low, high = choices.limits(facts)
    above = (size - low) / (FADE * low) if low else 1
    below = (high - size) / (FADE * high) if high < np.inf else 1
    return float(np.clip(min(above, below), 0, 1))


def _report(
    job: VideoJob, origin: dict[str, Any], records: list[dict[str, Any]]
) -> dict[str, Any]:
    """Say what was done to whom in the whole video."""
    persons: dict[str, Counter] = defaultdict(Counter)
    for record in records:
        for track, said in record['persons'].items():
            persons[track].update(said)
    return dict(
        schema=SCHEMA,
        origin=origin,
        video=job.target.name,
        sha256=sha256_of(job.target),
        frames=sum(record['frames'] for record in records),
        persons=[_person(int(track), persons[track]) for track in persons],
    )


def _person(track: int, said: Counter) -> dict[str, Any]:
    """Say what was done to a person, frame by frame."""
    alone = {why: n for why, n in said.items() if why != RESTORED}
    return dict(
        person=track,
        frames=sum(said.values()),
        frames_restored=said[RESTORED],
        left_alone=alone,
    )


def current_report(job: VideoJob) -> Optional[dict[str, Any]]:
    """Return the report of an earlier run, if its video still holds."""
    try:
        report = json.loads(report_path(job.target).read_bytes())
        same = report['origin'] == job.origin()
        whole = same and report['sha256'] == sha256_of(job.target)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return report if whole else None


def is_report(path: Path) -> bool:
    """Whether a file is a report of this command."""
    try:
        return json.loads(path.read_bytes())['schema'] == SCHEMA
    except (OSError, ValueError, LookupError, TypeError):
        return False


def report_path(target: Path) -> Path:
    """Return where the report of a video goes."""
    return target.with_name(target.name + '.json')
