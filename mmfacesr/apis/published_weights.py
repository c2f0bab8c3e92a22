# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""``mmfacesr models`` and ``mmfacesr download``: published weights.

torch and mmengine are imported where they are needed; a list is there at
once.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Optional

from mmfacesr.apis.launch import DEBUG, explain
from mmfacesr.utils import printable
from mmfacesr.weights.model_index import (
    WeightsEntry,
    close_names,
    read_index,
)
from mmfacesr.weights.sources import place_of_entry, weights_dir

MODELS_HELP = """\
List the published weights that mmfacesr knows, with their licenses.

  mmfacesr models                     all of them
  mmfacesr models light celeba        those that match both words
  mmfacesr models --json > all.json   with URLs, hashes and paths
"""
DOWNLOAD_HELP = """\
Download weights, check them and print their paths, one a line. Messages go to
the standard error. Files that are there already are checked and not downloaded
again; an interrupted download continues where it stopped.

  mmfacesr download vgg19_imagenet
  mmfacesr download NAME --weights-dir /data/weights
  mmfacesr download https://example.org/face.pth --sha256 0123456789abcdef
  mmfacesr download --all-open
"""
HEAD = ('NAME', 'COLLECTION', 'HASH', 'HERE', 'LICENSE')
MARK = ' [restricted]'


def add_models_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr models`` takes."""
    parser.add_argument(
        'text',
        nargs='*',
        metavar='TEXT',
        help='list only entries with all of these words in their name, '
        'collection, license, config, note or URLs; `restricted` finds those '
        'that are marked so',
    )
    parser.add_argument(
        '--json', action='store_true', help='print everything as JSON'
    )


def add_download_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``mmfacesr download`` takes."""
    parser.add_argument(
        'sources',
        nargs='*',
        metavar='NAME_OR_URL',
        help='a name that `mmfacesr models` lists, or the URL of a file',
    )
    parser.add_argument(
        '--sha256',
        metavar='DIGITS',
        help='SHA-256 of the file, or at least its first 8 digits',
    )
    parser.add_argument(
        '--all-open',
        action='store_true',
        help='download everything that has an open license',
    )


def models(args: argparse.Namespace) -> int:
    """List the index; the exit status says whether there was anything."""
    found = [
        entry
        for entry in read_index()
        if all(text.lower() in searched(entry) for text in args.text)
    ]
    if args.json:
        facts = [facts_of(entry) for entry in found]
        sys.stdout.write(json.dumps(facts, indent=2) + '\n')
    elif found:
        sys.stdout.write(listing(found))
    if found:
        return 0
    near = [name for text in args.text for name in close_names(text)]
    sys.stderr.write(
        'No weights say ' + printable(' and '.join(args.text)) + '; '
        f'{"like it: " + ", ".join(near) if near else "try fewer words"}.\n'
    )
    return 1


def searched(entry: WeightsEntry) -> str:
    """Return all that a search looks at, in lower case."""
    parts = (
        entry.name,
        entry.collection,
        entry.license,
        MARK if entry.restricted else '',
        entry.config or '',
        entry.note,
        *entry.urls,
    )
    return '\n'.join(parts).lower()


def facts_of(entry: WeightsEntry) -> dict:
    """Return what is known of an entry, for programs."""
    place = place_of_entry(entry)
    return {
        'name': entry.name,
        'collection': entry.collection,
        'config': entry.config,
        'license': entry.license,
        'restricted': entry.restricted,
        'urls': list(entry.urls),
        'sha256': entry.checksum.sha256,
        'git_blob': entry.checksum.git_blob,
        'note': entry.note,
        'place': str(place),
        'here': place.is_file(),
    }


def listing(entries: Sequence[WeightsEntry]) -> str:
    """Return the table that a person reads, and what stands below it."""
    rows = [HEAD, *(row_of(entry) for entry in entries)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        '  '.join(
            cell.ljust(width) for cell, width in zip(row, widths)
        ).rstrip()
        for row in rows
    ]
    notes = [f'  {item.name}: {item.note}' for item in entries if item.note]
    if notes:
        lines += ['', 'Notes', *notes]
    lines += ['', f'Files go to {weights_dir()}']
    if any(entry.restricted for entry in entries):
        lines.append('[restricted]: read the license before you use them.')
    return '\n'.join(lines) + '\n'


def row_of(entry: WeightsEntry) -> tuple[str, ...]:
    """Return an entry's line of the table."""
    checksum = entry.checksum
    known = 'sha256' if checksum.sha256 else 'git' if checksum else 'none'
    here = 'yes' if place_of_entry(entry).is_file() else '-'
    license = entry.license + (MARK if entry.restricted else '')
    return entry.name, entry.collection, known, here, license


def download(args: argparse.Namespace) -> int:
    """Download one after the other; the exit status is 1 if any failed."""
    sources = list(args.sources)
    if args.all_open:
        sources += [item.name for item in read_index() if not item.restricted]
    sources = list(dict.fromkeys(sources))
    if not sources:
        args.parser.error('give a name or a URL; `mmfacesr models` lists them')
    if args.sha256 and len(sources) > 1:
        args.parser.error('--sha256 is of one file, give one name or URL')
    failed = 0
    for source in sources:
        try:
            path = fetch(source, args.sha256)
        except (OSError, ValueError) as error:
            if os.environ.get(DEBUG):
                raise
            sys.stderr.write(f'Error: {printable(source)}: {explain(error)}\n')
            failed += 1
            continue
        sys.stdout.write(f'{path}\n')
        sys.stdout.flush()
    if failed and len(sources) > 1:
        sys.stderr.write(f'{failed} of {len(sources)} failed, see above.\n')
    return 1 if failed else 0


def fetch(source: str, sha256: Optional[str]) -> Path:
    """Return where weights are, downloaded if need be."""
    # mmengine's logger writes to the standard output, which is for paths.
    with redirect_stdout(sys.stderr):
        from mmfacesr.weights.sources import local_weights

        return local_weights(source, sha256=sha256).path
