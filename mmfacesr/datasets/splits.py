# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""Which split an image of a folder is in: by lists, folders or names."""

import hashlib
import logging
import os
import re
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mmengine.logging import print_log

from mmfacesr.datasets.data_root import SPLITS, read_list, split_names
from mmfacesr.utils import printable, read_lines, shown
from mmfacesr.utils.image_folders import list_images
from mmfacesr.utils.image_formats import IMAGE_SUFFIXES
from mmfacesr.utils.images import UnreadableImageError, read_image_bytes

SPLIT_WORDS = dict(
    train='train',
    training='train',
    val='val',
    valid='val',
    validation='val',
    test='test',
    testing='test',
)
"""Names of lists and folders, in any case -> the split they hold."""
LOW_RESOLUTION = re.compile(r'(lr|lq)(x?\d+|\d+x)?|low_?res(olution)?')
"""A word in a folder's name that says its images are no ground truth."""
MOST_COMPARED = 20_000
"""Images of a folder whose content is compared at every start; more of them
are compared once, by a dataset converter."""


class Split(NamedTuple):
    """Images of one split.

    Attributes:
        names (list[str]): Relative to the data root.
        origin (str): Where they come from, for messages.
        counts (dict[str, int] | None): Images of every split where a folder
            was divided by names; else None.
        num_repeated (int): Images there with the content of another one.
        num_loose (int): Images beside the folders of splits, in no split.
    """

    names: list[str]
    origin: str
    counts: dict[str, int] | None = None
    num_repeated: int = 0
    num_loose: int = 0


def find_split(root: Path, split: str | None) -> Split:
    """Find the images of a split.

    They are, in this order: those of its list; of its sub-folder; and where
    the folder has neither lists nor sub-folders of splits, its images divided
    by name, see :func:`divide_by_name`. Lists and sub-folders are known by
    the usual names in any case (``SPLIT_WORDS``).

    Args:
        root (Path): The data root.
        split (str | None): 'train', 'val', 'test', or None for all images.

    Returns:
        Split: The images.

    Raises:
        FileNotFoundError: If other splits have lists or folders and this one
            has none, or there are no images at all.
        ValueError: If it is not clear which images are meant, or a training
            file is in another split too.
    """
    if split is None:
        names = list_images(root)
        refuse_low_resolution(root, names)
        return Split(names, f'the folder {printable(root)}')
    lists = _named_for_splits(root, is_list=True)
    folders = _named_for_splits(root, is_list=False)
    if split not in lists and split not in folders:
        return _divided(root, split, [*lists.values(), *folders.values()])
    if split in lists:
        path = root / lists[split]
        found = split_of_list(root, path)
    else:
        names = _of_folder(root, folders[split])
        refuse_low_resolution(root, names)
        path = root / folders[split]
        found = Split(
            names, f'the folder {printable(path)}', num_loose=_num_loose(root)
        )
    _refuse_overlap(root, split, found, lists)
    return found


def split_of_list(root: Path, list_file: Path) -> Split:
    """Take the files of a list; all of them must exist.

    A name with spaces around it that is no file is taken without them. Each
    folder is listed once: one call per file takes minutes on network drives.

    Raises:
        FileNotFoundError: If the list or some of its files are missing; names
            the first ones with their lines.
        ValueError: As :func:`read_list`.
    """
    names = read_list(list_file)
    missing = _missing(root, names)
    bare = {
        name: plain
        for name in missing
        if (plain := os.path.normpath(name.strip())) != name
        and (root / plain).exists()
    }
    missing -= set(bare)
    if missing:
        lines = enumerate(read_lines(list_file), 1)
        found = [f'{line} (line {n})' for n, line in lines if line in missing]
        raise FileNotFoundError(
            f'Expected the {len(names)} files of {printable(list_file)} below '
            f'{printable(root)}, but {len(missing)} of them do not exist: '
            f'{shown(found or sorted(missing))}. A line is the name of one '
            'file and nothing else. Complete the folder, make the list again '
            'by its dataset converter, or set data_root to another folder.'
        )
    names = [bare.get(name, name) for name in names] if bare else names
    return Split(names, f'the list {printable(list_file)}')


def _missing(root: Path, names: list[str]) -> set[str]:
    """The names that are no files below the root."""
    missing = set(names)
    for folder in {os.path.dirname(name) for name in names}:
        with (
            suppress(FileNotFoundError, NotADirectoryError),
            os.scandir(root / folder) as entries,
        ):
            for entry in entries:
                missing.discard(os.path.join(folder, entry.name))
    return missing


def _named_for_splits(root: Path, is_list: bool) -> dict[str, str]:
    """Lists or folders of splits by split; refuse two for one split."""
    found: dict[str, str] = {}
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        stem, suffix = os.path.splitext(entry.name)
        split = SPLIT_WORDS.get((stem if is_list else entry.name).casefold())
        right = (
            suffix.casefold() == '.txt' and entry.is_file()
            if is_list
            else entry.is_dir()
        )
        if split is None or not right:
            continue
        if split in found:
            raise ValueError(
                f'Expected one list or folder of the split {split!r} in '
                f'{printable(root)}, got {found[split]} and {entry.name}; '
                'merge them, or rename the one that is not meant.'
            )
        found[split] = entry.name
    return found


def _num_loose(root: Path) -> int:
    """How many images lie in a folder itself."""
    return sum(
        os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES
        for name in os.listdir(root)
    )


def _of_folder(root: Path, folder: str) -> list[str]:
    """Images below a sub-folder, relative to the root."""
    return [f'{folder}/{name}' for name in list_images(root / folder)]


def _refuse_overlap(
    root: Path, split: str, found: Split, lists: dict[str, str]
) -> None:
    """Refuse a training file in another split; warn of other overlap."""
    for other in lists.keys() - {split}:
        file = lists[other]
        few, many = sorted((found.names, read_list(root / file)), key=len)
        both = set(few).intersection(many)
        if not both:
            continue
        text = (
            f'Expected every file in one split, got {len(both)} in '
            f'{found.origin} that {file} lists too: {shown(both)}; take '
            'them out of one of the two.'
        )
        if 'train' in (split, other):
            raise ValueError(text)
        print_log(
            f'{text} Images that the checkpoint was chosen by make a test too '
            'favorable.',
            'current',
            logging.WARNING,
        )


def _divided(root: Path, split: str, present: list[str]) -> Split:
    """A split of a folder that is divided by the names of its images."""
    if present:
        raise FileNotFoundError(
            f'Expected {split}.txt or {split}/ in {printable(root)}, which '
            f'has only {", ".join(present)}; add it, or set another split or '
            'ann_file in the config.'
        )
    names = list_images(root)
    refuse_low_resolution(root, names)
    splits, num_repeated = divide_by_name(root, names, MOST_COMPARED)
    return Split(
        splits[split],
        f'the split {split!r} of the {len(names)} images of '
        f'{printable(root)}, divided by name',
        counts={split: len(files) for split, files in splits.items()},
        num_repeated=num_repeated,
    )


def divide_by_name(
    root: Path,
    names: list[str],
    most_compared: int | None = None,
) -> tuple[dict[str, list[str]], int]:
    """Divide the images of a folder, equal content in one split.

    Args:
        root (Path): The folder.
        names (list[str]): Its images.
        most_compared (int | None): Content is compared if there are no more
            images. Defaults to None, always.

    Returns:
        tuple[dict[str, list[str]], int]: See :func:`split_names`, and how
        many images repeat another one.

    Raises:
        ValueError: If folders further down are named for several splits.
    """
    _refuse_hidden_splits(root, names)
    repeats: dict[str, str] = {}
    if most_compared is None or len(names) <= most_compared:
        repeats = same_content(root, names)
    # Of the images of one content the name of the first decides.
    splits = split_names(names, lambda name: repeats.get(name, name))
    return splits, len(repeats)


def divide_folder(
    root: Path, names: list[str]
) -> tuple[dict[str, list[str]], int]:
    """Divide images by the folders of splits that they lie in, or by name.

    Args:
        root (Path): The folder.
        names (list[str]): Its images.

    Returns:
        tuple[dict[str, list[str]], int]: As :func:`divide_by_name`.

    Raises:
        ValueError: If some lie beside the folders of splits, or it is not
            clear which these are.
    """
    folders = _named_for_splits(root, is_list=False)
    if not folders:
        return divide_by_name(root, names)
    splits: dict[str, list[str]] = {split: [] for split in SPLITS}
    split_of = {folder: split for split, folder in folders.items()}
    loose = [name for name in names if name.split('/')[0] not in split_of]
    if loose:
        raise ValueError(
            f'Expected every image of {printable(root)} in its folders of '
            f'splits ({", ".join(split_of)}), got {len(loose)} beside them: '
            f'{shown(loose)}. Move them into one, or away.'
        )
    for name in names:
        splits[split_of[name.split('/')[0]]].append(name)
    return splits, 0


def _refuse_hidden_splits(root: Path, names: Iterable[str]) -> None:
    """Refuse to merge what folders such as `a/train` and `test_256` divide."""
    found: dict[str, str] = {}
    for folder in _folders(names):
        for word in _words(os.path.basename(folder)):
            if word in SPLIT_WORDS:
                found.setdefault(SPLIT_WORDS[word], folder)
    if len(found) > 1:
        listed = ', '.join(f'{printable(name)}/' for name in found.values())
        raise ValueError(
            f'Expected folders train/, val/ and test/ in {printable(root)}, '
            f'or none whose name says a split, got {listed}, which would be '
            'merged. Set data_root to the folder above them, rename them, or '
            'write train.txt, val.txt and test.txt.'
        )


def refuse_low_resolution(root: Path, names: Iterable[str]) -> None:
    """Refuse to take LR images for ground truth.

    Raises:
        ValueError: If a folder of an image says so; names the remedies.
    """
    for folder in _folders(names):
        low = any(map(LOW_RESOLUTION.fullmatch, _words(folder.split('/')[-1])))
        if low or LOW_RESOLUTION.fullmatch(os.path.basename(folder).lower()):
            raise ValueError(
                f'Expected ground truth alone in {printable(root)}, got '
                f'{printable(folder)}/, whose name says low resolution. Set '
                'data_root to the folder of the ground truth; the config then '
                'makes the LR images, or takes yours with '
                f'lr_folder={printable(root / folder)}.'
            )


def _folders(names: Iterable[str]) -> list[str]:
    """All folders of some names, those in between too, sorted."""
    folders = {os.path.dirname(name) for name in names}
    above = {
        folder[:end]
        for folder in folders
        for end in range(1, len(folder))
        if folder[end] == '/'
    }
    return sorted((folders | above) - {''})


def _words(folder: str) -> list[str]:
    """Parts of a folder's name: `DIV2K_train_HR` has three."""
    return re.split(r'[^a-z0-9]+', folder.casefold())


def same_content(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Find files of equal content.

    Only files of equal size are read.

    Args:
        root (Path): The folder.
        names (Iterable[str]): Its files.

    Returns:
        dict[str, str]: Every repetition -> the first name of that content in
        sorted order. Files that cannot be read are in no pair.
    """
    sizes: dict[int, list[str]] = defaultdict(list)
    for name in sorted(names):
        try:
            sizes[os.stat(root / name).st_size].append(name)
        except OSError:
            continue
    firsts: dict[bytes, str] = {}
    repeats = {}
    for alike in sizes.values():
        for name in alike if len(alike) > 1 else ():
            first = firsts.setdefault(_digest(root / name), name)
            if first != name:
                repeats[name] = first
    return repeats


def _digest(path: Path) -> bytes:
    """SHA-256 of a file; a value of its own for one that is not read."""
    try:
        return hashlib.sha256(read_image_bytes(path)).digest()
    except UnreadableImageError:
        return os.fsencode(path)


def crossing(root: Path, splits: dict[str, list[str]]) -> list[str]:
    """Images whose content is in an earlier split too, as `a (in b)`."""
    split_of = {
        name: split for split, names in splits.items() for name in names
    }
    return [
        f'{printable(name)} in {split_of[name]} equals {printable(first)} in '
        f'{split_of[first]}'
        for name, first in same_content(root, split_of).items()
        if split_of[name] != split_of[first]
    ]
