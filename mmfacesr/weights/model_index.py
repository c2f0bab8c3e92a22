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
from mmfacesr.weights.hashes import Checksum

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
    """What is known of a file of weights before one has it.

    Args:
        name (str): Name in the index: of a config, or the file's own.
        urls (tuple[str, ...]): The official address, then mirrors in the
            order in which to try them.
        checksum (Checksum): Digits that the file must have, as far as known.
        license (str): As its publisher states it.
        config (str | None): Path, from the root, of the config of the
            network that the weights fit. None for a feature network.
        collection (str): Method that they belong to.
        note (str): What else one should know. Defaults to ''.
    """

    name: str
    urls: tuple[str, ...]
    checksum: Checksum
    license: str
    config: Optional[str]
    collection: str
    note: str = ''

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
    root = project_root()
    index = _read_yaml(root / INDEX)
    return tuple(
        entry
        for key in ('Import', 'Feature Networks')
        for metafile in index.get(key) or []
        for entry in _entries(root / metafile)
    )


@dataclass(frozen=True)
class ModelEntry:
    """A model of the index, with published weights or without.

    Args:
        name (str): Of its config, or of further weights for one.
        config (str): Path of the config from the root.
        collection (str): Method that it belongs to.
    """

    name: str
    config: str
    collection: str


def read_models() -> tuple[ModelEntry, ...]:
    """Read all models of the index that have a config.

    Raises:
        WeightsError: If a file is missing or an entry is wrong.
    """
    root = project_root()
    return tuple(
        ModelEntry(
            _text(model, 'Name'),
            _text(model, 'Config'),
            _text(model, 'In Collection'),
        )
        for metafile in _read_yaml(root / INDEX).get('Import') or []
        for model in _read_yaml(root / metafile).get('Models') or []
        if 'Config' in model
    )


def find_entry(source: str) -> Optional[WeightsEntry]:
    """Find weights by their name or by one of their URLs, mirrors too.

    Raises:
        WeightsError: As of `read_index`.
    """
    for entry in read_index():
        if source == entry.name or source in entry.urls:
            return entry
    return None


def close_names(name: str) -> list[str]:
    """Return up to five names of the index that hold or resemble a text.

    A text may resemble a name or one of its words.

    Raises:
        WeightsError: As of `read_index`.
    """
    name = name[:MAX_NAME]  # comparing takes longer the longer it is
    known = [entry.name for entry in read_index()]
    holding = [other for other in known if name.lower() in other.lower()]
    alike = get_close_matches(name.lower(), known, n=MAX_NAMES, cutoff=0.4)
    by_word = [
        other
        for other in known
        if get_close_matches(
            name.lower(), re.split('[_-]', other.lower()), 1, cutoff=0.8
        )
    ]
    return list(dict.fromkeys([*holding, *by_word, *alike]))[:MAX_NAMES]


def _read_yaml(path: Path) -> dict:
    """Read a file of the index."""
    try:
        content = yaml.load(path.read_text(encoding='utf-8'), YamlLoader)  # noqa: S506
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WeightsError(
            f'Expected the index of weights at {path}, got '
            f'{type(error).__name__}: {error}; correct it, or '
            'install mmfacesr again.'
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(
            f'Expected a mapping in {path}, got a {type(content).__name__}; '
            'compare it with another metafile.'
        )
    return content


def _entries(metafile: Path) -> Iterator[WeightsEntry]:
    """Yield the weights that a metafile lists."""
    for model in _read_yaml(metafile).get('Models') or []:
        if 'Weights' not in model:
            continue
        try:
            yield _entry(model)
        except WeightsError as error:
            raise WeightsError(
                f'{metafile}, model {model.get("Name")!r}: {error}'
            ) from error


def _entry(model: dict) -> WeightsEntry:
    """Make an entry of a model with weights."""
    mirrors = model.get('Weights Mirrors', [])
    if not isinstance(mirrors, list):
        raise WeightsError(
            f"Expected a list of URLs as 'Weights Mirrors', got {mirrors!r}; "
            'write a dash before each.'
        )
    urls = (model['Weights'], *mirrors)
    for url in urls:
        if not WEB_ADDRESS.fullmatch(str(url)):
            raise WeightsError(
                f'Expected the http(s) URL of a file, got {url!r}; give the '
                'address that the file is downloaded from.'
            )
    return WeightsEntry(
        name=_text(model, 'Name'),
        urls=urls,
        checksum=Checksum(
            sha256=_optional(model, 'Weights SHA256'),
            git_blob=_optional(model, 'Weights Git Blob'),
        ),
        license=_text(model, 'Weights License'),
        config=_optional(model, 'Config'),
        collection=_text(model, 'In Collection'),
        note=_optional(model, 'Weights Note') or '',
    )


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
    """Return a text that a model may have."""
    return _text(model, key) if key in model else None
