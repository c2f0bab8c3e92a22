# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command ``mmfacesr restore``."""

import argparse
import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmfacesr.utils import output_folder, printable
from mmfacesr.utils.native_messages import without_native_messages

if TYPE_CHECKING:
    from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
    from mmfacesr.apis.restoring.job import Job

HELP = """\
Restore the faces in pictures: find them, restore those that the method makes
better, and put them back. Everything else of a picture stays as it is.

  mmfacesr restore family.jpg -o out --upscale 4
  mmfacesr restore photos -o out                 a folder, its tree kept
  mmfacesr restore 'photos/*.png' -o out --dry-run             say to whom
  mmfacesr restore faces -o out --aligned        pictures of one face each
  mmfacesr restore photos -o out -m MODEL        by other weights
  find . -name '*.jpg' | mmfacesr restore - -o out

In OUT: restored/ with the pictures, faces/ with what each network was given
and made, preds/ with a report on every picture, and summary.json. Run the same
command again after an interruption: what is done is kept.

Exit status: 0 all done, 1 nothing could be done, 2 wrong arguments, 3 some
pictures failed (they are named), 130 interrupted.
"""
PACKAGED_NOTE = """\
By the weights in the package ({name}, {license}), which have seen drawn faces
only. Weights that were trained on photographs restore better: take one by
-m NAME of those that `mmfacesr models` lists with their licenses."""
ENDINGS = ('auto', 'png', 'jpg', 'webp', 'tif', 'bmp')
SOME_FAILED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr restore`` takes."""
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help='picture, folder, pattern or URL; - reads a list of these from '
        'the standard input',
    )
    parser.add_argument(
        '-o',
        '--out',
        required=True,
        type=partial(output_folder, kind=Path),
        metavar='OUT',
        help='folder for the results, outside of the inputs',
    )
    parser.add_argument(
        '-m',
        '--model',
        help='name or config of a model; `mmfacesr models` lists those with '
        'published weights (default: the one whose weights come with '
        'mmfacesr)',
    )
    parser.add_argument(
        '--weights',
        help='weights of the model: a file, a URL or a name (default: those '
        'published for it)',
    )
    _add_choices(parser)
    _add_results(parser)
    parser.add_argument(
        '--batch-size',
        type=int,
        default=16,
        metavar='N',
        help='faces at a time (default: %(default)s)',
    )
    parser.add_argument(
        '--device', help='such as cuda:0 (default: a GPU if there is one)'
    )


def _add_choices(parser: argparse.ArgumentParser) -> None:
    """Add what chooses faces."""
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        '--aligned',
        action='store_true',
        help='each picture is one face, framed as in the training of the '
        'model, of any size',
    )
    mode.add_argument(
        '--lr',
        action='store_true',
        help='each picture is exactly what the model enlarges, such as a face '
        'of 16x16 pixels',
    )
    parser.add_argument(
        '--only-center-face',
        action='store_true',
        help='restore the face nearest to the center alone',
    )
    for name, what in (('min', 'smaller'), ('max', 'larger')):
        parser.add_argument(
            f'--{name}-face',
            type=float,
            metavar='PX',
            help=f'leave faces alone whose square is {what} than this '
            '(default: what the model declares)',
        )
    parser.add_argument(
        '--force',
        action='store_true',
        help='restore faces of any size; large ones are invented anew',
    )
    parser.add_argument(
        '--no-back-project',
        dest='back_project',
        action='store_false',
        help='take the faces of photos as the network makes them, even where '
        'they disagree with what was there',
    )
    parser.add_argument(
        '--upscale',
        type=int,
        default=1,
        metavar='N',
        help='enlarge the whole picture by a whole number, by Lanczos where '
        'there is no face (default: %(default)s)',
    )
    parser.add_argument(
        '--boxes',
        choices=('mediapipe', 'yunet'),
        default='mediapipe',
        help='what finds faces; yunet is downloaded (default: %(default)s)',
    )


def _add_results(parser: argparse.ArgumentParser) -> None:
    """Add what is said of the results."""
    parser.add_argument(
        '--ext',
        choices=ENDINGS,
        default='auto',
        help='format of the results (default: that of the input)',
    )
    parser.add_argument(
        '--suffix',
        default='',
        metavar='TEXT',
        help='put behind the names of results, such as _sr',
    )
    parser.add_argument(
        '--quality',
        type=int,
        choices=range(1, 101),
        metavar='1-100',
        help='of JPEG and WebP (default: as the input)',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='make every result again, and replace other files of the names',
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='say what would be done, and write nothing',
    )
    parser.add_argument(
        '--json',
        action='store_true',
        help='print the summary to the standard output',
    )


def restore(args: argparse.Namespace) -> int:
    """Restore what was asked for and return the exit status."""
    # Messages of all packages go to the standard error.
    with without_native_messages(), redirect_stdout(sys.stderr):
        summary = _restore(args)
    if args.json:
        sys.stdout.write(json.dumps(summary, indent=2) + '\n')
    counts = summary['counts']
    failed = counts.get('failed', 0)
    if failed == sum(counts.values()):
        return 1
    return SOME_FAILED if failed else 0


def _restore(args: argparse.Namespace) -> dict[str, Any]:
    """Restore, tell a person about it, and return the summary."""
    from mmengine.device import get_device
    from tqdm import tqdm

    from mmfacesr.apis.restoring.files import find_items
    from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
    from mmfacesr.apis.restoring.job import Report, run, write_summary

    items, left_out = find_items(args.inputs, args.out)
    for name, reason in left_out.items():
        _say(f'{printable(name)} {reason}, it is left out')
    restorer = FaceSRInferencer(
        args.model,
        args.weights,
        device=args.device or get_device(),
        boxes=args.boxes,
    )
    if args.model is None and args.weights is None:
        facts = restorer.model.facts
        _say(
            PACKAGED_NOTE.format(
                name=facts.name, license=facts.weights_license
            )
        )
    job = _job(args, restorer)
    report = Report()
    with tqdm(total=len(items), desc='restoring', unit='photo') as bar:

        def done(entry: dict[str, Any]) -> None:
            report.items.append(entry)
            bar.write(_line(entry), file=sys.stderr)
            bar.update()

        run(restorer, items, job, args.batch_size, done)
    if not args.dry_run:
        write_summary(report, job)
    summary = report.to_dict(job)
    _say(_verdict(summary, args))
    return summary


def _job(args: argparse.Namespace, restorer: 'FaceSRInferencer') -> 'Job':
    """Put together what is done and where results go."""
    from mmfacesr.apis.restoring.choices import Choices
    from mmfacesr.apis.restoring.job import Job
    from mmfacesr.apis.results import hash_weights
    from mmfacesr.version import __version__

    mode = 'aligned' if args.aligned else 'lr' if args.lr else 'photo'
    return Job(
        target=args.out,
        choices=Choices(
            mode=mode,
            only_center_face=args.only_center_face,
            min_face=args.min_face,
            max_face=args.max_face,
            force=args.force,
            upscale=args.upscale,
            back_project=args.back_project,
        ),
        made_by=dict(
            mmfacesr=__version__,
            model=restorer.model.facts.name,
            weights=hash_weights(restorer.model),
            boxes=args.boxes,
        ),
        ending=args.ext if args.ext == 'auto' else f'.{args.ext}',
        suffix=args.suffix,
        quality=args.quality,
        overwrite=args.overwrite,
        dry_run=args.dry_run,
    )


def _line(entry: dict[str, Any]) -> str:
    """Say in a line what was done to whom in a picture."""
    name = printable(entry['input'])
    if entry['error']:
        return f'{name}: FAILED, {printable(entry["error"])}'
    text = f'{name}: {entry["faces_restored"]} of {entry["faces"]} faces'
    text = f'{text} restored' if entry['faces'] else f'{name}: no face found'
    if entry['status'] == 'kept':
        text += ', kept from an earlier run'
    reasons = Counter(entry['left_alone']).items()
    alone = [f'{count} left alone, {why}' for why, count in reasons]
    return '; '.join([text, *alone])


def _verdict(summary: dict[str, Any], args: argparse.Namespace) -> str:
    """Say what came of it all, and what to do next."""
    counts = ', '.join(f'{n} {what}' for what, n in summary['counts'].items())
    lines = [
        f'{counts or "no pictures"}; {summary["faces_restored"]} of '
        f'{summary["faces"]} faces restored by {summary["model"]}.'
    ]
    if not args.dry_run:
        lines.append(f'Results: {printable(args.out)}')
    if summary['faces'] > summary['faces_restored'] and not args.force:
        lines.append(
            'Faces that were left alone are listed with the reason in preds/; '
            '--force restores them anyway.'
        )
    small = summary['faces_restored'] and args.upscale == 1
    if small and not (args.aligned or args.lr):
        lines.append(
            'Restored faces show more detail in a larger picture: try '
            '--upscale 4.'
        )
    return '\n'.join(lines)


def _say(text: str) -> None:
    """Tell the person at the terminal."""
    sys.stderr.write(f'{text}\n')
