# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The command ``mmfacesr restore``."""

import argparse
import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from mmfacesr.apis.restoring.starting import made_by, start_restorer
from mmfacesr.utils import printable
from mmfacesr.utils.native_messages import without_native_messages

if TYPE_CHECKING:
    from mmfacesr.apis.restoring.inferencer import FaceSRInferencer
    from mmfacesr.apis.restoring.job import Job

SOME_FAILED = 3


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
    from tqdm import tqdm

    from mmfacesr.apis.restoring.files import find_items
    from mmfacesr.apis.restoring.job import Report, run, write_summary

    items, left_out = find_items(args.inputs, args.out)
    for name, reason in left_out.items():
        _say(f'{printable(name)} {reason}, it is left out')
    restorer, batch_size = start_restorer(args)
    job = _job(args, restorer)
    report = Report()
    with tqdm(total=len(items), desc='restoring', unit='photo') as bar:

        def done(entry: dict[str, Any]) -> None:
            report.items.append(entry)
            bar.write(_line(entry), file=sys.stderr)
            bar.update()

        run(restorer, items, job, batch_size, done)
    if not args.dry_run:
        write_summary(report, job)
    summary = report.to_dict(job)
    _say(_verdict(summary, args))
    return summary


def _job(args: argparse.Namespace, restorer: 'FaceSRInferencer') -> 'Job':
    """Put together what is done and where results go."""
    from mmfacesr.apis.restoring.choices import Choices
    from mmfacesr.apis.restoring.job import Job

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
        made_by=made_by(restorer, args),
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
