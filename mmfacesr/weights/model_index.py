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

from mmfacesr.utils.project_files import PACKAGE, project_root
from mmfacesr.weights import WeightsError
from mmfacesr.weights.files import Checksum

INDEX = 'model-index.yml'
# Licenses that let everyone use weights for anything.
OPEN_LICENSES = (
    'Apache-2.0',
    'MIT',
    'BSD-2-Clause',
    'BSD-3-Clause',
    'CC0-1.0',
)
# Who states a license, one name: ' (torchvision)', never a condition.
FROM_WHOM = re.compile(r' \((?!non)[\w-]+\)$')
# Fields of an entry and their keys in a metafile.
HASHES = {'sha256': 'Weights SHA256', 'git_blob': 'Weights Git Blob'}
MORE = HASHES | {'config': 'Config', 'note': 'Weights Note'}
NEEDED = {
    'name': 'Name',
    'license': 'Weights License',
    'collection': 'In Collection',
}
WEB_ADDRESS = re.compile(r'https?://[^/\s]+/\S*[^/\s]')
PACKAGED = 'package:'  # what the address of a file in the package begins with
IN_PACKAGE = re.compile(PACKAGED + r'\w[\w.-]*', re.ASCII)
PACKAGED_FOLDER = PACKAGE / 'weights' / 'packaged'
MAX_NAMES = 5
MAX_NAME = 200  # letters; comparing takes longer the more they are
# The C parser is ten times as fast; not every PyYAML has it.
YamlLoader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


@dataclass(frozen=True)
class WeightsEntry:
    """What is known of a file of weights before one has it."""

    name: str  # in the index: of a config, or the file's own
    # The official one, then mirrors to try in turn; or 'package:FILE' alone.
    urls: tuple[str, ...]
    checksum: Checksum = Checksum()  # noqa: RUF009  immutable
    license: str = ''  # as its publisher states it
    collection: str = ''  # the method that they belong to
    config: Optional[str] = None  # path from the root, of what is restored
    note: str = ''  # what else one should know

    @property
    def restricted(self) -> bool:
        """Whether the license is none of `OPEN_LICENSES` alone.

        'Apache-2.0 (MMagic)' is open; 'none stated', 'CC BY-NC-SA 4.0' and a
        license with conditions beside it are not.
        """
        return FROM_WHOM.sub('', self.license) not in OPEN_LICENSES

    @property
    def packaged(self) -> Optional[Path]:
        """Where the file is, if mmfacesr brings it along."""
        if not self.urls[0].startswith(PACKAGED):
            return None
        return PACKAGED_FOLDER / self.urls[0].removeprefix(PACKAGED)


def read_index() -> tuple[WeightsEntry, ...]:
    """Read all weights of the clone's or the installed package's index.

    Raises:
        WeightsError: If a file is missing or an entry is wrong.
    """
    models = _models('Import', 'Feature Networks')
    return tuple(_entry(*model) for model in models if 'Weights' in model[0])


def model_names() -> set[str]:
    """Return the names of all models of the index that have a config."""
    models = (model for model, _ in _models('Import'))
    return {str(model.get('Name')) for model in models if 'Config' in model}


def packaged_model() -> str:
    """Return the name of the model whose weights come with mmfacesr.

    Raises:
        WeightsError: If the index of the installation has none.
    """
    for entry in read_index():
        if entry.packaged:
            return entry.name
    raise WeightsError(
        'Expected a model whose weights are in the package, got none in the '
        'index; name a model, or install mmfacesr again.'
    )


def find_entry(source: str) -> Optional[WeightsEntry]:
    """Find weights by their name or by one of their URLs, mirrors too."""
    found = (e for e in read_index() if source in (e.name, *e.urls))
    return next(found, None)


def close_names(name: str) -> list[str]:
    """Return up to five names that hold a text or resemble it in a word."""
    text = name[:MAX_NAME].lower()
    known = [entry.name for entry in read_index()]
    close = [other for other in known if text in other.lower()]
    for other in known:
        if get_close_matches(text, re.split('[_-]', other.lower()), 1, 0.8):
            close.append(other)
    close += get_close_matches(text, known, n=MAX_NAMES, cutoff=0.4)
    return list(dict.fromkeys(close))[:MAX_NAMES]


def _models(*keys: str) -> Iterator[tuple[dict, Path]]:
    """Yield the models of the metafiles under some keys of the index."""
    root = project_root()
    index = _read_yaml(root / INDEX)
    for name in (name for key in keys for name in index.get(key) or []):
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
    texts = {field: model.get(key) for field, key in NEEDED.items()}
    texts |= {f: model[key] for f, key in MORE.items() if key in model}
    try:
        urls = (model['Weights'], *model.get('Weights Mirrors', ()))
        in_package = len(urls) == 1 and IN_PACKAGE.fullmatch(str(urls[0]))
        for url in () if in_package else urls:
            if not WEB_ADDRESS.fullmatch(str(url)):
                raise WeightsError(
                    "Expected a list of URLs as 'Weights Mirrors', and each "
                    f'the http(s) URL of a file, got {url!r}; give the '
                    'address that the file is downloaded from.'
                )
        for field, text in texts.items():
            # YAML takes digits for a number, after a zero for an octal one.
            if not isinstance(text, str) or not text.strip():
                raise WeightsError(
                    f'Expected a text as {(NEEDED | MORE)[field]!r}, got '
                    f'{text!r}; write it, in quotes if it is made of digits.'
                )
        digits = {name: texts.pop(name, None) for name in HASHES}
        return WeightsEntry(urls=urls, checksum=Checksum(**digits), **texts)
    except (WeightsError, TypeError) as error:
        raise WeightsError(
            f'{metafile}, model {model.get("Name")!r}: {error}'
        ) from error
