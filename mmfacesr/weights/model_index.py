# Copyright (c) mmfacesr contributors.
# SPDX-License-Identifier: Apache-2.0
"""The weights that model-index.yml and its metafiles know.

They are the one source of URLs, hashes and licenses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Optional

import yaml

from mmfacesr.utils.project_files import project_root
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import Checksum

INDEX = 'model-index.yml'
OPEN_LICENSES = frozenset(
    {'Apache-2.0', 'MIT', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0'}
)
"""Licenses that let everyone use weights for anything."""
FROM_WHOM = re.compile(r' \((?!non)[\w-]+\)$')
"""Who states a license, one name: ' (torchvision)', never a condition."""
WEB_ADDRESS = re.compile(r'https?://[^/\s]+/\S*[^/\s]')
MAX_NAMES = 5
MAX_NAME = 200
# The C parser is ten times as fast; not every PyYAML has it.
YamlLoader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


@dataclass(frozen=True)
class WeightsEntry:
    """What is known of a file of weights before one has it."""

    name: str  # in the index: of a config, or the file's own
    urls: tuple[str, ...]  # the official one, then mirrors to try in turn
    checksum: Checksum
    license: str  # as its publisher states it
    config: Optional[str]  # path from the root; None: a feature network
    collection: str  # the method that they belong to
    note: str = ''  # what else one should know

    @property
    def restricted(self) -> bool:
        """Whether the license is none of `OPEN_LICENSES` alone.

        'Apache-2.0 (MMagic)' is open; 'none stated', 'CC BY-NC-SA 4.0' and a
        license with conditions beside it are not.
        """
        return FROM_WHOM.sub('', self.license) not in OPEN_LICENSES


def read_index() -> tuple[WeightsEntry, ...]:
    """Read all weights of the clone's or the installed package's index.

    Raises:
        WeightsError: If a file is missing or an entry is wrong.
    """
    return tuple(
        _entry(model, metafile)
        for model, metafile in _models('Import', 'Feature Networks')
        if 'Weights' in model
    )


def model_names() -> set[str]:
    """Return the names of all models of the index that have a config.

    Raises:
        WeightsError: As of `read_index`.
    """
    return {
        _text(model, 'Name')
        for model, _ in _models('Import')
        if 'Config' in model
    }


def find_entry(source: str) -> Optional[WeightsEntry]:
    """Find weights by their name or by one of their URLs, mirrors too.

    Raises:
        WeightsError: As of `read_index`.
    """
    found = (e for e in read_index() if source in (e.name, *e.urls))
    return next(found, None)


def close_names(name: str) -> list[str]:
    """Return up to five names of the index that hold or resemble a text.

    A text may resemble a name or one of its words.

    Raises:
        WeightsError: As of `read_index`.
    """
    text = name[:MAX_NAME].lower()  # comparing takes longer the longer it is
    known = [entry.name for entry in read_index()]
    holding = [other for other in known if text in other.lower()]
    by_word = [
        other
        for other in known
        if get_close_matches(text, re.split('[_-]', other.lower()), 1, 0.8)
    ]
    alike = get_close_matches(text, known, n=MAX_NAMES, cutoff=0.4)
    return list(dict.fromkeys([*holding, *by_word, *alike]))[:MAX_NAMES]


def _models(*keys: str) -> Iterator[tuple[dict, Path]]:
    """Yield the models of the metafiles under some keys of the index."""
    root = project_root()
    index = _read_yaml(root / INDEX)
    for key in keys:
        for name in index.get(key) or []:
            for model in _read_yaml(root / name).get('Models') or []:
                yield model, root / name


def _read_yaml(path: Path) -> dict:
    try:
        content = yaml.load(path.read_text('utf-8'), YamlLoader)  # noqa: S506
        if not isinstance(content, dict):
            raise TypeError(f'a {type(content).__name__} instead of a mapping')
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WeightsError(
            f'Expected the index of weights at {path}, got '
            f'{type(error).__name__}: {error}; correct it, or install '
            'mmfacesr again.'
        ) from error
    return content


def _entry(model: dict, metafile: Path) -> WeightsEntry:
    """Make an entry of a model with weights."""
    try:
        return WeightsEntry(
            name=_text(model, 'Name'),
            urls=_urls(model),
            checksum=Checksum(
                sha256=_optional(model, 'Weights SHA256'),
                git_blob=_optional(model, 'Weights Git Blob'),
            ),
            license=_text(model, 'Weights License'),
            config=_optional(model, 'Config'),
            collection=_text(model, 'In Collection'),
            note=_optional(model, 'Weights Note') or '',
        )
    except WeightsError as error:
        raise WeightsError(
            f'{metafile}, model {model.get("Name")!r}: {error}'
        ) from error


def _urls(model: dict) -> tuple[str, ...]:
    mirrors = model.get('Weights Mirrors', [])
    is_list = isinstance(mirrors, list)
    urls = (model['Weights'], *mirrors) if is_list else (mirrors,)
    for url in urls:
        if not is_list or not WEB_ADDRESS.fullmatch(str(url)):
            raise WeightsError(
                "Expected a list of URLs as 'Weights Mirrors', and each the "
                f'http(s) URL of a file, got {url!r}; give the address that '
                'the file is downloaded from.'
            )
    return urls


def _text(model: dict, key: str) -> str:
    """Return a text that a model must have."""
    value = model.get(key)
    # YAML takes digits for a number, and those after a zero for an octal one.
    if not isinstance(value, str) or not value.strip():
        raise WeightsError(
            f'Expected a text as {key!r}, got {value!r}; write it, in quotes '
            'if it is made of digits.'
        )
    return value


def _optional(model: dict, key: str) -> Optional[str]:
    return _text(model, key) if key in model else None
