# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The data root: the one folder layout that every converter writes.

::

    DATA_ROOT/
      dataset.json                  name, crop_size, splits, source
      train.txt val.txt test.txt    one relative file name a line
      landmarks68.npz               the landmark table, optional
      <images anywhere below>
"""

import json
import os
import posixpath
from collections.abc import Iterable, Sequence
from pathlib import Path

from mmfacesr.utils import printable, read_lines, write_atomic

SPLITS = ('train', 'val', 'test')
INFO_FILE = 'dataset.json'
BOM = '\ufeff'
SETTINGS = dict(
    data_root='Set the DATA_ROOT environment variable or --cfg-options '
    'data_root=FOLDER.',
    lr_folder='Set --cfg-options lr_folder=FOLDER.',
)
"""Setting of a dataset -> how a person gives it."""


def existing_folder(folder: str, setting: str) -> Path:
    """Make the path of a folder absolute; refuse what is none.

    Args:
        folder (str): The folder; ``~`` is expanded.
        setting (str): 'data_root' or 'lr_folder', for the message.

    Raises:
        FileNotFoundError: If there is no such folder; says how to set it.
    """
    wanted = f'Expected {setting} to be a folder of face images, got'
    if not folder:
        raise FileNotFoundError(f'{wanted} {folder!r}. {SETTINGS[setting]}')
    path = Path(os.path.abspath(os.path.expanduser(folder)))
    if not path.is_dir():
        what = 'is a file' if path.exists() else 'does not exist'
        raise FileNotFoundError(
            f'{wanted} {str(folder)!r} ({printable(path)}), which {what}. '
            f'{SETTINGS[setting]}'
        )
    return path


def write_data_root(
    root: str | os.PathLike,
    name: str,
    splits: dict[str, Sequence[str]],
    crop_size: int | None,
    source: str,
    landmark_scheme: str | None = None,
) -> None:
    """Write the lists and ``dataset.json`` of a data root.

    Args:
        root (str | os.PathLike): The data root.
        name (str): Name of the dataset.
        splits (dict[str, Sequence[str]]): File names relative to ``root`` of
            each of 'train', 'val', 'test'; may be empty.
        crop_size (int | None): Side in pixels of the central square that
            holds the face. None: the largest central square.
        source (str): Where the images and the split come from.
        landmark_scheme (str | None): Scheme of the landmark table beside the
            lists. Defaults to None, no table.

    Raises:
        ValueError: If a split is unknown or a file is in two splits.
    """
    if set(splits) != set(SPLITS):
        raise ValueError(f'Expected the splits {SPLITS}, got {tuple(splits)}.')
    check_disjoint(splits)
    root = Path(root)
    for split in SPLITS:
        write_list(root / f'{split}.txt', splits[split])
    info = dict(
        name=name,
        crop_size=crop_size,
        landmark_scheme=landmark_scheme,
        splits={split: len(splits[split]) for split in SPLITS},
        source=source,
    )
    text = json.dumps(info, indent=2, ensure_ascii=False) + '\n'
    # What is no UTF-8 in a name becomes JSON's own escape, `\udce9`.
    write_atomic(root / INFO_FILE, text.encode(errors='backslashreplace'))


def check_disjoint(splits: dict[str, Sequence[str]]) -> None:
    """Refuse splits that share a file, or a split that lists one twice.

    Raises:
        ValueError: Naming the first such file.
    """
    seen: dict[str, str] = {}
    for split, names in splits.items():
        for name in names:
            if name in seen:
                raise ValueError(
                    'Expected every file in one split once, got '
                    f'{printable(name)} in {seen[name]} and in {split}; '
                    'correct the lists.'
                )
            seen[name] = split


def read_info(root: str | os.PathLike) -> dict:
    """Read ``dataset.json``; an empty dict if there is none.

    Raises:
        ValueError: If the file is no JSON object or its crop_size is neither
            null nor a positive integer.
    """
    path = Path(root) / INFO_FILE
    if not path.exists():
        return {}
    try:
        info = json.loads(path.read_text(encoding='utf-8-sig'))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{printable(path)} is not JSON ({error}); run the dataset '
            'converter again or remove the file.'
        ) from error
    if not isinstance(info, dict):
        raise ValueError(
            f'Expected a JSON object in {printable(path)}, got '
            f'{type(info).__name__}; run the dataset converter '
            'again or remove the file.'
        )
    check_crop_size(info.get('crop_size'), printable(path))
    return info


def check_crop_size(crop_size: object, where: str) -> None:
    """Refuse a crop size that is neither None nor a positive integer.

    Raises:
        ValueError: Naming ``where`` the value comes from.
    """
    is_int = isinstance(crop_size, int) and not isinstance(crop_size, bool)
    if crop_size is not None and not (is_int and crop_size > 0):
        raise ValueError(
            f'Expected crop_size null or a positive number of '
            f'pixels in {where}, got {crop_size!r}.'
        )


def read_list(path: str | os.PathLike) -> list[str]:
    """Read a list of file names, one a line; blank lines are skipped.

    The names come back as :func:`write_list` got them, spaces included, but
    for a superfluous ``./`` or ``//``.

    Raises:
        FileNotFoundError: If there is no such list.
        ValueError: If it is no text, or a name leads out of the data root.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(
            f'Expected the list of file names {printable(path)}, which does '
            'not exist.'
        )
    return [
        _inside(name, path, number)
        for number, name in enumerate(read_lines(path), 1)
        if name and not name.isspace()
    ]


def _inside(name: str, path: Path, number: int) -> str:
    """The plain form of a listed name; refuse one that leads outside."""
    bare = name.strip()  # whichever of the two is the file, see FaceFolder
    if not (
        bare[0] == '/' or './' in name or '//' in name or bare.endswith('..')
    ):
        return name
    plain = posixpath.normpath(bare)
    if plain == '..' or plain.startswith(('/', '../')):
        raise ValueError(
            f'Expected names of files inside the data root in '
            f'{printable(path)}, got {printable(name)} in line {number}; put '
            'the files, or a link to their folder, into the data root and '
            'list them by that name.'
        )
    return posixpath.normpath(name)


def write_list(path: str | os.PathLike, names: Sequence[str]) -> None:
    """Write a list of file names, one a line, atomically.

    Raises:
        ValueError: As :func:`check_listable`.
    """
    check_listable(names)
    # A mark that begins the first name would be taken for that of the file.
    mark = BOM if names and names[0].startswith(BOM) else ''
    text = mark + ''.join(f'{name}\n' for name in names)
    write_atomic(path, os.fsencode(text))


def check_listable(names: Iterable[str]) -> None:
    """Refuse names that a list, with a name a line, would not give back.

    Raises:
        ValueError: Naming the first one.
    """
    for name in names:
        if '\n' in name or name.endswith('\r') or not name.strip():
            raise ValueError(
                'Expected names of files that take one line of a list, got '
                f'{printable(name)!r}; rename the file.'
            )
