# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which files are restored, and what their results are called."""

import glob
import os
import sys
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from mmfacesr.apis.restore_folder import result_names
from mmfacesr.apis.restoring.inputs import WEB
from mmfacesr.utils import printable
from mmfacesr.utils.image_folders import find_images

FOLDERS = ('restored', 'faces', 'preds')
STDIN = '-'


class Item(NamedTuple):
    """A picture and the name of its results.

    Args:
        source (str): Path or URL.
        name (str): Relative path of its results, without an ending.
        ending (str): Of the picture, as '.jpg'.
    """

    source: str
    name: str
    ending: str


def find_items(inputs: list[str], target: Path) -> tuple[list[Item], dict]:
    """Name all pictures that were asked for.

    Args:
        inputs (list[str]): Files, folders, patterns such as 'a/*.jpg', URLs;
            '-' reads more of them from the standard input, one a line.
        target (Path): Folder of the results.

    Returns:
        tuple[list[Item], dict[str, str]]: The pictures; and what is left out
        of folders, with the reason.

    Raises:
        FileNotFoundError: If an input is not there.
        ValueError: If the results would lie among the inputs.
    """
    found: list[tuple[str, str]] = []  # source, relative name
    left_out: dict[str, str] = {}
    for text in _lines(inputs):
        if text.startswith(WEB):
            found.append((text, os.path.basename(text.partition('?')[0])))
        elif os.path.isdir(text):
            _refuse_target_in(text, target)
            names, bad = find_images(text, inside=True)
            found += [(os.path.join(text, name), name) for name in names]
            left_out |= {os.path.join(text, n): why for n, why in bad.items()}
        else:
            found += _files_of(text)
    for source, _ in found:
        _refuse_result(source, target)
    return _named(list(dict.fromkeys(found))), left_out


def _lines(inputs: list[str]) -> list[str]:
    """Replace '-' by the lines of the standard input."""
    lines = []
    for text in inputs:
        read = sys.stdin.read().splitlines() if text == STDIN else [text]
        lines += [line for line in read if line.strip()]
    return lines


def _files_of(text: str) -> list[tuple[str, str]]:
    """Name a file, or those of a pattern below its fixed beginning."""
    if os.path.lexists(text):
        return [(text, os.path.basename(text))]
    names = sorted(filter(os.path.isfile, glob.glob(text, recursive=True)))
    if not names:
        raise FileNotFoundError(
            f'Expected a picture, a folder, a pattern or a URL, got '
            f'{printable(text)!r}, where there is nothing; check the path.'
        )
    # 'a/*/b.jpg' -> 'a'
    fixed = glob.escape(text).partition('[')[0]
    folder = os.path.dirname(fixed)
    return [(name, os.path.relpath(name, folder or '.')) for name in names]


def _refuse_target_in(folder: str, target: Path) -> None:
    """Results among the inputs would be the inputs of the next run."""
    inner, outer = os.path.realpath(target), os.path.realpath(folder)
    if Path(inner).is_relative_to(outer):
        raise ValueError(
            f'Expected a folder for results outside of the inputs, got '
            f'{printable(target)!r} in {printable(folder)!r}; choose another '
            'by -o.'
        )


def _refuse_result(source: str, target: Path) -> None:
    """Inputs among the results would be replaced."""
    real = Path(os.path.realpath(source))
    if any(real.is_relative_to(target.resolve() / name) for name in FOLDERS):
        raise ValueError(
            f'Expected pictures from elsewhere than the results, got '
            f'{printable(source)!r} for {printable(target)!r}; choose another '
            'folder by -o.'
        )


def _named(found: list[tuple[str, str]]) -> list[Item]:
    """Name the results, apart also where inputs are called alike."""
    names = result_names(list(dict(found[::-1]).values()))
    taken: Counter = Counter()
    items = []
    for source, name in found:
        ending = os.path.splitext(name)[1]
        stem = os.path.splitext(names[name])[0]
        taken[stem.lower()] += 1
        if (count := taken[stem.lower()]) > 1:  # of two folders
            stem = f'{stem}_{count}'
        items.append(Item(source, Path(stem).as_posix(), ending))
    return items


def result_path(target: Path, item: Item, ending: str, suffix: str) -> Path:
    """Return where the restored picture goes."""
    return target / 'restored' / f'{item.name}{suffix}{ending}'


def face_path(target: Path, item: Item, index: int, what: str) -> Path:
    """Return where a crop goes: faces/NAME_00_lr.png."""
    return target / 'faces' / f'{item.name}_{index:02d}_{what}.png'


def record_path(target: Path, item: Item) -> Path:
    """Return where the report of a picture goes."""
    return target / 'preds' / f'{item.name}.json'
