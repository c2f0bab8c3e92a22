# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command ``mmfacesr video``."""

import argparse
import json
import math
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmfacesr.apis.launch import add_speed
from mmfacesr.apis.restoring.arguments import add_faces, add_model
from mmfacesr.apis.restoring.starting import made_by, start_restorer
from mmfacesr.apis.videos.kinds import CODECS, KINDS
from mmfacesr.utils import output_file, printable
from mmfacesr.utils.native_messages import without_native_messages

if TYPE_CHECKING:
    from mmfacesr.apis.videos.reading import VideoFacts

HELP = """\
Restore the faces in a video. They are followed from frame to frame, and by
the rules of `mmfacesr restore` restored or left alone. Number of frames, time
stamps, rotation, colors, sound, subtitles and chapters stay as they are.

  mmfacesr video film.mp4 -o restored.mp4
  mmfacesr video film.mp4 -o first.mp4 --seconds 5         try it out first
  mmfacesr video film.mp4 -o large.mp4 --upscale 4
  mmfacesr video film.mkv -o master.mkv --codec ffv1       without loss

Beside the video OUT.json says what was done to whom. Run the same command
again after an interruption: it goes on where it was, and the result is the
same. Until it is whole, parts of it lie in OUT.parts/.

Exit status: 0 done, 1 not done, 2 wrong arguments, 130 interrupted, 143
stopped.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr video`` takes."""
    parser.add_argument(
        'film', type=Path, metavar='FILM', help='the video to restore'
    )
    parser.add_argument(
        '-o',
        '--out',
        required=True,
        type=output_file(*KINDS, kind=Path),
        metavar='OUT',
        help=f'the video to write; its ending is one of {", ".join(KINDS)}',
    )
    add_model(parser)
    add_faces(parser)
    parser.add_argument(
        '--seconds',
        type=_seconds,
        metavar='N',
        help='restore only the first N seconds, to try settings out',
    )
    parser.add_argument(
        '--codec',
        choices=tuple(CODECS),
        help='of the new video; ffv1 is without loss (default: h264, in '
        '.webm vp9)',
    )
    parser.add_argument(
        '--quality',
        type=int,
        metavar='CRF',
        help='of the new video: lower is better and larger, in the scale of '
        'the codec (default: hardly any loss that can be seen)',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='replace OUT if it is there already',
    )
    parser.add_argument(
        '--json',
        action='store_true',
        help='print the report to the standard output',
    )
    parser.add_argument(
        '--device', help='such as cuda:0 (default: a GPU if there is one)'
    )
    add_speed(parser, batch_size='16')


def _seconds(text: str) -> float:
    """Read a length of time of the command line."""
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'expected more than 0, got {text}')
    return value


def video(args: argparse.Namespace) -> int:
    """Restore a video and return the exit status."""
    # Messages of all packages go to the standard error.
    with without_native_messages(), redirect_stdout(sys.stderr):
        report = _video(args)
    if args.json:
        sys.stdout.write(json.dumps(report, indent=2) + '\n')
    return 0


def _video(args: argparse.Namespace) -> dict[str, Any]:
    """Restore, tell a person about it, and return the report."""
    from tqdm import tqdm

    from mmfacesr.apis.videos.job import VideoJob, current_report, run
    from mmfacesr.apis.videos.joining import check_target
    from mmfacesr.apis.videos.reading import read_facts

    facts = read_facts(args.film)
    _refuse_itself(args.film, args.out)
    check_target(facts, args.out)
    settings = _settings(args, facts)
    restorer, batch_size = start_restorer(args)
    job = VideoJob(
        facts=facts,
        target=args.out,
        made_by=made_by(restorer, args),
        until=args.seconds,
        batch_size=batch_size,
        **settings,
    )
    if not args.overwrite:
        if report := current_report(job):
            sys.stderr.write(f'{printable(args.out)} is there already.\n')
            return report
        _refuse_to_replace(args.out)
    total = _frames_of(facts, args.seconds)
    with tqdm(total=total, desc='restoring', unit='frame') as bar:
        report = run(restorer, job, bar.update)
    sys.stderr.write(_verdict(report, args))
    return report


def _refuse_itself(film: Path, out: Path) -> None:
    """Neither result nor report may replace what they are made of."""
    from mmfacesr.apis.videos.job import report_path

    for path in (out, report_path(out)):
        if path.exists() and film.samefile(path):
            raise ValueError(
                f'Expected another file than the film, got {printable(path)} '
                'for both; choose another name by -o.'
            )


def _refuse_to_replace(out: Path) -> None:
    """Files of others, and results of other settings, stay."""
    from mmfacesr.apis.videos.job import is_report, report_path

    report = report_path(out)
    for path in (out, report):
        own = path == report and is_report(path)
        if path.exists() and not own:
            raise FileExistsError(
                f'Expected a new file, got {printable(path)}, which is there '
                'and no result of this command with these settings; choose '
                'another name, or replace it by --overwrite.'
            )


def _settings(args: argparse.Namespace, facts: 'VideoFacts') -> dict[str, Any]:
    """Say what is asked for, before anything is loaded."""
    from mmfacesr.apis.restoring.choices import Choices
    from mmfacesr.apis.videos.encoding import choose_encoding

    return dict(
        choices=Choices(
            min_face=args.min_face,
            max_face=args.max_face,
            force=args.force,
            upscale=args.upscale,
            back_project=args.back_project,
        ),
        encoding=choose_encoding(args.out, args.codec, args.quality, facts),
    )


def _frames_of(facts: 'VideoFacts', seconds: float | None) -> int | None:
    """About how many frames there are, for the progress bar."""
    if seconds is None or not facts.frames or not facts.duration:
        return facts.frames
    return round(facts.frames * min(1, seconds / facts.duration))


def _verdict(report: dict[str, Any], args: argparse.Namespace) -> str:
    """Say what came of it, and what to do next."""
    persons = report['persons']
    restored = [p for p in persons if p['frames_restored']]
    lines = [
        f'{report["frames"]} frames; {len(restored)} of {len(persons)} '
        f'followed faces restored. Written: {printable(args.out)}'
    ]
    for person in persons:
        for reason, frames in person['left_alone'].items():
            lines.append(
                f'  face {person["person"]}: left alone in {frames} of '
                f'{person["frames"]} frames, {reason}'
            )
    if len(lines) > 1 and not args.force:
        lines.append('--force restores them anyway.')
    return '\n'.join([*lines, ''])
